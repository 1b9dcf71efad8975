//! The SQL of who may come in.

use sqlx::{PgConnection, PgPool};

/// The lock under which tries are counted, among those of the whole database.
const COUNTING_LOCK: i64 = 0x5349_474e_5f49_4e01;

/// The tries of a while.
#[derive(Debug, sqlx::FromRow)]
pub struct Made {
    pub by_address: i64,
    pub altogether: i64,
    /// Until the oldest of the address is forgotten.
    pub address_wait_seconds: i32,
    /// Until the oldest of all is forgotten.
    pub wait_seconds: i32,
}

/// The database's own random value; `fresh` becomes it where there is none yet.
pub async fn salt(pool: &PgPool, fresh: &[u8]) -> sqlx::Result<Vec<u8>> {
    sqlx::query("INSERT INTO access_salt (salt) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(fresh)
        .execute(pool)
        .await?;
    sqlx::query_scalar("SELECT salt FROM access_salt").fetch_one(pool).await
}

/// Lets one count at a time, until the transaction ends.
pub async fn take_turns(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(COUNTING_LOCK)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn sweep_attempts(connection: &mut PgConnection, window_seconds: i32) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sign_in_attempts WHERE at < clock_timestamp() - make_interval(secs => $1)")
        .bind(f64::from(window_seconds))
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn attempts(connection: &mut PgConnection, address: &str, window_seconds: i32) -> sqlx::Result<Made> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE address = $1) AS by_address, count(*) AS altogether,
                ceil($2 - extract(epoch FROM clock_timestamp()
                     - COALESCE(min(at) FILTER (WHERE address = $1), clock_timestamp())))::int AS address_wait_seconds,
                ceil($2 - extract(epoch FROM clock_timestamp()
                     - COALESCE(min(at), clock_timestamp())))::int AS wait_seconds
         FROM sign_in_attempts",
    )
    .bind(address)
    .bind(window_seconds)
    .fetch_one(connection)
    .await
}

pub async fn add_attempt(connection: &mut PgConnection, address: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO sign_in_attempts (address) VALUES ($1)")
        .bind(address)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn forget_attempts(connection: &mut PgConnection, address: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM sign_in_attempts WHERE address = $1")
        .bind(address)
        .execute(connection)
        .await?;
    Ok(())
}
