//! Rings on their way: those that wait for a broker, and those it has been given but has not confirmed.
//!
//! A ring that is there already need not wait twice, and when a broker stays away only the newest are kept: whoever
//! would have heard the others has looked by then.

use super::ring::Ring;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Rings that wait at most.
const KEPT_RINGS: usize = 256;

/// What waits to be sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    rings: Mutex<Rings>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Rings {
    waiting: Vec<Ring>,
    under_way: Vec<Ring>,
}

impl Outbox {
    /// Leaves a ring to be sent.
    pub fn put(&self, ring: Ring) {
        self.rings().wait(ring);
        self.changes.send_replace(());
    }

    /// Everything that waits, as soon as something does. It counts as under way until it is [`Outbox::sent`]. Giving
    /// the wait up loses nothing.
    pub async fn take(&self) -> Vec<Ring> {
        let mut changes = self.changes.subscribe();
        loop {
            let taken = self.rings().take();
            if !taken.is_empty() {
                return taken;
            }
            // The sender lives as long as this does.
            let _ = changes.changed().await;
        }
    }

    /// A broker has these.
    pub fn sent(&self, rings: &[Ring]) {
        let mut kept = self.rings();
        for ring in rings {
            if let Some(place) = kept.under_way.iter().position(|other| other == ring) {
                kept.under_way.swap_remove(place);
            }
        }
        drop(kept);
        self.changes.send_replace(());
    }

    /// The connection broke: what was under way may have got lost, so it waits again.
    pub fn lost(&self) {
        let mut kept = self.rings();
        for ring in std::mem::take(&mut kept.under_way) {
            kept.wait(ring);
        }
    }

    /// Waits until everything has been sent.
    pub async fn emptied(&self) {
        let mut changes = self.changes.subscribe();
        while !self.rings().is_empty() {
            let _ = changes.changed().await;
        }
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    fn wait(&mut self, ring: Ring) {
        if self.waiting.contains(&ring) {
            return;
        }
        if self.waiting.len() == KEPT_RINGS {
            self.waiting.remove(0);
        }
        self.waiting.push(ring);
    }

    fn take(&mut self) -> Vec<Ring> {
        let taken = std::mem::take(&mut self.waiting);
        self.under_way.extend_from_slice(&taken);
        taken
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ring(id: i64) -> Ring {
        Ring::new("import", id, Uuid::nil())
    }

    #[tokio::test]
    async fn a_ring_waits_once_and_again_when_it_was_lost() {
        let outbox = Outbox::default();
        outbox.put(ring(1));
        outbox.put(ring(1));
        assert_eq!(outbox.take().await, [ring(1)]);
        // Rung again while it is under way: the row may have changed since.
        outbox.put(ring(1));
        outbox.put(ring(2));
        outbox.lost();
        assert_eq!(outbox.take().await, [ring(1), ring(2)]);
        outbox.sent(&[ring(1), ring(2)]);
        outbox.emptied().await;
    }

    #[tokio::test]
    async fn the_newest_are_kept() {
        let outbox = Outbox::default();
        (0..KEPT_RINGS as i64 + 10).for_each(|id| outbox.put(ring(id)));
        let kept = outbox.take().await;
        assert_eq!((kept.len(), &kept[0]), (KEPT_RINGS, &ring(10)));
    }
}
