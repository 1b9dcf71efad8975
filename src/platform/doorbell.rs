//! Doorbells: they tell whoever listens that a row waits for it or has changed.
//!
//! A ring carries a topic and an id and no truth: a lost one costs a poll interval and nothing else.

use sqlx::PgPool;

/// The channel of PostgreSQL that carries rings, as `topic:id`.
pub const CHANNEL: &str = "product_importer";

/// Rings through PostgreSQL's NOTIFY. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Doorbell {
    pool: PgPool,
}

impl Doorbell {
    /// A doorbell that rings through this database.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Rings for `id`. A failure is only told to the log: the row is the truth and will be found by polling.
    pub async fn ring(&self, topic: &str, id: i64) {
        let rung = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(format!("{topic}:{id}"))
            .execute(&self.pool)
            .await;
        if let Err(error) = rung {
            tracing::warn!(%error, topic, id, "could not ring; it will be noticed a little later");
        }
    }
}
