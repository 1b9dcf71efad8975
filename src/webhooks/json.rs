//! A webhook as JSON: a promise to programs (`description/openapi.rs` says so to them), so that fields may be added and
//! none is renamed.

use super::view::WebhookView;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A webhook: another system that is told of changes made by hand.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Webhook, example = json!(super::description::webhook()))]
pub struct WebhookJson {
    /// Opaque: compare it, keep it, do not read anything into it.
    pub id: String,
    /// Where messages are sent.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it is told.
    pub events: Vec<String>,
    /// A `product.updated` is told only when one of these fields changed; null for any.
    pub only_fields: Option<Vec<String>>,
    /// The names of the headers that are sent besides; their values are never told.
    pub header_names: Vec<String>,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Why it was switched off: `gone` where the other system answered 410; null where somebody did it.
    pub stopped_reason: Option<String>,
    /// Since when nothing is sent, because nothing had arrived for days; what happens is kept. Switch it on again.
    pub paused_at: Option<DateTime<Utc>>,
    /// What messages are signed with. Told when it is created or replaced; else null.
    pub secret: Option<String>,
    /// Until when messages are signed with the secret before, too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// How many messages wait, counted up to 10,001.
    pub waiting: i64,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when nothing is sent, because the other system asked for that (`Retry-After`).
    pub rest_until: Option<DateTime<Utc>>,
    /// When something was last sent.
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// What was answered to it.
    pub last_status: Option<i32>,
    /// Why it did not arrive, in plain words.
    pub last_error: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The secret of a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub struct SecretJson {
    /// `whsec_` and base64.
    pub secret: String,
    /// Until when messages are signed with the secret before, too.
    pub previous_secret_until: Option<DateTime<Utc>>,
}

/// A webhook that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook, example = json!({"url": "https://shop.example.com/hooks", "events": ["product.updated"]}))]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct NewWebhookJson {
    /// Where messages are to be sent: http or https, to a public address.
    #[schema(min_length = 1, max_length = 2000, format = "uri")]
    url: String,
    /// What it is for; empty unless said.
    #[schema(required = false, max_length = 500)]
    description: String,
    /// What it is to be told: `product.created`, `product.updated`, `product.deleted` unless said, besides
    /// `catalog.cleared` and `catalog.restored`.
    #[schema(required = false, min_items = 1)]
    events: Vec<EventName>,
    /// Tell a `product.updated` only when one of these fields changed; any unless said.
    #[schema(required = false)]
    only_fields: Option<Vec<FieldName>>,
    /// Headers to be sent besides, by their names.
    #[schema(required = false)]
    headers: BTreeMap<String, String>,
    /// `true` unless said.
    #[schema(required = false)]
    enabled: bool,
}

/// What is to be changed; fields that are left out stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookPatch, example = json!({"enabled": true}))]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct PatchJson {
    /// Where messages are to be sent: http or https, to a public address.
    #[schema(required = false, min_length = 1, max_length = 2000, format = "uri")]
    url: String,
    /// What it is for.
    #[schema(required = false, max_length = 500)]
    description: String,
    /// What it is to be told.
    #[schema(required = false, min_items = 1)]
    events: Vec<EventName>,
    /// Tell a `product.updated` only when one of these fields changed; null for any.
    #[schema(required = false)]
    only_fields: Option<Vec<FieldName>>,
    /// Headers to be sent besides, by their names; one that is null goes, one that is left out stays.
    #[schema(required = false)]
    headers: BTreeMap<String, Option<String>>,
    /// Switching it on also ends a pause; what waited is then sent bit by bit.
    #[schema(required = false)]
    enabled: bool,
}

/// What can be told.
#[derive(Deserialize, ToSchema)]
#[schema(as = WebhookEvent)]
#[allow(dead_code, reason = "it describes what is read by name")]
enum EventName {
    #[serde(rename = "product.created")]
    Created,
    #[serde(rename = "product.updated")]
    Updated,
    #[serde(rename = "product.deleted")]
    Deleted,
    #[serde(rename = "catalog.cleared")]
    Cleared,
    #[serde(rename = "catalog.restored")]
    Restored,
}

/// A product's field by which changes can be chosen.
#[derive(Deserialize, ToSchema)]
#[schema(as = WebhookField)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes what is read by name")]
enum FieldName {
    Name,
    Description,
    Active,
}

impl From<WebhookView> for WebhookJson {
    fn from(webhook: WebhookView) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url,
            description: webhook.description,
            events: webhook.events,
            only_fields: Some(webhook.only_fields).filter(|fields| !fields.is_empty()),
            header_names: webhook.header_names,
            enabled: webhook.enabled,
            stopped_reason: webhook.stopped_reason,
            paused_at: webhook.paused_at,
            secret: None,
            previous_secret_until: webhook.previous_secret_until,
            waiting: webhook.health.waiting,
            failing_since: webhook.failing_since,
            rest_until: webhook.rest_until,
            last_attempt_at: webhook.last_attempt_at,
            last_status: webhook.last_status,
            last_error: webhook.last_error,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

impl WebhookJson {
    /// The same with its secret.
    #[must_use]
    pub fn showing(self, secret: String) -> Self {
        Self {
            secret: Some(secret),
            ..self
        }
    }
}
