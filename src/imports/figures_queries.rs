//! The SQL of what whoever keeps the program running wants to know of imports.

use crate::platform::claim::Task;
use sqlx::PgPool;

/// The imports of one state, and their rows.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StateFigures {
    pub state: String,
    pub imports: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub duplicates: i64,
    pub skipped: i64,
    pub rejected: i64,
}

/// Imports whose file has arrived, or is being read while it does: those that wait for a worker or have one.
pub async fn tasks(pool: &PgPool) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as(
        "SELECT id, phase AS stage, claim,
                extract(epoch FROM lease_until - clock_timestamp())::float8 AS lease_seconds,
                extract(epoch FROM clock_timestamp() - coalesce(merge_turn, created_at))::float8 AS age_seconds
         FROM imports
         WHERE state IN ('queued', 'running') OR (state = 'uploading' AND claim IS NOT NULL)
         ORDER BY id",
    )
    .fetch_all(pool)
    .await
}

pub async fn by_state(pool: &PgPool) -> sqlx::Result<Vec<StateFigures>> {
    sqlx::query_as(
        "SELECT state, count(*) AS imports, sum(created)::bigint AS created, sum(updated)::bigint AS updated,
                sum(unchanged)::bigint AS unchanged, sum(duplicates)::bigint AS duplicates,
                sum(skipped)::bigint AS skipped, sum(rejected)::bigint AS rejected
         FROM imports GROUP BY state ORDER BY state",
    )
    .fetch_all(pool)
    .await
}
