//! Deliveries as pages show them.

use super::pages::{LogView, RetryView, Told, ToldView};
use super::queries::{self, AnswerRow, AttemptRow, DeliveryRow};
use super::view::{AttemptView, DeliveryView, State};
use crate::http::pages::Pager;
use crate::http::{Error, paging};
use crate::platform::database::now;
use crate::webhooks::health::MOST_WAITING;
use crate::webhooks::state::Webhooks;
use crate::webhooks::tell::message_id;
use crate::webhooks::try_again::{Retry, newest_retry};
use crate::webhooks::view::name_of;
use crate::webhooks::webhook::Webhook;
use chrono::{DateTime, Duration, Utc};
use sqlx::PgPool;
use std::collections::BTreeMap;

const PAGE_SIZE: i64 = 25;
/// For how long a page says that trying again has ended.
const TOLD_FOR: Duration = Duration::minutes(10);
/// For how many of its newest changes a product's page shows who was told, and how many deliveries altogether.
const SHOWN_CHANGES: i64 = 5;
const SHOWN_OF_PRODUCT: i64 = 250;

/// A part of a webhook's log.
pub async fn log(
    webhooks: &Webhooks,
    webhook_id: i64,
    only: Option<State>,
    before: Option<i64>,
) -> Result<LogView, Error> {
    let pool = &webhooks.database.pool;
    let (mut rows, failed, retry, now) = tokio::try_join!(
        queries::list(pool, webhook_id, only, before, PAGE_SIZE + 1),
        queries::failed(pool, webhook_id, MOST_WAITING + 1),
        newest_retry(pool, webhook_id),
        now(pool),
    )?;
    let address = |before: Option<i64>| address(webhook_id, only, before);
    let pager = Pager {
        previous: before.map(|_| address(None)),
        next: paging::cut(&mut rows, PAGE_SIZE as u64).map(|row| address(Some(row.id))),
    };
    let is_news = |retry: &Retry| retry.finished_at.is_none_or(|at| now - at < TOLD_FOR);
    Ok(LogView {
        deliveries: rows.into_iter().map(DeliveryView::from).collect(),
        only,
        failed,
        pager,
        retry: retry.filter(is_news).map(RetryView::from),
    })
}

/// All attempts of a delivery, newest first, with what was sent and answered.
pub async fn attempts(webhooks: &Webhooks, webhook: &Webhook, row: &DeliveryRow) -> Result<Vec<AttemptView>, Error> {
    let pool = &webhooks.database.pool;
    let ids = [row.id];
    let (attempts, answers) = tokio::try_join!(queries::attempts(pool, &ids), queries::answers(pool, row.id))?;
    let names = webhooks.header_names(webhook);
    let mut answers: BTreeMap<i32, AnswerRow> = answers.into_iter().map(|answer| (answer.number, answer)).collect();
    let of = |attempt: AttemptRow| {
        let answer = answers.remove(&attempt.number);
        attempt_view(row, attempt, answer, &names)
    };
    let mut views: Vec<AttemptView> = attempts.into_iter().map(of).collect();
    views.reverse();
    Ok(views)
}

/// Which webhooks were told of a product's changes.
///
/// # Errors
/// Those of the database.
pub async fn told(pool: &PgPool, product_id: i64) -> sqlx::Result<Told> {
    let rows = queries::about_product(pool, product_id, SHOWN_CHANGES, SHOWN_OF_PRODUCT).await?;
    let mut told = Told::default();
    for row in rows {
        told.add(ToldView {
            webhook_name: name_of(&row.description, &row.url).to_owned(),
            is_sending: row.is_sending,
            delivery: row.delivery.into(),
        });
    }
    Ok(told)
}

fn address(webhook_id: i64, only: Option<State>, before: Option<i64>) -> String {
    let state = only.map(|state| format!("state={}", state.as_str()));
    let before = before.map(|before| format!("before={before}"));
    let words: Vec<String> = state.into_iter().chain(before).collect();
    let mark = if words.is_empty() { "" } else { "?" };
    format!("/webhooks/{webhook_id}{mark}{}", words.join("&"))
}

/// What was sent is put together again: values of extra headers and signatures are not kept.
fn attempt_view(row: &DeliveryRow, attempt: AttemptRow, answer: Option<AnswerRow>, names: &[String]) -> AttemptView {
    let (headers, body) = match answer {
        Some(answer) => (answer.response_headers, answer.response_body),
        None => (None, None),
    };
    AttemptView {
        number: attempt.number,
        at: attempt.at,
        status: attempt.status,
        duration_ms: attempt.duration_ms,
        error: attempt.error,
        request_headers: request_headers(row, attempt.at, names),
        response_headers: headers.map_or_else(Vec::new, |headers| headers.0),
        response_body: body.unwrap_or_default(),
    }
}

fn request_headers(row: &DeliveryRow, at: DateTime<Utc>, names: &[String]) -> Vec<(String, String)> {
    let own = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", message_id(row.event_id)),
        ("webhook-timestamp", at.timestamp().to_string()),
        ("webhook-signature", "v1,••••••••".to_owned()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    let extra = names
        .iter()
        .map(|name| (name.to_ascii_lowercase(), "••••••••".to_owned()));
    own.into_iter().chain(extra).collect()
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            webhook_id: row.webhook_id,
            event_id: message_id(row.event_id),
            kind: row.kind,
            product_id: row.product_id,
            product_name: row.product_name,
            state: State::of_word(&row.state).unwrap_or(State::Pending),
            attempts: row.attempts,
            last_status: row.last_status,
            last_error: row.last_error,
            created_at: row.created_at,
            finished_at: row.finished_at,
            next_attempt_at: row.next_attempt_at,
        }
    }
}
