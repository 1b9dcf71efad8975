//! How many files a process reads at once, and who makes room.
//!
//! Memory bounds the number of places. An upload that trickles must not hold one while others wait: when all are
//! taken, a reader gives its place away after a while and goes to the end of the line.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Each place may hold two runs, one filling and one being written.
const PLACES: usize = 16;
const TURN: Duration = Duration::from_secs(5);

/// The places of one process.
#[derive(Clone, Debug)]
pub struct Crowd {
    places: Arc<Semaphore>,
}

impl Crowd {
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Waits for a place; `None` when there will be no more.
    pub async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Whether a reader that began then has had its turn while others may be waiting.
    pub fn wants_place(&self, began: Instant) -> bool {
        self.places.available_permits() == 0 && began.elapsed() >= TURN
    }
}
