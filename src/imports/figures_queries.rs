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

/// Imports of which there is something to do: those that wait for a worker or have one. An upload of which everything has
/// been read that came waits for its sender. How long: since the oldest bytes came that nobody has read, or since the last
/// row was read.
pub async fn tasks(pool: &PgPool) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as(
        "SELECT id, phase AS stage, claim,
                extract(epoch FROM lease_until - clock_timestamp())::float8 AS lease_seconds,
                extract(epoch FROM clock_timestamp() - coalesce(merge_turn, arrived_at, created_at))::float8
                    AS age_seconds
         FROM imports
              CROSS JOIN LATERAL (
                  SELECT coalesce(min(arrived_at) FILTER (WHERE start + size_bytes > bytes_read), max(arrived_at))
                             AS arrived_at
                  FROM import_pieces WHERE import_id = imports.id) AS file
         WHERE state IN ('queued', 'running')
            OR (state = 'uploading'
                AND (bytes_received > bytes_read OR (claim IS NOT NULL AND lease_until > clock_timestamp())))
         ORDER BY id",
    )
    .fetch_all(pool)
    .await
}

/// Of every state, also of those that no import is in: a counter that is not there cannot be seen to grow.
pub async fn by_state(pool: &PgPool) -> sqlx::Result<Vec<StateFigures>> {
    sqlx::query_as(
        "SELECT state, count(id) AS imports, coalesce(sum(created), 0)::bigint AS created,
                coalesce(sum(updated), 0)::bigint AS updated, coalesce(sum(unchanged), 0)::bigint AS unchanged,
                coalesce(sum(duplicates), 0)::bigint AS duplicates, coalesce(sum(skipped), 0)::bigint AS skipped,
                coalesce(sum(rejected), 0)::bigint AS rejected
         FROM unnest(ARRAY['uploading', 'queued', 'running', 'done', 'failed', 'cancelled']) AS state
         LEFT JOIN imports USING (state) GROUP BY state ORDER BY state",
    )
    .fetch_all(pool)
    .await
}
