//! The SQL of changing many products at once.

use super::bulk_change::{BulkAction, BulkChange};
use super::work::Claim;
use crate::catalog::Filter;
use crate::platform::claim::token;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool};
use std::time::Duration;

/// A row as the program knows it. Whether it can be undone is for the database's clock to say.
const SELECT: &str = "SELECT id, action, state, filter, undoes, expected, done, changed, after_key, after_number,
        attempts, error, created_at, finished_at,
        action = 'delete' AND changed > 0 AND coalesce(finished_at > now() - interval '24 hours', false)
            AND NOT EXISTS (SELECT FROM bulk_changes AS undo WHERE undo.undoes = bulk_changes.id
                            AND undo.state IN ('queued', 'running', 'done')) AS can_be_undone
    FROM bulk_changes";

pub async fn find(executor: impl PgExecutor<'_>, id: i64) -> sqlx::Result<Option<BulkChange>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = $1")))
        .bind(id)
        .fetch_optional(executor)
        .await
}

/// Changes below that id, newest first.
pub async fn recent(pool: &PgPool, before: Option<i64>, limit: u64) -> sqlx::Result<Vec<BulkChange>> {
    let statement = format!("{SELECT} WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2");
    sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(before)
        .bind(limit as i64)
        .fetch_all(pool)
        .await
}

/// Adds a change that a worker is to make.
pub async fn queue(
    executor: impl PgExecutor<'_>,
    action: BulkAction,
    filter: &Filter,
    expected: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO bulk_changes (action, state, filter, expected) VALUES ($1, 'queued', $2, $3) RETURNING id",
    )
    .bind(action)
    .bind(Json(filter))
    .bind(expected)
    .fetch_one(executor)
    .await
}

/// Adds the undoing of a deletion, or lets one go on that was ended early; none where that is no longer possible, or
/// has been asked for already. Answers its id, and how many products it is about.
pub async fn queue_undo(executor: impl PgExecutor<'_>, undoes: i64) -> sqlx::Result<Option<(i64, i64)>> {
    sqlx::query_as(
        "INSERT INTO bulk_changes (action, state, undoes, expected)
         SELECT 'restore', 'queued', id, changed FROM bulk_changes
         WHERE id = $1 AND action = 'delete' AND changed > 0 AND finished_at > now() - interval '24 hours'
         ON CONFLICT (undoes) DO UPDATE
         SET state = 'queued', error = NULL, attempts = 0, finished_at = NULL
         WHERE bulk_changes.state IN ('failed', 'cancelled')
         RETURNING id, expected",
    )
    .bind(undoes)
    .fetch_optional(executor)
    .await
}

/// Begins a change of named products, made in the caller's transaction.
pub async fn begin_named(connection: &mut PgConnection, action: BulkAction, expected: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("INSERT INTO bulk_changes (action, state, expected) VALUES ($1, 'running', $2) RETURNING id")
        .bind(action)
        .bind(expected)
        .fetch_one(connection)
        .await
}

/// Ends it.
pub async fn finish_named(connection: &mut PgConnection, id: i64, done: i64, changed: i64) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE bulk_changes SET state = 'done', done = $2, changed = $3, finished_at = clock_timestamp()
         WHERE id = $1",
    )
    .bind(id)
    .bind(done)
    .bind(changed)
    .execute(connection)
    .await?;
    Ok(())
}

/// Claims the change that has waited longest, or that one.
pub async fn claim(executor: impl PgExecutor<'_>, only: Option<i64>, lease: Duration) -> sqlx::Result<Option<Claim>> {
    let token = token();
    let id: Option<i64> = sqlx::query_scalar(
        "UPDATE bulk_changes SET state = 'running', claim = $1, lease_until = now() + $2, attempts = attempts + 1
         WHERE id = (
             SELECT id FROM bulk_changes
             WHERE state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < now())
               AND ($3::bigint IS NULL OR id = $3)
             ORDER BY lease_until NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED
         )
         RETURNING id",
    )
    .bind(token)
    .bind(lease)
    .bind(only)
    .fetch_optional(executor)
    .await?;
    Ok(id.map(|id| Claim { id, token }))
}

