//! The SQL of what whoever keeps the program running wants to know of changes to many products.

use crate::platform::claim::Task;
use sqlx::PgPool;

/// Changes that wait for a worker or have one.
pub async fn tasks(pool: &PgPool) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as(
        "SELECT id, action AS stage, claim,
                extract(epoch FROM lease_until - clock_timestamp())::float8 AS lease_seconds,
                extract(epoch FROM clock_timestamp() - created_at)::float8 AS age_seconds
         FROM bulk_changes WHERE state IN ('queued', 'running') ORDER BY id",
    )
    .fetch_all(pool)
    .await
}
