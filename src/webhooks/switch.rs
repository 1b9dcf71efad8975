//! Switching a webhook on and off.

use super::switch_queries as queries;
use sqlx::PgPool;

/// Switches a webhook on, or on again after it was paused or disabled. What has waited for it meanwhile is sent at a
/// gentle pace. `false` where there is no such webhook.
///
/// # Errors
/// Those of the database.
pub async fn switch_on(pool: &PgPool, webhook_id: i64) -> sqlx::Result<bool> {
    let mut transaction = pool.begin().await?;
    let is_there = queries::switch_on(&mut transaction, webhook_id).await?;
    queries::forget_failures(&mut transaction, webhook_id).await?;
    queries::begin_schedule_anew(&mut transaction, webhook_id).await?;
    transaction.commit().await?;
    Ok(is_there)
}

/// Switches a webhook off. What has not been sent is kept; what happens from now on is not. `false` where there is no
/// such webhook.
///
/// # Errors
/// Those of the database.
pub async fn switch_off(pool: &PgPool, webhook_id: i64) -> sqlx::Result<bool> {
    queries::switch_off(pool, webhook_id).await
}
