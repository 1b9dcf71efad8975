//! The SQL of letting go of what was kept long enough.

use sqlx::PgPool;
use std::time::Duration;

/// Deleted webhooks of which there are still deliveries. The index is walked from one webhook to the next.
pub async fn without_webhook(pool: &PgPool) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "WITH RECURSIVE told (webhook_id) AS (
             SELECT min(webhook_id) FROM webhook_deliveries
             UNION ALL
             SELECT (SELECT min(webhook_id) FROM webhook_deliveries WHERE webhook_id > told.webhook_id)
             FROM told WHERE told.webhook_id IS NOT NULL
         )
         SELECT webhook_id FROM told
         WHERE webhook_id IS NOT NULL AND NOT EXISTS (SELECT FROM webhooks WHERE id = webhook_id)",
    )
    .fetch_all(pool)
    .await
}

pub async fn sweep_deliveries_to(pool: &PgPool, webhook_id: i64, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "WITH gone AS (
             DELETE FROM webhook_deliveries WHERE id IN (
                 SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
             ) RETURNING id
         ), attempts AS (
             DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM gone)
         )
         SELECT FROM gone",
    )
    .bind(webhook_id)
    .bind(limit)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// The oldest come first, so whether the first ones are to go tells whether there is anything to do.
pub async fn sweep_deliveries(pool: &PgPool, keep: Duration, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "WITH gone AS (
             DELETE FROM webhook_deliveries WHERE id IN (
                 SELECT id FROM (SELECT id, created_at FROM webhook_deliveries ORDER BY id LIMIT $2) AS oldest
                 WHERE created_at < now() - $1
             ) RETURNING id
         ), attempts AS (
             DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM gone)
         )
         SELECT FROM gone",
    )
    .bind(keep)
    .bind(limit)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// An event's id begins with its time, so the oldest come first here as well.
pub async fn sweep_events(pool: &PgPool, keep: Duration, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM webhook_events WHERE id IN (
             SELECT id FROM (SELECT id, created_at FROM webhook_events ORDER BY id LIMIT $2) AS oldest
             WHERE created_at < now() - $1
         )",
    )
    .bind(keep)
    .bind(limit)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Removes old hours, and those of deleted webhooks. The same statement adds what they counted to the sum of swept hours,
/// so that figures never miss it or count it twice.
pub async fn sweep_hours(pool: &PgPool, keep: Duration) -> sqlx::Result<()> {
    sqlx::query(
        "WITH gone AS (
             DELETE FROM webhook_hours
             WHERE hour < now() - $1 OR NOT EXISTS (SELECT FROM webhooks WHERE webhooks.id = webhook_id)
             RETURNING delivered, failed
         )
         UPDATE webhook_hours_swept AS swept
         SET delivered = swept.delivered + sums.delivered, failed = swept.failed + sums.failed
         FROM (SELECT sum(delivered)::bigint AS delivered, sum(failed)::bigint AS failed
               FROM gone HAVING count(*) > 0) AS sums",
    )
    .bind(keep)
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn sweep_retries(pool: &PgPool, keep: Duration) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM webhook_retries WHERE finished_at < now() - $1")
        .bind(keep)
        .execute(pool)
        .await?;
    Ok(())
}

/// Ends the gentle pace of webhooks for which nothing waits any more from before they were switched on.
pub async fn end_backlogs(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhooks SET backlog_upto = NULL, version = version + 1
         WHERE backlog_upto IS NOT NULL AND enabled AND paused_at IS NULL
           AND NOT EXISTS (SELECT FROM webhook_deliveries
                           WHERE webhook_id = webhooks.id AND state = 'pending' AND webhook_deliveries.id <= backlog_upto)",
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets replaced secrets whose day of grace is over.
pub async fn forget_secrets_before(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhooks SET previous_secret = NULL, previous_secret_until = NULL, version = version + 1
         WHERE previous_secret_until <= now()",
    )
    .execute(pool)
    .await?;
    Ok(())
}
