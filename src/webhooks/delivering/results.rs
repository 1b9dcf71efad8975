//! Writing down what came of many sendings, by one statement.

use super::Delivering;
use super::result_queries::{self as queries, LaneResult, WrittenLane};
use super::schedule::{Outcome, rest};
use crate::webhooks::sending::Answer;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// What came of one sending.
#[derive(Clone, Debug)]
pub struct Sent {
    pub webhook_id: i64,
    pub claim: Uuid,
    /// The webhook's version to which it was sent.
    pub version: i32,
    pub delivery_id: i64,
    pub product_id: Option<i64>,
    pub at: DateTime<Utc>,
    pub answer: Answer,
    pub outcome: Outcome,
}

impl Sent {
    /// How long its receiver wants to be left alone.
    pub fn rest(&self) -> Option<Duration> {
        rest(&self.answer)
    }

    /// What is told of the failure, where it is one.
    pub fn error(&self) -> Option<String> {
        self.answer.error.as_ref().map(ToString::to_string)
    }
}

/// Tells the log what came of a sending. What went wrong may name the receiver's address, so its page tells that.
pub fn log(answer: &Answer) {
    let (status, duration_ms) = (answer.status, answer.duration.as_millis() as u64);
    if answer.error.is_none() {
        tracing::debug!(status, duration_ms, "sent");
    } else {
        tracing::info!(status, duration_ms, "sent in vain");
    }
}

/// Writes down what came of many sendings; what was sent in a lane that is somebody else's by now is passed over.
/// Answers which webhooks were switched off by it.
pub async fn write(delivering: &Delivering, batch: &[Sent]) -> sqlx::Result<Vec<i64>> {
    let pool = &delivering.pool;
    let mut switched_off = Vec::new();
    for gone in batch.iter().filter(|sent| sent.outcome == Outcome::Gone) {
        if queries::stop_gone(pool, gone.webhook_id, gone.claim, gone.version).await? {
            tracing::warn!(
                webhook_id = gone.webhook_id,
                "a webhook's receiver is gone for good; it is disabled"
            );
            switched_off.push(gone.webhook_id);
        }
    }
    let written = queries::write(pool, batch, &lanes_of(batch)).await?;
    let hopeless = written.into_iter().filter(|lane| lane.is_hopeless);
    for WrittenLane { webhook_id, claim, .. } in hopeless {
        if queries::pause(pool, webhook_id, claim).await? {
            tracing::warn!(webhook_id, "a webhook has only failed for days; it is paused");
            switched_off.push(webhook_id);
        }
    }
    Ok(switched_off)
}

/// What the batch says of each lane.
fn lanes_of(batch: &[Sent]) -> Vec<LaneResult> {
    let mut lanes: BTreeMap<(i64, Uuid), LaneResult> = BTreeMap::new();
    for sent in batch {
        let lane = lanes
            .entry((sent.webhook_id, sent.claim))
            .or_insert_with(|| LaneResult::new(sent.webhook_id, sent.claim, sent.at));
        lane.at = sent.at;
        lane.status = sent.answer.status.map(i32::from);
        lane.error = sent.error();
        lane.rest = lane.rest.max(sent.rest());
        if sent.outcome == Outcome::Delivered {
            lane.delivered += 1;
            lane.failing_since = None;
        } else {
            lane.failed += 1;
            lane.failing_since.get_or_insert(sent.at);
        }
    }
    lanes.into_values().collect()
}

/// The deliveries of a batch by their lanes.
pub fn ids_of(batch: &[Sent]) -> HashMap<(i64, Uuid), Vec<i64>> {
    let mut ids: HashMap<(i64, Uuid), Vec<i64>> = HashMap::new();
    for sent in batch {
        ids.entry((sent.webhook_id, sent.claim))
            .or_default()
            .push(sent.delivery_id);
    }
    ids
}
