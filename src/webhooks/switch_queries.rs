//! The SQL of switching webhooks on and off.

use sqlx::{PgConnection, PgPool};

/// What waits now is told apart from what comes later by its id.
pub async fn switch_on(connection: &mut PgConnection, webhook_id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE webhooks
         SET enabled = true, stopped_reason = NULL, paused_at = NULL, version = version + 1, updated_at = now(),
             backlog_upto = (SELECT max(id) FROM webhook_deliveries WHERE webhook_id = $1 AND state = 'pending')
         WHERE id = $1",
    )
    .bind(webhook_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets since when it has failed, and the rest that its receiver asked for: both are from before it was switched on.
pub async fn forget_failures(connection: &mut PgConnection, webhook_id: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE webhook_lanes SET failing_since = NULL, rest_until = NULL WHERE webhook_id = $1")
        .bind(webhook_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Resets the tries of pending deliveries and makes them due now; `next_attempt_at = created_at` keeps their order.
pub async fn begin_schedule_anew(connection: &mut PgConnection, webhook_id: i64) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhook_deliveries SET tries = 0, next_attempt_at = created_at
         WHERE webhook_id = $1 AND state = 'pending' AND tries > 0",
    )
    .bind(webhook_id)
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn switch_off(pool: &PgPool, webhook_id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE webhooks SET enabled = false, stopped_reason = NULL, version = version + 1, updated_at = now()
         WHERE id = $1",
    )
    .bind(webhook_id)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}
