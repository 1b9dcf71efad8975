//! The SQL of trying deliveries again.

use super::try_again::Retry;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use std::time::Duration;

/// One that goes on now, locked.
#[derive(Debug, sqlx::FromRow)]
pub struct Open {
    pub id: i64,
    webhook_id: i64,
    since: DateTime<Utc>,
    after_id: i64,
    begun_at: DateTime<Utc>,
}

/// How far a piece has brought it.
pub struct Step {
    pub done: i64,
    pub after_id: Option<i64>,
    pub is_last: bool,
    pub pause: Duration,
}

/// Makes a delivery due now. A rest that the receiver has asked for ends: a person wants to see what happens.
pub async fn try_again(pool: &PgPool, delivery_id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "WITH again AS (
             UPDATE webhook_deliveries
             SET state = 'pending', tries = 0, finished_at = NULL, next_attempt_at = clock_timestamp()
             WHERE id = $1 RETURNING webhook_id
         ), rested AS (
             UPDATE webhook_lanes SET rest_until = NULL
             WHERE webhook_id IN (SELECT webhook_id FROM again) AND rest_until IS NOT NULL
         )
         SELECT FROM again",
    )
    .bind(delivery_id)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn failed_since(pool: &PgPool, webhook_id: i64, since: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM webhook_deliveries
         WHERE webhook_id = $1 AND state = 'failed' AND finished_at >= $2",
    )
    .bind(webhook_id)
    .bind(since)
    .fetch_one(pool)
    .await
}

pub async fn begin(pool: &PgPool, webhook_id: i64, since: DateTime<Utc>) -> sqlx::Result<Retry> {
    sqlx::query_as(
        "WITH rested AS (
             UPDATE webhook_lanes SET rest_until = NULL WHERE webhook_id = $1 AND rest_until IS NOT NULL
         )
         INSERT INTO webhook_retries (webhook_id, since, expected)
         SELECT $1, $2, count(*) FROM webhook_deliveries
         WHERE webhook_id = $1 AND state = 'failed' AND finished_at >= $2
         RETURNING id, webhook_id, since, expected, done, state, created_at, finished_at",
    )
    .bind(webhook_id)
    .bind(since)
    .fetch_one(pool)
    .await
}

pub async fn find(pool: &PgPool, id: i64) -> sqlx::Result<Option<Retry>> {
    sqlx::query_as(
        "SELECT id, webhook_id, since, expected, done, state, created_at, finished_at FROM webhook_retries
         WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}

pub async fn newest(pool: &PgPool, webhook_id: i64) -> sqlx::Result<Option<Retry>> {
    sqlx::query_as(
        "SELECT id, webhook_id, since, expected, done, state, created_at, finished_at FROM webhook_retries
         WHERE webhook_id = $1 ORDER BY id DESC LIMIT 1",
    )
    .bind(webhook_id)
    .fetch_optional(pool)
    .await
}

pub async fn cancel(pool: &PgPool, id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE webhook_retries SET state = 'cancelled', finished_at = now() WHERE id = $1 AND state = 'running'",
    )
    .bind(id)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One whose next piece is due, unless somebody is making it.
pub async fn lock_next(connection: &mut PgConnection) -> sqlx::Result<Option<Open>> {
    sqlx::query_as(
        "SELECT id, webhook_id, since, after_id, created_at AS begun_at FROM webhook_retries
         WHERE state = 'running' AND next_piece_at <= now()
         ORDER BY next_piece_at LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .fetch_optional(connection)
    .await
}

/// The next deliveries that had failed when it was begun; what has failed anew since is not tried without end.
pub async fn next_failed(connection: &mut PgConnection, open: &Open, limit: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "SELECT id FROM webhook_deliveries
         WHERE webhook_id = $1 AND state = 'failed' AND id > $2 AND finished_at >= $3 AND finished_at <= $4
         ORDER BY id LIMIT $5",
    )
    .bind(open.webhook_id)
    .bind(open.after_id)
    .bind(open.since)
    .bind(open.begun_at)
    .bind(limit)
    .fetch_all(connection)
    .await
}

pub async fn make_due(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhook_deliveries
         SET state = 'pending', tries = 0, finished_at = NULL, next_attempt_at = clock_timestamp()
         WHERE id = ANY($1) AND state = 'failed'",
    )
    .bind(ids)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn advance(connection: &mut PgConnection, id: i64, step: &Step) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhook_retries
         SET done = done + $2, after_id = coalesce($3, after_id), next_piece_at = now() + $5,
             state = CASE WHEN $4 THEN 'done' ELSE state END, finished_at = CASE WHEN $4 THEN now() END
         WHERE id = $1",
    )
    .bind(id)
    .bind(step.done)
    .bind(step.after_id)
    .bind(step.is_last)
    .bind(step.pause)
    .execute(connection)
    .await?;
    Ok(())
}
