//! A delivery as JSON: a promise to programs (`description/openapi.rs` says so to them), so that fields may be added and
//! none is renamed.

use super::queries::{AnswerRow, AttemptRow, DeliveryRow};
use crate::webhooks::tell::message_id;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A message on its way to one webhook.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery, example = json!(crate::webhooks::description::delivery()))]
pub struct DeliveryJson {
    /// Opaque.
    pub id: String,
    /// The webhook that is told.
    pub webhook_id: String,
    /// The `webhook-id` of every attempt: by it a receiver knows what it has already.
    pub event_id: String,
    /// What happened.
    pub r#type: String,
    /// The product in question; null where all are.
    pub product_id: Option<String>,
    /// How far it is.
    #[schema(value_type = DeliveryState)]
    pub state: String,
    /// What came of each attempt, in their order.
    pub attempts: Vec<AttemptJson>,
    /// When it is tried next, while it waits.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When it arrived, or was given up.
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far a message is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes what the database keeps as a word")]
enum DeliveryState {
    /// It waits for an attempt.
    Pending,
    /// It arrived.
    Delivered,
    /// It did not, and is not tried again by itself.
    Failed,
}

/// One attempt.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct AttemptJson {
    /// The first is 1.
    pub number: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What was answered, if anything.
    pub status: Option<i32>,
    /// How long it took.
    pub duration_ms: i32,
    /// Why it did not arrive, in plain words.
    pub error: Option<String>,
}

/// A message with all that was sent and answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryInFull)]
pub struct DeliveryInFullJson {
    /// The delivery itself.
    #[serde(flatten)]
    pub delivery: DeliveryJson,
    /// What was sent, to the byte.
    pub body: Option<String>,
    /// What was answered to each attempt, in their order.
    pub answers: Vec<AnswerJson>,
}

/// What was answered to an attempt.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAnswer)]
pub struct AnswerJson {
    /// The attempt's number.
    pub number: i32,
    /// The headers of the answer.
    pub headers: Vec<HeaderJson>,
    /// Its first 16 KB.
    pub body: Option<String>,
}

/// A header of an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAnswerHeader)]
pub struct HeaderJson {
    /// Its name, in small letters.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl DeliveryJson {
    /// A delivery with its attempts out of those of many.
    pub fn of(row: DeliveryRow, attempts: &[AttemptRow]) -> Self {
        let own = attempts.iter().filter(|attempt| attempt.delivery_id == row.id);
        Self {
            id: row.id.to_string(),
            webhook_id: row.webhook_id.to_string(),
            event_id: message_id(row.event_id),
            r#type: row.kind,
            product_id: row.product_id.map(|id| id.to_string()),
            state: row.state,
            attempts: own.map(AttemptJson::from).collect(),
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

impl From<&AttemptRow> for AttemptJson {
    fn from(attempt: &AttemptRow) -> Self {
        Self {
            number: attempt.number,
            at: attempt.at,
            status: attempt.status,
            duration_ms: attempt.duration_ms,
            error: attempt.error.clone(),
        }
    }
}

impl From<AnswerRow> for AnswerJson {
    fn from(answer: AnswerRow) -> Self {
        let headers = answer.response_headers.map_or_else(Vec::new, |headers| headers.0);
        Self {
            number: answer.number,
            headers: headers
                .into_iter()
                .map(|(name, value)| HeaderJson { name, value })
                .collect(),
            body: answer.response_body,
        }
    }
}
