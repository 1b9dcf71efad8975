//! The SQL of looking at deliveries and what came of them.

use super::view::State;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

/// A delivery with what it is about.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeliveryRow {
    pub id: i64,
    pub event_id: Uuid,
    pub webhook_id: i64,
    pub product_id: Option<i64>,
    pub kind: String,
    pub product_name: Option<String>,
    pub state: String,
    pub attempts: i32,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// An attempt without what was answered.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AttemptRow {
    pub delivery_id: i64,
    pub number: i32,
    pub at: DateTime<Utc>,
    pub status: Option<i32>,
    pub duration_ms: i32,
    pub error: Option<String>,
}

/// What was answered to an attempt.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AnswerRow {
    pub number: i32,
    /// Names and values.
    pub response_headers: Option<Json<Vec<(String, String)>>>,
    pub response_body: Option<String>,
}

/// A webhook as a product's page names it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ToldRow {
    pub url: String,
    pub description: String,
    pub is_sending: bool,
    #[sqlx(flatten)]
    pub delivery: DeliveryRow,
}

/// What can be seen to change of a webhook and its deliveries: another value, and there is something to show.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stamp {
    pub version: i32,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
    pub rest_until: Option<DateTime<Utc>>,
    pub newest: Option<i64>,
    pub waiting: i64,
    pub sent: Option<i64>,
    pub retried: Option<i64>,
    pub retry_state: Option<String>,
}

/// A delivery and its event. Names in very long messages are not looked for.
macro_rules! deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.event_id, d.webhook_id, d.product_id, coalesce(e.type, '') AS kind, d.state, d.attempts,
                    d.last_status, d.last_error, d.created_at, d.finished_at, d.next_attempt_at,
                    CASE WHEN octet_length(e.body) < 65536 THEN e.body::json #>> '{data,product,name}' END AS product_name
             FROM webhook_deliveries AS d LEFT JOIN webhook_events AS e ON e.id = d.event_id ",
            $rest
        )
    };
}

/// A page of a webhook's deliveries, newest first, older than `before`.
pub async fn list(
    pool: &PgPool,
    webhook_id: i64,
    only: Option<State>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<DeliveryRow>> {
    // Each state spelt out, so that its own index is used.
    let statement = match only {
        None => deliveries!("WHERE d.webhook_id = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3"),
        Some(State::Pending) => {
            deliveries!("WHERE d.webhook_id = $1 AND d.state = 'pending' AND d.id < $2 ORDER BY d.id DESC LIMIT $3")
        }
        Some(State::Delivered) => {
            deliveries!("WHERE d.webhook_id = $1 AND d.state = 'delivered' AND d.id < $2 ORDER BY d.id DESC LIMIT $3")
        }
        Some(State::Failed) => {
            deliveries!("WHERE d.webhook_id = $1 AND d.state = 'failed' AND d.id < $2 ORDER BY d.id DESC LIMIT $3")
        }
    };
    sqlx::query_as(statement)
        .bind(webhook_id)
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// One delivery of a webhook that is there.
pub async fn find(pool: &PgPool, id: i64) -> sqlx::Result<Option<DeliveryRow>> {
    sqlx::query_as(deliveries!(
        "WHERE d.id = $1 AND EXISTS (SELECT FROM webhooks WHERE webhooks.id = d.webhook_id)"
    ))
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// What was sent, to the byte.
pub async fn body(pool: &PgPool, event_id: Uuid) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT body FROM webhook_events WHERE id = $1")
        .bind(event_id)
        .fetch_optional(pool)
        .await
}

/// All attempts of these deliveries, in their order.
pub async fn attempts(pool: &PgPool, delivery_ids: &[i64]) -> sqlx::Result<Vec<AttemptRow>> {
    sqlx::query_as(
        "SELECT delivery_id, number, at, status, duration_ms, error
         FROM webhook_attempts WHERE delivery_id = ANY($1) ORDER BY delivery_id, number",
    )
    .bind(delivery_ids)
    .fetch_all(pool)
    .await
}

/// What was answered to the attempts of a delivery, in their order.
pub async fn answers(pool: &PgPool, delivery_id: i64) -> sqlx::Result<Vec<AnswerRow>> {
    sqlx::query_as(
        "SELECT number, response_headers, response_body FROM webhook_attempts WHERE delivery_id = $1 ORDER BY number",
    )
    .bind(delivery_id)
    .fetch_all(pool)
    .await
}

/// How many deliveries of a webhook failed, counted up to `most`.
pub async fn failed(pool: &PgPool, webhook_id: i64, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'failed' LIMIT $2) AS failed",
    )
    .bind(webhook_id)
    .bind(most)
    .fetch_one(pool)
    .await
}

/// What the webhooks that still exist were told of the newest `changes` of a product, at most `limit` deliveries.
pub async fn about_product(pool: &PgPool, product_id: i64, changes: i64, limit: i64) -> sqlx::Result<Vec<ToldRow>> {
    sqlx::query_as(
        "SELECT w.url, w.description, w.enabled AND w.paused_at IS NULL AS is_sending, d.id, d.event_id, d.webhook_id, d.product_id, e.type AS kind, d.state, d.attempts,
                d.last_status, d.last_error, d.created_at, d.finished_at, d.next_attempt_at,
                NULL::text AS product_name
         FROM (SELECT id, type FROM webhook_events WHERE product_id = $1 ORDER BY id DESC LIMIT $2) AS e
              JOIN webhook_deliveries AS d ON d.event_id = e.id JOIN webhooks AS w ON w.id = d.webhook_id
         ORDER BY d.event_id DESC, d.id LIMIT $3",
    )
    .bind(product_id)
    .bind(changes)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// What can be seen to change of a webhook; `None` where there is none.
pub async fn stamp(pool: &PgPool, webhook_id: i64, most_waiting: i64) -> sqlx::Result<Option<Stamp>> {
    sqlx::query_as(
        "SELECT w.version, l.last_attempt_at, l.failing_since, l.rest_until,
                (SELECT max(id) FROM webhook_deliveries WHERE webhook_id = w.id) AS newest,
                (SELECT count(*) FROM (SELECT FROM webhook_deliveries
                                       WHERE webhook_id = w.id AND state = 'pending' LIMIT $2) AS pending) AS waiting,
                (SELECT sum(delivered + failed)::bigint FROM webhook_hours WHERE webhook_id = w.id) AS sent,
                r.done AS retried, r.state AS retry_state
         FROM webhooks AS w LEFT JOIN webhook_lanes AS l ON l.webhook_id = w.id
              LEFT JOIN LATERAL (SELECT done, state FROM webhook_retries
                                 WHERE webhook_id = w.id ORDER BY id DESC LIMIT 1) AS r ON true
         WHERE w.id = $1",
    )
    .bind(webhook_id)
    .bind(most_waiting)
    .fetch_optional(pool)
    .await
}
