//! Trying again what failed: one delivery, or all that failed since a time.

use super::api::unknown;
use super::pages::{RetryChoice, RetryView};
use super::queries::{self, DeliveryRow};
use crate::http::{Error, format};
use crate::platform::database::now;
use crate::webhooks::state::Webhooks;
use crate::webhooks::try_again::{self as retries, Retry};
use crate::webhooks::webhook::Webhook;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use serde::Serialize;

/// What is offered, besides everything that is kept.
const SPANS: [(&str, Duration); 3] = [
    ("in the last hour", Duration::hours(1)),
    ("in the last 24 hours", Duration::hours(24)),
    ("in the last 7 days", Duration::days(7)),
];

/// How far trying deliveries again is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WebhookRetry)]
pub struct RetryJson {
    /// Its id.
    pub id: String,
    /// The webhook.
    pub webhook_id: String,
    /// Those that failed then or later.
    pub since: DateTime<Utc>,
    /// How many there were.
    pub expected: i64,
    /// How many have been asked for again.
    pub done: i64,
    /// `running`, `done` or `cancelled`.
    pub state: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Tries a delivery again at once.
///
/// # Errors
/// [`Error::Conflict`] where its webhook sends nothing.
pub async fn one(webhooks: &Webhooks, delivery: &DeliveryRow) -> Result<DeliveryRow, Error> {
    let webhook = crate::webhooks::api::find(webhooks, &delivery.webhook_id.to_string()).await?;
    refuse_silent(&webhook)?;
    let pool = &webhooks.database.pool;
    if !retries::try_again(pool, delivery.id).await? {
        return Err(unknown());
    }
    queries::find(pool, delivery.id).await?.ok_or_else(unknown)
}

/// Tries all again that failed since then, if they are as many as whoever asks believes.
///
/// # Errors
/// [`Error::Conflict`] where they are not, where the webhook sends nothing, or where an earlier one is going on.
pub async fn all(webhooks: &Webhooks, webhook: &Webhook, since: DateTime<Utc>, expected: i64) -> Result<Retry, Error> {
    refuse_silent(webhook)?;
    let pool = &webhooks.database.pool;
    let newest = retries::newest_retry(pool, webhook.id).await?;
    if newest.is_some_and(|newest| newest.finished_at.is_none()) {
        return Err(Error::Conflict(
            "Failed messages are being sent again already. Wait until that is over, or stop it.".into(),
        ));
    }
    let there = retries::failed_since(pool, webhook.id, since).await?;
    if there != expected {
        let messages = format::count(there, "message has", "messages have");
        return Err(Error::Conflict(format!(
            "Nothing was sent, because the number has changed: {messages} failed since then, not {}.",
            format::number(expected)
        )));
    }
    if there == 0 {
        return Err(Error::Conflict("Nothing has failed since then.".into()));
    }
    Ok(retries::try_all_again(pool, webhook.id, since).await?)
}

/// The one of an address.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub async fn find(webhooks: &Webhooks, id: &str) -> Result<Retry, Error> {
    let none = || Error::NotFound("Nothing of that number is being sent again.".into());
    let id = id.parse().map_err(|_| none())?;
    retries::retry(&webhooks.database.pool, id).await?.ok_or_else(none)
}

/// The times that are offered with how many failed since each, and one that was asked for.
pub async fn choices(
    webhooks: &Webhooks,
    webhook_id: i64,
    asked: Option<DateTime<Utc>>,
) -> Result<Vec<RetryChoice>, Error> {
    let pool = &webhooks.database.pool;
    let now = now(pool).await?;
    let offered = SPANS.into_iter().map(|(label, span)| (label.to_owned(), now - span));
    let all = ("ever, as far as it is kept".to_owned(), DateTime::UNIX_EPOCH);
    let asked = asked.map(|since| (format!("since {}", format::time(since)), since));
    let mut choices = Vec::new();
    for (label, since) in asked.into_iter().chain(offered).chain([all]) {
        let count = retries::failed_since(pool, webhook_id, since).await?;
        choices.push(RetryChoice {
            since,
            label,
            count,
            is_chosen: false,
        });
    }
    if let Some(first) = choices.iter_mut().find(|choice| choice.count > 0) {
        first.is_chosen = true;
    }
    Ok(choices)
}

/// A time as programs and forms write it: RFC 3339, or what a browser's field for a time has, in UTC.
///
/// # Errors
/// [`Error::Invalid`] where it is none.
pub fn parse_since(text: &str) -> Result<DateTime<Utc>, Error> {
    let by_machine = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let by_hand = || {
        ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    by_machine
        .ok()
        .or_else(|| by_hand().map(|at| at.and_utc()))
        .filter(|at| (0..=9999).contains(&chrono::Datelike::year(at)))
        .ok_or_else(|| Error::invalid("since", "Give a time, such as 2026-11-22T08:30:00Z."))
}

fn refuse_silent(webhook: &Webhook) -> Result<(), Error> {
    if webhook.enabled && webhook.paused_at.is_none() {
        return Ok(());
    }
    let state = if webhook.enabled { "paused" } else { "switched off" };
    Err(Error::Conflict(format!(
        "This webhook is {state}, so nothing is sent. Switch it on first."
    )))
}

impl From<Retry> for RetryJson {
    fn from(retry: Retry) -> Self {
        Self {
            id: retry.id.to_string(),
            webhook_id: retry.webhook_id.to_string(),
            since: retry.since,
            expected: retry.expected,
            done: retry.done,
            state: retry.state,
            created_at: retry.created_at,
            finished_at: retry.finished_at,
        }
    }
}

impl From<Retry> for RetryView {
    fn from(retry: Retry) -> Self {
        Self {
            id: retry.id,
            since: retry.since,
            expected: retry.expected,
            done: retry.done,
            is_over: retry.finished_at.is_some(),
            is_cancelled: retry.state == "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_programs_and_browsers_write_them() {
        let at = |text: &str| parse_since(text).map(|at| at.to_rfc3339()).ok();
        assert_eq!(at("2026-11-22T08:30:00Z").as_deref(), Some("2026-11-22T08:30:00+00:00"));
        assert_eq!(
            at("2026-11-22T09:30:00+01:00").as_deref(),
            Some("2026-11-22T08:30:00+00:00")
        );
        assert_eq!(at("2026-11-22T08:30").as_deref(), Some("2026-11-22T08:30:00+00:00"));
        for wrong in ["", "yesterday", "2026-11-22", "2026-13-01T00:00:00Z", "\0"] {
            assert!(parse_since(wrong).is_err(), "{wrong}");
        }
    }
}
