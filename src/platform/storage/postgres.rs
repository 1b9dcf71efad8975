//! Files in a table: about 1 MiB a row.

use anyhow::Context as _;
use bytes::Bytes;
use sqlx::PgPool;

pub(super) async fn put(pool: &PgPool, key: &str, bytes: &[u8]) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO stored_objects (key, bytes) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes",
    )
    .bind(key)
    .bind(bytes)
    .execute(pool)
    .await
    .with_context(|| format!("cannot keep {key}"))?;
    Ok(())
}

pub(super) async fn get(pool: &PgPool, key: &str) -> anyhow::Result<Option<Bytes>> {
    let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM stored_objects WHERE key = $1")
        .bind(key)
        .fetch_optional(pool)
        .await
        .with_context(|| format!("cannot fetch {key}"))?;
    Ok(bytes.map(Bytes::from))
}

pub(super) async fn remove(pool: &PgPool, key: &str) -> anyhow::Result<()> {
    sqlx::query("DELETE FROM stored_objects WHERE key = $1")
        .bind(key)
        .execute(pool)
        .await
        .with_context(|| format!("cannot remove {key}"))?;
    Ok(())
}

pub(super) async fn remove_folder(pool: &PgPool, folder: &str) -> anyhow::Result<()> {
    // A range instead of LIKE, so that the primary key finds it: keys are compared by their bytes.
    sqlx::query("DELETE FROM stored_objects WHERE key >= $1 AND key < $2")
        .bind(folder)
        .bind(end_of(folder))
        .execute(pool)
        .await
        .with_context(|| format!("cannot remove {folder}"))?;
    Ok(())
}

pub(super) async fn folders(pool: &PgPool, folder: &str) -> anyhow::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT DISTINCT split_part(substr(key, $3), '/', 1) FROM stored_objects
         WHERE key >= $1 AND key < $2 AND strpos(substr(key, $3), '/') > 0",
    )
    .bind(folder)
    .bind(end_of(folder))
    .bind(folder.chars().count() as i32 + 1)
    .fetch_all(pool)
    .await
    .with_context(|| format!("cannot list {folder}"))
}

/// What comes after everything in a folder.
fn end_of(folder: &str) -> String {
    format!("{folder}{}", char::MAX)
}
