//! What a worker does all day: whenever the bell rings, and at least every second, look for imports to work on.

use super::crowd::Crowd;
use super::work::{Engine, Outcome, TO_MERGE, TO_READ};
use std::time::Duration;
use tokio::task::JoinSet;

const POLL: Duration = Duration::from_secs(1);

impl Engine {
    /// Reads uploads, any number side by side, until the process is to stop; then their claims are given back.
    pub async fn read_uploads(&self) {
        let mut ears = self.doorbell.listen(TO_READ);
        let mut stopping = self.stopping.clone();
        let crowd = Crowd::new();
        let mut readers = JoinSet::new();
        while !stopping.is_wished() {
            let Some(place) = crowd.place().await else { break };
            match self.claim_to_read().await {
                Ok(Some(claimed)) => {
                    let (engine, crowd) = (self.clone(), crowd.clone());
                    readers.spawn(async move {
                        engine.read_upload(claimed, &crowd).await;
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
