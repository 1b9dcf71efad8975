//! The SQL of claims.

use super::claim::{Claim, Claimed};
use sqlx::{PgConnection, PgExecutor, PgPool};
use std::time::Duration;
use uuid::Uuid;

/// Held from looking for the head of the merge queue until its claim commits. The number is this lock's name.
const MERGE_QUEUE_LOCK: i64 = 0x6d65_7267_6500;

/// Whoever looks for the head of the queue looks alone: two heads would be two merges.
pub async fn lock_merge_queue(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MERGE_QUEUE_LOCK)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn claim_to_read(pool: &PgPool, token: Uuid, lease: Duration) -> sqlx::Result<Option<Claimed>> {
    sqlx::query_as(
        "UPDATE imports SET claim = $1, lease_until = now() + $2, attempts = attempts + 1,
                started_at = coalesce(started_at, now()), phase = 'reading',
                state = CASE state WHEN 'queued' THEN 'running' ELSE state END
         WHERE id = (
             SELECT id FROM imports
             WHERE state IN ('uploading', 'queued', 'running') AND read_at IS NULL AND source = 'upload'
               AND (bytes_received > bytes_read OR state <> 'uploading')
               AND (lease_until IS NULL OR lease_until < now())
             -- Complete files first, then whoever has waited longest.
             ORDER BY state = 'uploading', lease_until NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED
         )
         RETURNING id, claim AS token, mode, new_status, attempts, last_error, reading",
    )
    .bind(token)
    .bind(lease)
    .fetch_optional(pool)
    .await
}

pub async fn claim_to_read_own(
    pool: &PgPool,
    import_id: i64,
    token: Uuid,
    lease: Duration,
) -> sqlx::Result<Option<Claimed>> {
    sqlx::query_as(
        "UPDATE imports SET claim = $2, lease_until = now() + $3, attempts = attempts + 1
         WHERE id = $1 AND state = 'running' AND read_at IS NULL
         RETURNING id, claim AS token, mode, new_status, attempts, last_error, reading",
    )
    .bind(import_id)
    .bind(token)
    .bind(lease)
    .fetch_optional(pool)
    .await
}

pub async fn claim_to_merge(
    executor: impl PgExecutor<'_>,
    token: Uuid,
    lease: Duration,
) -> sqlx::Result<Option<Claimed>> {
    sqlx::query_as(
        "UPDATE imports SET claim = $1, lease_until = now() + $2, attempts = attempts + 1, phase = 'merging'
         WHERE id = (
             -- The one that has begun, though it may be being read again; else the one that was read first.
             SELECT id FROM imports
             WHERE state = 'running' AND merge_turn IS NOT NULL
             ORDER BY phase = 'merging' OR EXISTS (SELECT FROM import_ranges WHERE import_id = imports.id) DESC,
                      merge_turn, id
             LIMIT 1
         )
           AND state = 'running' AND read_at IS NOT NULL AND (lease_until IS NULL OR lease_until < now())
         RETURNING id, claim AS token, mode, new_status, attempts, last_error, reading",
    )
    .bind(token)
    .bind(lease)
    .fetch_optional(executor)
    .await
}

pub async fn renew(pool: &PgPool, claim: Claim, lease: Duration) -> sqlx::Result<bool> {
    let done = sqlx::query("UPDATE imports SET lease_until = now() + $3 WHERE id = $1 AND claim = $2")
        .bind(claim.import_id)
        .bind(claim.token)
        .bind(lease)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn release(pool: &PgPool, claim: Claim, pause: Duration, error: Option<&str>) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE imports SET claim = NULL, lease_until = now() + $3, last_error = coalesce($4, last_error),
                attempts = CASE WHEN $4::text IS NULL THEN 0 ELSE attempts END
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .bind(pause)
    .bind(error)
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn fail(connection: &mut PgConnection, claim: Claim, error: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET state = 'failed', phase = 'over', error = $3, claim = NULL, lease_until = NULL,
                finished_at = now()
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .bind(error)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Says on the connection whose transaction this is, for [`cut_off`] to see; until the transaction ends.
pub async fn sign(connection: &mut PgConnection, claim: Claim) -> sqlx::Result<()> {
    sqlx::query("SELECT set_config('application_name', $1, true)")
        .bind(signature(claim))
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends the transactions of whoever had the import before: a worker that stands still in the middle of one would
/// hold its locks for as long as it does.
pub async fn cut_off(pool: &PgPool, claim: Claim) -> sqlx::Result<()> {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user
           AND starts_with(application_name, $1) AND application_name <> $2",
    )
    .bind(format!("import {} ", claim.import_id))
    .bind(signature(claim))
    .execute(pool)
    .await?;
    Ok(())
}

/// PostgreSQL cuts names at 63 bytes.
fn signature(claim: Claim) -> String {
    format!("import {} {}", claim.import_id, claim.token.simple())
}
