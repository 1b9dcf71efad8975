//! Carrying rings to a broker and back, for as long as the process lives.
//!
//! A connection that breaks is made again, sooner at first and later then. One that only looks whole is found out by
//! the process's own heartbeat: a ring that comes back, or does not.

use super::{ARE_CARRIED, Bells, Way, postgres, rabbitmq, redis};
use crate::platform::backoff::Backoff;
use anyhow::bail;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often a process rings for itself.
const BEAT_EVERY: Duration = Duration::from_secs(15);
/// A connection on which nothing has been heard for so long is given up, the process's own beats included.
const DEAF_AFTER: Duration = Duration::from_secs(45);
/// How long the last rings of a process may take to go out.
const LAST_RINGS: Duration = Duration::from_millis(500);

/// The task that carries. Dropping it ends it.
#[derive(Debug)]
pub struct Carrier {
    bells: Arc<Bells>,
    task: JoinHandle<()>,
}

impl Carrier {
    pub(super) fn start(bells: &Arc<Bells>) -> Self {
        Self {
            bells: Arc::clone(bells),
            task: tokio::spawn(carry(Arc::clone(bells))),
        }
    }

    /// Lets the last rings go out, unless there is nobody to take them, and ends.
    pub async fn end(self) {
        let _ = tokio::time::timeout(LAST_RINGS, self.bells.outbox.emptied()).await;
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(bells: Arc<Bells>) {
    let mut backoff = Backoff::default();
    loop {
        let Err(error) = tokio::select! {
            ended = carry_by(&bells) => ended,
            deaf = listen_for_own_beats(&bells) => deaf,
        };
        bells.outbox.lost();
        ARE_CARRIED.store(false, Ordering::Relaxed);
        if !bells.is_away.swap(true, Ordering::Relaxed) {
            backoff = Backoff::default();
        }
        tell(&error, backoff.is_fresh());
        tokio::time::sleep(backoff.next_pause()).await;
    }
}

async fn carry_by(bells: &Bells) -> anyhow::Result<Infallible> {
    match &bells.way {
        Way::Postgres(pool) => postgres::carry(pool, bells).await,
        Way::Redis(server, tls) => redis::carry(server, tls.as_ref(), bells).await,
        Way::RabbitMq(server, tls) => rabbitmq::carry(server, tls.as_ref(), bells).await,
    }
}

/// Returns when nothing has come back for too long.
async fn listen_for_own_beats(bells: &Bells) -> anyhow::Result<Infallible> {
    bells.note_life();
    loop {
        tokio::time::sleep(BEAT_EVERY).await;
        if bells.silent_for() >= DEAF_AFTER {
            bail!("nothing has been heard for {} s", DEAF_AFTER.as_secs());
        }
        bells.beat();
    }
}

/// The first failure of a row is worth a warning.
fn tell(error: &anyhow::Error, is_first: bool) {
    let error = format!("{error:#}");
    if is_first {
        tracing::warn!(
            error,
            "rings are not carried; work is noticed a little later until they are"
        );
    } else {
        tracing::debug!(error, "rings are still not carried");
    }
}
