//! File storage: bytes under a key, kept apart from the rows that say what they are.
//!
//! The interface is small so that `s3://` and `file://` can follow. Writers never share a key, so nothing here
//! needs a lock; what has no row pointing at it goes when its prefix goes.

use anyhow::Context;
use bytes::Bytes;
use sqlx::PgPool;

/// Where the bytes of files are kept. Cloning shares the place.
#[derive(Clone, Debug)]
pub enum FileStorage {
    /// Table `stored_objects`: needs no disk that two processes share.
    Postgres(PgPool),
}

impl FileStorage {
    /// Keeps `bytes` under `key`. Doing it twice is the same as once.
    pub async fn put(&self, key: &str, bytes: Bytes) -> anyhow::Result<()> {
        let Self::Postgres(pool) = self;
        sqlx::query(
            "INSERT INTO stored_objects (key, bytes) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes",
        )
        .bind(key)
        .bind(&bytes[..])
        .execute(pool)
        .await
        .with_context(|| format!("cannot keep {key}"))?;
        Ok(())
    }

    /// The bytes under `key`, if there are any.
    pub async fn get(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        let Self::Postgres(pool) = self;
        let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM stored_objects WHERE key = $1")
            .bind(key)
            .fetch_optional(pool)
            .await
            .with_context(|| format!("cannot fetch {key}"))?;
        Ok(bytes.map(Bytes::from))
    }

    /// Removes everything whose key begins with `prefix`.
    pub async fn remove_prefix(&self, prefix: &str) -> anyhow::Result<()> {
        let Self::Postgres(pool) = self;
        // A range instead of LIKE, so that the primary key finds it: keys are compared by their bytes.
        sqlx::query("DELETE FROM stored_objects WHERE key >= $1 AND key < $2")
            .bind(prefix)
            .bind(format!("{prefix}{}", char::MAX))
            .execute(pool)
            .await
            .with_context(|| format!("cannot remove {prefix}*"))?;
        Ok(())
    }
}
