//! Letting go of events and deliveries that were kept long enough, and of those of deleted webhooks, in small pieces.

use super::sweep_queries as queries;
use sqlx::PgPool;
use std::time::Duration;

/// Few enough that nobody notices, many enough that a month's first day is soon gone.
const PIECE: i64 = 2_000;

/// Lets go of what is older than `keep`, and says how many deliveries that were.
///
/// # Errors
/// Those of the database; what is left goes the next time.
pub async fn sweep(pool: &PgPool, keep: Duration) -> sqlx::Result<u64> {
    let mut swept = 0;
    for webhook_id in queries::without_webhook(pool).await? {
        while let piece @ 1.. = queries::sweep_deliveries_to(pool, webhook_id, PIECE).await? {
            swept += piece;
        }
    }
    while let piece @ 1.. = queries::sweep_deliveries(pool, keep, PIECE).await? {
        swept += piece;
    }
    while queries::sweep_events(pool, keep, PIECE).await? > 0 {}
    queries::sweep_hours(pool, keep).await?;
    queries::sweep_retries(pool, keep).await?;
    queries::end_backlogs(pool).await?;
    queries::forget_secrets_before(pool).await?;
    Ok(swept)
}
