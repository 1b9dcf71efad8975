//! Rings by PostgreSQL's NOTIFY: nothing to install, and one connection of the pool a process.

use super::Bells;
use anyhow::bail;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::convert::Infallible;

/// A channel belongs to its database, so its name need not tell which.
const CHANNEL: &str = "product_importer";

/// Carries rings until the connection is lost.
pub(super) async fn carry(pool: &PgPool, bells: &Bells) -> anyhow::Result<Infallible> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    bells.connected();
    tokio::select! {
        ended = hear(listener, bells) => ended,
        ended = ring(pool, bells) => ended,
    }
}

async fn hear(mut listener: PgListener, bells: &Bells) -> anyhow::Result<Infallible> {
    while let Some(ring) = listener.try_recv().await? {
        bells.hear(ring.payload());
    }
    bail!("the connection that listens is lost")
}

async fn ring(pool: &PgPool, bells: &Bells) -> anyhow::Result<Infallible> {
    loop {
        let rings = bells.outbox.take().await;
        let texts: Vec<String> = rings.iter().map(ToString::to_string).collect();
        sqlx::query("SELECT pg_notify($1, ring) FROM unnest($2::text[]) AS ring")
            .bind(CHANNEL)
            .bind(texts)
            .execute(pool)
            .await?;
        bells.outbox.sent(&rings);
    }
}
