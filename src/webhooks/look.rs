//! Webhooks as pages show them: their rows, and how they have been doing.

use super::health::{HOURS, Health};
use super::queries::{self, HourRow, Sending};
use super::state::Webhooks;
use super::view::WebhookView;
use super::webhook::Webhook;
use crate::http::Error;

/// Webhooks with how they have been doing.
pub async fn views(webhooks: &Webhooks, found: Vec<Webhook>) -> Result<Vec<WebhookView>, Error> {
    let pool = &webhooks.database.pool;
    let ids: Vec<i64> = found.iter().map(|webhook| webhook.id).collect();
    let (sending, hours) = tokio::try_join!(queries::sending(pool, &ids), queries::hours(pool, &ids))?;
    let of = |webhook: Webhook| {
        let sending = sending.iter().find(|sending| sending.webhook_id == webhook.id);
        let headers = webhooks.header_names(&webhook);
        view(webhook, headers, sending.cloned().unwrap_or_default(), &hours)
    };
    Ok(found.into_iter().map(of).collect())
}

/// One of them.
pub async fn view_of(webhooks: &Webhooks, found: Webhook) -> Result<WebhookView, Error> {
    let views = views(webhooks, vec![found]).await?;
    views.into_iter().next().ok_or_else(unknown)
}

/// A webhook's id as it stands in an address; whatever is none belongs to no webhook.
pub fn parse_id(id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| unknown())
}

/// Nobody knows this webhook.
pub fn unknown() -> Error {
    Error::NotFound("There is no such webhook. It may have been deleted.".into())
}

fn view(webhook: Webhook, header_names: Vec<String>, sending: Sending, hours: &[HourRow]) -> WebhookView {
    let mut health = Health {
        waiting: sending.waiting,
        ..Health::default()
    };
    for row in hours.iter().filter(|row| row.webhook_id == webhook.id) {
        let place = usize::try_from(row.hours_ago)
            .ok()
            .and_then(|ago| (HOURS - 1).checked_sub(ago));
        if let Some(hour) = place.and_then(|place| health.hours.get_mut(place)) {
            hour.delivered += row.delivered;
            hour.failed += row.failed;
        }
    }
    WebhookView {
        id: webhook.id,
        url: webhook.url,
        description: webhook.description,
        events: webhook.events,
        only_fields: webhook.only_fields.unwrap_or_default(),
        header_names,
        enabled: webhook.enabled,
        stopped_reason: webhook.stopped_reason,
        failing_since: sending.failing_since,
        rest_until: sending.rest_until,
        paused_at: webhook.paused_at,
        last_status: sending.last_status,
        last_error: sending.last_error,
        last_attempt_at: sending.last_attempt_at,
        previous_secret_until: webhook.previous_secret_until,
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
        health,
    }
}
