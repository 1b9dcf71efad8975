//! Doorbells: they tell whoever listens that a row waits for it.
//!
//! A ring carries a topic and an id and no truth: a lost one costs a poll interval and nothing else.

use crate::platform::stopping::Stopping;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::sync::broadcast;

/// The channel of PostgreSQL that carries rings, as `topic:id`.
pub const CHANNEL: &str = "product_importer";
/// Rings kept for a slow listener. One that misses some polls anyway.
const KEPT_RINGS: usize = 256;
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Rings through PostgreSQL's NOTIFY. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Doorbell {
    pool: PgPool,
    heard: broadcast::Sender<String>,
}

/// Hears one topic.
#[derive(Debug)]
pub struct Ears {
    topic: &'static str,
    heard: broadcast::Receiver<String>,
}

impl Doorbell {
    /// A doorbell that rings through this database. Nothing is heard until [`Doorbell::carry`] runs.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            heard: broadcast::channel(KEPT_RINGS).0,
        }
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

    /// Ears for a topic.
    pub fn listen(&self, topic: &'static str) -> Ears {
        Ears {
            topic,
            heard: self.heard.subscribe(),
        }
    }

    /// Carries rings from the database to this process's ears until it stops, through every lost connection.
    pub async fn carry(&self, mut stopping: Stopping) {
        loop {
            tokio::select! {
                () = stopping.wait() => return,
                Err(error) = self.carry_until_lost() => {
                    tracing::debug!(%error, "the doorbell's line is lost; polling until it is back");
                }
            }
            tokio::select! {
                () = stopping.wait() => return,
                () = tokio::time::sleep(RECONNECT_AFTER) => {}
            }
        }
    }

    async fn carry_until_lost(&self) -> sqlx::Result<()> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let ring = listener.recv().await?;
            // Nobody listening is no error.
            let _ = self.heard.send(ring.payload().to_owned());
        }
    }
}

impl Ears {
    /// Waits for a ring on the topic, at most as long as `poll`: then it is time to look anyway.
    pub async fn wait(&mut self, poll: Duration) {
        let ring = async {
            loop {
                match self.heard.recv().await {
                    Ok(ring) if ring.split_once(':').is_none_or(|(topic, _)| topic != self.topic) => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(poll, ring).await;
    }
}