/// Gives a change back, for somebody to take up after `pause`.
pub async fn release(pool: &PgPool, claim: Claim, pause: Duration, is_trouble: bool) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE bulk_changes SET claim = NULL, lease_until = now() + $3,
                attempts = CASE WHEN $4 THEN attempts ELSE 0 END
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.id)
    .bind(claim.token)
    .bind(pause)
    .bind(is_trouble)
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends a change with what went wrong.
pub async fn fail(pool: &PgPool, claim: Claim, error: &str) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE bulk_changes SET state = 'failed', error = $3, claim = NULL, lease_until = NULL,
                finished_at = clock_timestamp()
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.id)
    .bind(claim.token)
    .bind(error)
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends a change that is not over; what was done stays. A worker that is at it finds its claim gone.
pub async fn cancel(pool: &PgPool, id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE bulk_changes SET state = 'cancelled', claim = NULL, lease_until = NULL,
                finished_at = clock_timestamp()
         WHERE id = $1 AND state IN ('queued', 'running')",
    )
    .bind(id)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How far a piece has brought a change.
pub struct Step<'a> {
    pub after_key: Option<&'a str>,
    pub after_number: i64,
    pub done: i64,
    pub changed: i64,
    pub is_last: bool,
}

/// Moves a change on; `false` where the claim is lost and the piece must not be committed.
pub async fn advance(
    connection: &mut PgConnection,
    claim: Claim,
    lease: Duration,
    step: &Step<'_>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE bulk_changes SET done = done + $3, changed = changed + $4, after_key = coalesce($5, after_key),
                after_number = $6, attempts = 0,
                state = CASE WHEN $7 THEN 'done' ELSE state END,
                claim = CASE WHEN $7 THEN NULL ELSE claim END,
                lease_until = CASE WHEN $7 THEN NULL ELSE now() + $8 END,
                finished_at = CASE WHEN $7 THEN clock_timestamp() END
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.id)
    .bind(claim.token)
    .bind(step.done)
    .bind(step.changed)
    .bind(step.after_key)
    .bind(step.after_number)
    .bind(step.is_last)
    .bind(lease)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Locks those of these products that are there, in the order of their SKUs, as a merge writes them: their ids and
/// versions.
pub async fn lock(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<(i64, i32)>> {
    sqlx::query_as("SELECT id, version FROM products WHERE id = ANY($1) ORDER BY sku_key FOR UPDATE")
        .bind(ids)
        .fetch_all(connection)
        .await
}

/// Notes which products a deletion took.
pub async fn note_deleted(connection: &mut PgConnection, bulk_change_id: i64, ids: &[i64]) -> sqlx::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("INSERT INTO bulk_deletions (bulk_change_id, product_ids) VALUES ($1, $2)")
        .bind(bulk_change_id)
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// The next products that a deletion took: their piece's number and their ids.
pub async fn next_deleted(
    connection: &mut PgConnection,
    bulk_change_id: i64,
    after_number: i64,
) -> sqlx::Result<Option<(i64, Vec<i64>)>> {
    sqlx::query_as(
        "SELECT number, product_ids FROM bulk_deletions WHERE bulk_change_id = $1 AND number > $2
         ORDER BY number LIMIT 1",
    )
    .bind(bulk_change_id)
    .bind(after_number)
    .fetch_optional(connection)
    .await
}

/// Forgets what deletions took once that can no longer be undone.
pub async fn sweep(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM bulk_deletions USING bulk_changes
         WHERE bulk_changes.id = bulk_change_id AND finished_at <= now() - interval '24 hours'
           AND NOT EXISTS (SELECT FROM bulk_changes AS undo
                           WHERE undo.undoes = bulk_change_id AND undo.state IN ('queued', 'running'))",
    )
    .execute(pool)
    .await?;
    Ok(())
}
