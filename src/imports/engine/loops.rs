//! What a worker does all day: whenever the bell rings, and at least every second, look for imports to work on.

use super::work::{Engine, Outcome, TO_MERGE, TO_READ};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const POLL: Duration = Duration::from_secs(1);
/// Uploads that one process follows at once. One that pauses gives its place away.
const MOST_READERS: usize = 64;

impl Engine {
    /// Reads uploads, any number side by side, until the process is to stop; then their claims are given back.
    pub async fn read_uploads(&self) {
        let mut ears = self.doorbell.listen(TO_READ);
        let mut stopping = self.stopping.clone();
        let places = Arc::new(Semaphore::new(MOST_READERS));
        let mut readers = JoinSet::new();
        while !stopping.is_wished() {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                break;
            };
            match self.claim_to_read().await {
                Ok(Some(claimed)) => {
                    let engine = self.clone();
                    readers.spawn(async move {
                        engine.read_upload(claimed).await;
                        drop(place);
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "cannot look for uploads; trying again"),
            }
            while readers.try_join_next().is_some() {}
            tokio::select! {
                () = ears.wait(POLL) => {}
                () = stopping.wait() => {}
            }
        }
        readers.join_all().await;
    }

    /// Merges imports one after another until the process is to stop.
    pub async fn merge_queue(&self) {
        let mut ears = self.doorbell.listen(TO_MERGE);
        let mut stopping = self.stopping.clone();
        while !stopping.is_wished() {
            match self.merge_next().await {
                Ok(Outcome::Worked) => continue,
                Ok(Outcome::Idle) => {}
                Err(error) => tracing::warn!(%error, "cannot look for imports to merge; trying again"),
            }
            tokio::select! {
                () = ears.wait(POLL) => {}
                () = stopping.wait() => {}
            }
        }
    }
}
