//! All lanes of a worker, and whose turn it is.

use super::Limits;
use super::lane::{Due, Lane};
use std::collections::BTreeMap;
use std::ops::Bound;
use tokio::time::Instant;
use uuid::Uuid;

/// Lanes by their webhooks.
#[derive(Debug, Default)]
pub struct Lanes {
    by_webhook: BTreeMap<i64, Lane>,
    /// The webhook that was served last: the turn is the next one's.
    last_served: i64,
}

impl Lanes {
    pub fn is_empty(&self) -> bool {
        self.by_webhook.is_empty()
    }

    pub fn add(&mut self, lane: Lane) {
        self.by_webhook.insert(lane.webhook_id, lane);
    }

    /// The lane to a webhook, while it is held by that claim.
    pub fn held(&mut self, webhook_id: i64, claim: Uuid) -> Option<&mut Lane> {
        self.by_webhook.get_mut(&webhook_id).filter(|lane| lane.claim == claim)
    }

    pub fn remove(&mut self, webhook_id: i64) {
        self.by_webhook.remove(&webhook_id);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.by_webhook.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.by_webhook.values_mut()
    }

    /// The next delivery to be sent while so many are in flight, and its lane: each webhook in turn. Half of all places
    /// are for webhooks of which nothing is in flight, so that receivers that hang or drip cannot take all of them.
    pub fn next(&mut self, limits: Limits, flying: usize, now: Instant) -> Option<(&Lane, Due)> {
        let is_crowded = flying >= limits.per_worker / 2;
        let most = if is_crowded { 1 } else { limits.per_webhook };
        let after = (Bound::Excluded(self.last_served), Bound::Unbounded);
        let turns = self
            .by_webhook
            .range(after)
            .chain(self.by_webhook.range(..=self.last_served));
        let turns: Vec<i64> = turns.map(|(id, _)| *id).collect();
        for id in turns {
            let Some(lane) = self.by_webhook.get_mut(&id) else {
                continue;
            };
            if let Some(due) = lane.next(most, now) {
                self.last_served = id;
                return Some((&self.by_webhook[&id], due));
            }
        }
        None
    }

    /// Takes out the lanes that are wanted no more and of which nothing is in memory: their webhooks and claims.
    pub fn take_if(&mut self, is_wanted: impl Fn(&Lane) -> bool) -> Vec<(i64, Uuid)> {
        let mut taken = Vec::new();
        self.by_webhook.retain(|id, lane| {
            let goes = lane.is_empty() && !is_wanted(lane);
            if goes {
                taken.push((*id, lane.claim));
            }
            !goes
        });
        taken
    }
}
