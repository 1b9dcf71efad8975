//! The SQL of the processes there are.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A process.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Process {
    pub tag: i64,
    pub role: String,
    pub host: String,
    pub pid: i64,
    pub version: String,
    pub started_at: DateTime<Utc>,
    /// Since its last word.
    pub silent_seconds: f64,
}

/// Does nothing: whether the database answers.
pub async fn answer(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query("SELECT 1").execute(pool).await?;
    Ok(())
}

/// Says that this process is there.
pub async fn be_seen(pool: &PgPool, tag: i64, role: &str, host: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO processes (tag, role, host, pid, version) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tag) DO UPDATE SET seen_at = clock_timestamp()",
    )
    .bind(tag)
    .bind(role)
    .bind(host)
    .bind(i64::from(std::process::id()))
    .bind(env!("CARGO_PKG_VERSION"))
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets processes that have not been heard of for a minute.
pub async fn forget_silent(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM processes WHERE seen_at < clock_timestamp() - interval '1 minute'")
        .execute(pool)
        .await?;
    Ok(())
}

pub async fn leave(pool: &PgPool, tag: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM processes WHERE tag = $1")
        .bind(tag)
        .execute(pool)
        .await?;
    Ok(())
}

pub async fn processes(pool: &PgPool) -> sqlx::Result<Vec<Process>> {
    sqlx::query_as(
        "SELECT tag, role, host, pid, version, started_at,
                extract(epoch FROM clock_timestamp() - seen_at)::float8 AS silent_seconds
         FROM processes ORDER BY role, started_at, tag",
    )
    .fetch_all(pool)
    .await
}
