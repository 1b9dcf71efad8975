//! The working half: sends what is due, and writes down what came of it.
//!
//! A *lane* is the right to send to one webhook. A worker claims free lanes that have something due, under a token and
//! a lease that it renews, and nobody else sends to those webhooks meanwhile. So all that must hold for a webhook holds
//! in one process's memory: how many are in flight, that two of one product never are, and the turns between webhooks.
//! Nothing is written when a delivery is taken; what came of many is written by one statement, which passes over those
//! whose lane is held under another token by now. A killed worker's lanes are free when their leases run out, and what
//! it had in flight is sent again, under the same id.

mod claim_queries;
mod lane;
mod lanes;
mod look;
mod renew;
mod result_queries;
mod results;
mod schedule;
mod stop;
mod target;
mod worker;

use super::sending::Sender;
use crate::platform::doorbell::Doorbell;
use crate::platform::sealing::SealingKey;
use crate::platform::stopping::Stopping;
use sqlx::PgPool;

/// How much is sent at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To one webhook, by all workers.
    pub per_webhook: usize,
    /// By one worker.
    pub per_worker: usize,
}

/// What sends deliveries. Any number of processes may.
#[derive(Clone)]
pub struct Delivering {
    /// Where deliveries are kept.
    pub pool: PgPool,
    /// What tells that something is due.
    pub doorbell: Doorbell,
    /// What sends.
    pub sender: Sender,
    /// What opens secrets.
    pub sealing: SealingKey,
    /// How much at once.
    pub limits: Limits,
}

/// Sends deliveries until the process is to stop, and gives back then what it has claimed.
pub async fn deliver(delivering: &Delivering, stopping: Stopping) {
    worker::Worker::new(delivering.clone()).work(stopping).await;
}
