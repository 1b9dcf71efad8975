//! The SQL of writing down what came of sendings.

use super::results::Sent;
use super::schedule::{AFTER_GONE, Outcome};
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// What a batch says of a lane.
#[derive(Debug)]
pub struct LaneResult {
    pub webhook_id: i64,
    pub claim: Uuid,
    pub at: DateTime<Utc>,
    pub status: Option<i32>,
    pub error: Option<String>,
    pub delivered: i64,
    pub failed: i64,
    /// The first failure after the last success.
    pub failing_since: Option<DateTime<Utc>>,
    pub rest: Option<Duration>,
}

/// A lane of which results were written.
#[derive(Debug, sqlx::FromRow)]
pub struct WrittenLane {
    pub webhook_id: i64,
    pub claim: Uuid,
    /// It has only failed for days.
    pub is_hopeless: bool,
}

impl LaneResult {
    pub fn new(webhook_id: i64, claim: Uuid, at: DateTime<Utc>) -> Self {
        Self {
            webhook_id,
            claim,
            at,
            status: None,
            error: None,
            delivered: 0,
            failed: 0,
            failing_since: None,
            rest: None,
        }
    }
}

/// Disables a webhook whose receiver says that it is gone, unless it is another one by now.
pub async fn stop_gone(pool: &PgPool, webhook_id: i64, claim: Uuid, version: i32) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE webhooks SET enabled = false, stopped_reason = 'gone', version = version + 1, updated_at = now()
         WHERE id = $1 AND version = $3 AND enabled
           AND EXISTS (SELECT FROM webhook_lanes WHERE webhook_id = $1 AND claim = $2)",
    )
    .bind(webhook_id)
    .bind(claim)
    .bind(version)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Pauses a webhook that only fails. What happens meanwhile is kept for it.
pub async fn pause(pool: &PgPool, webhook_id: i64, claim: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE webhooks SET paused_at = now(), version = version + 1, updated_at = now()
         WHERE id = $1 AND enabled AND paused_at IS NULL
           AND EXISTS (SELECT FROM webhook_lanes
                       WHERE webhook_id = $1 AND claim = $2 AND failing_since <= now() - interval '3 days')",
    )
    .bind(webhook_id)
    .bind(claim)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes results where their lanes are still held. Whether they outlive a crash of the server is not waited for: what
/// is lost so is sent again, under the same id. Attempts are written from what the deliveries give back: joined with the
/// results again, every one would be compared with every other, since PostgreSQL expects one row of either. After days
/// without a delivery, `failing_since` starts again: one failure must not count as days of failing.
pub async fn write(pool: &PgPool, batch: &[Sent], lanes: &[LaneResult]) -> sqlx::Result<Vec<WrittenLane>> {
    let query = sqlx::query_as(
        "WITH quick AS (
             SELECT set_config('synchronous_commit', 'off', true)
         ), told AS (
             SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::integer[], $5::text[], $6::bigint[],
                                  $7::bigint[], $8::timestamptz[], $9::bigint[])
                  AS told (webhook_id, claim, at, status, error, delivered, failed, failing_since, rest_ms)
         ), lane AS (
             UPDATE webhook_lanes AS lane
             SET last_attempt_at = told.at, last_status = told.status, last_error = told.error,
                 failing_since = CASE WHEN told.delivered > 0 THEN told.failing_since
                                      WHEN lane.last_attempt_at < now() - interval '2 days' THEN told.failing_since
                                      ELSE coalesce(lane.failing_since, told.failing_since) END,
                 rest_until = greatest(lane.rest_until, now() + told.rest_ms * interval '1 millisecond')
             FROM told WHERE lane.webhook_id = told.webhook_id AND lane.claim = told.claim
             RETURNING lane.webhook_id, lane.claim, told.delivered, told.failed,
                       coalesce(lane.failing_since <= now() - interval '3 days', false) AS is_hopeless
         ), result AS (
             SELECT result.* FROM unnest($10::bigint[], $11::bigint[], $12::uuid[], $13::text[], $14::bigint[],
                                  $15::timestamptz[], $16::integer[], $17::integer[], $18::text[], $19::jsonb[],
                                  $20::text[])
                  AS result (delivery_id, webhook_id, claim, state, wait_ms, at, status, duration_ms, error, headers,
                             body)
             JOIN lane USING (webhook_id, claim)
         ), delivery AS (
             UPDATE webhook_deliveries AS delivery
             SET state = result.state, attempts = attempts + 1, tries = tries + 1,
                 next_attempt_at = CASE WHEN result.state = 'pending'
                                        THEN now() + result.wait_ms * interval '1 millisecond' END,
                 finished_at = CASE WHEN result.state <> 'pending' THEN now() END,
                 last_status = result.status, last_error = result.error
             FROM result WHERE delivery.id = result.delivery_id AND delivery.state = 'pending'
             RETURNING delivery.id, attempts, result.at, result.status, duration_ms, result.error, headers, body
         ), attempt AS (
             INSERT INTO webhook_attempts (delivery_id, number, at, status, duration_ms, error, response_headers,
                                           response_body)
             SELECT id, attempts, at, status, duration_ms, error, headers, body FROM delivery
             ON CONFLICT DO NOTHING
         ), hour AS (
             INSERT INTO webhook_hours AS hours (webhook_id, hour, delivered, failed)
             SELECT webhook_id, date_trunc('hour', now()), delivered, failed FROM lane
             ON CONFLICT (webhook_id, hour) DO UPDATE
             SET delivered = hours.delivered + excluded.delivered, failed = hours.failed + excluded.failed
         )
         SELECT webhook_id, claim, is_hopeless FROM lane CROSS JOIN quick",
    );
    let query = query
        .bind(column(lanes, |lane| lane.webhook_id))
        .bind(column(lanes, |lane| lane.claim))
        .bind(column(lanes, |lane| lane.at))
        .bind(column(lanes, |lane| lane.status))
        .bind(column(lanes, |lane| lane.error.clone()))
        .bind(column(lanes, |lane| lane.delivered))
        .bind(column(lanes, |lane| lane.failed))
        .bind(column(lanes, |lane| lane.failing_since))
        .bind(column(lanes, |lane| lane.rest.map(milliseconds)));
    query
        .bind(column(batch, |sent| sent.delivery_id))
        .bind(column(batch, |sent| sent.webhook_id))
        .bind(column(batch, |sent| sent.claim))
        .bind(column(batch, |sent| state_after(sent.outcome)))
        .bind(column(batch, |sent| wait_ms(sent.outcome)))
        .bind(column(batch, |sent| sent.at))
        .bind(column(batch, |sent| sent.answer.status.map(i32::from)))
        .bind(column(batch, |sent| milliseconds(sent.answer.duration) as i32))
        .bind(column(batch, Sent::error))
        .bind(column(batch, |sent| json!(sent.answer.response_headers)))
        .bind(column(batch, |sent| sent.answer.response_body.clone()))
        .fetch_all(pool)
        .await
}

fn column<T, V>(rows: &[T], value: impl Fn(&T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

fn state_after(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Again(_) | Outcome::Gone => "pending",
        Outcome::Failed => "failed",
    }
}

fn wait_ms(outcome: Outcome) -> Option<i64> {
    match outcome {
        Outcome::Again(wait) => Some(milliseconds(wait)),
        Outcome::Gone => Some(milliseconds(AFTER_GONE)),
        Outcome::Delivered | Outcome::Failed => None,
    }
}

fn milliseconds(duration: Duration) -> i64 {
    duration.as_millis() as i64
}
