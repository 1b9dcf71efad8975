//! Stopping: nothing more is sent, what is in flight may end within a moment, and every lane is given back as soon as
//! nothing of it is in flight, so that another worker goes on at once.

use super::claim_queries as queries;
use super::lane::Lane;
use super::worker::Worker;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// How long what is in flight may still take. What takes longer is sent again by the next worker.
const PATIENCE: Duration = Duration::from_secs(2);

impl Worker {
    /// Gives everything back.
    pub async fn stop(mut self) {
        let deadline = Instant::now() + PATIENCE;
        self.lanes.iter_mut().for_each(Lane::close);
        loop {
            let quiet = self.lanes.take_if(|_| false);
            self.release(quiet);
            if !self.results.is_empty() && self.busy.writing == 0 {
                self.write();
            }
            if self.lanes.is_empty() && self.tasks.is_empty() {
                return;
            }
            match timeout_at(deadline, self.tasks.join_next()).await {
                Ok(Some(done)) => self.take(done),
                Ok(None) | Err(_) => break,
            }
            // What was being looked for may have come with lanes.
            self.lanes.iter_mut().for_each(Lane::close);
        }
        self.tasks.abort_all();
        let held: Vec<(i64, Uuid)> = self.lanes.iter().map(|lane| (lane.webhook_id, lane.claim)).collect();
        if let Err(error) = queries::release(&self.delivering.pool, &held).await {
            tracing::debug!(%error, "lanes could not be given back; their leases run out");
        }
    }
}
