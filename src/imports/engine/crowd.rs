//! How many files a process reads at once, and who makes room.
//!
//! Memory bounds the number of places. An upload that trickles must not hold one while others wait: when all are
//! taken, a reader gives its place away after a while and goes to the end of the line.

use crate::platform::memory;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a place may take: two runs of 8 MiB with room for a last row each, one filling and one being written, the blocks of
/// that one, and the keys of both.
const PLACE_BYTES: u64 = 32 << 20;
/// All places together take no more than this part of the memory there is.
const SHARE: u64 = 4;
/// An upload that trickles leaves one to another.
const LEAST_PLACES: u64 = 2;
/// More would not be faster.
const MOST_PLACES: u64 = 16;
const TURN: Duration = Duration::from_secs(5);

/// The places of one process.
#[derive(Clone, Debug)]
pub struct Crowd {
    places: Arc<Semaphore>,
}

impl Crowd {
    /// As many places as this machine has memory for.
    pub fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(places(memory::machine_bytes()))),
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

fn places(memory_bytes: u64) -> usize {
    (memory_bytes / SHARE / PLACE_BYTES).clamp(LEAST_PLACES, MOST_PLACES) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_places_as_there_is_memory_for() {
        for (megabytes, expected) in [(128, 2), (256, 2), (512, 4), (1_024, 8), (2_048, 16), (65_536, 16)] {
            assert_eq!(places(megabytes << 20), expected, "{megabytes} MB");
        }
    }
}
