//! What a worker does all day: send what waits, each webhook in turn, and meanwhile look for more, write down what
//! came of it and renew leases, each by one statement for all lanes together.

use super::Delivering;
use super::claim_queries as queries;
use super::lane::{Due, Lane};
use super::lanes::Lanes;
use super::look::{LEASE, Look, Looked, look};
use super::renew::{Renewal, renew};
use super::results::{self, Sent};
use super::schedule::{Outcome, outcome};
use crate::platform::stopping::Stopping;
use crate::webhooks::sending::Outgoing;
use crate::webhooks::{TOPIC, message_id};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;
use uuid::Uuid;

/// The net under the doorbell, and how soon a retry is seen to be due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Rings come many at once; free lanes are looked for no more often than this.
const CLAIM_EVERY: Duration = Duration::from_millis(25);
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// A ring may tell that a webhook was changed.
const RENEW_ON_RING_EVERY: Duration = Duration::from_millis(250);
/// Results wait so long for others, so that one statement writes many.
const GATHER_FOR: Duration = Duration::from_millis(10);
const GATHER_AT_MOST: usize = 512;
/// Nothing more is sent while so many results are not written yet: a crash would send all of it again.
const UNWRITTEN_AT_MOST: usize = 2 * GATHER_AT_MOST;
/// A lane with nothing to do is kept for a while, so that what comes next need not claim it first.
const LINGER: Duration = Duration::from_secs(10);
/// After a failure of the database.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Bodies in memory, waiting to be sent.
const WAITING_BYTES: usize = 32 * 1024 * 1024;

/// What has been finished.
pub enum Done {
    Sent(Box<Sent>),
    Looked(sqlx::Result<Looked>),
    Written(Vec<Sent>, sqlx::Result<Vec<i64>>),
    Renewed(sqlx::Result<Renewal>),
    Released(sqlx::Result<()>),
}

/// What is under way: one statement of a kind at a time.
#[derive(Debug, Default)]
pub struct Busy {
    pub looking: bool,
    /// So many results are being written.
    pub writing: usize,
    pub renewing: bool,
}

/// One process's part of the sending.
pub struct Worker {
    pub delivering: Delivering,
    pub lanes: Lanes,
    pub tasks: JoinSet<Done>,
    pub results: Vec<Sent>,
    pub flying: usize,
    pub busy: Busy,
    wants_lanes: bool,
    look_at: Instant,
    claim_at: Instant,
    renew_at: Instant,
    renewed_at: Instant,
    write_at: Instant,
    /// The database's clock, and when it showed that.
    clock: (DateTime<Utc>, Instant),
}

impl Worker {
    pub fn new(delivering: Delivering) -> Self {
        let now = Instant::now();
        Self {
            delivering,
            lanes: Lanes::default(),
            tasks: JoinSet::new(),
            results: Vec::new(),
            flying: 0,
            busy: Busy::default(),
            wants_lanes: true,
            look_at: now,
            claim_at: now,
            renew_at: now,
            renewed_at: now,
            write_at: now,
            clock: (DateTime::UNIX_EPOCH, now),
        }
    }

    /// Works until the process is to stop.
    pub async fn work(mut self, mut stopping: Stopping) {
        let mut ears = self.delivering.doorbell.listen(TOPIC);
        while !stopping.is_wished() {
            self.begin_what_can_be();
            let wake_at = self.wakes_at();
            tokio::select! {
                Some(done) = self.tasks.join_next() => self.take(done),
                () = ears.wait(LOOK_EVERY * 2) => self.ring(),
                () = sleep_until(wake_at) => {}
                () = stopping.wait() => {}
            }
        }
        self.stop().await;
    }

    fn ring(&mut self) {
        let now = Instant::now();
        self.look_at = now;
        self.renew_at = self.renew_at.min(self.renewed_at + RENEW_ON_RING_EVERY).max(now);
    }

    fn begin_what_can_be(&mut self) {
        while let Some(done) = self.tasks.try_join_next() {
            self.take(done);
        }
        let now = Instant::now();
        self.send(now);
        if self.can_write(now) {
            self.write();
        }
        if !self.busy.renewing && !self.lanes.is_empty() && now >= self.renew_at {
            self.renew(now);
        }
        if !self.busy.looking {
            self.look(now);
        }
        let unwanted = self
            .lanes
            .take_if(|lane| !lane.is_closed && now < lane.quiet_since + LINGER);
        self.release(unwanted);
    }

    fn wakes_at(&self) -> Instant {
        let limits = self.delivering.limits;
        let mut wake_at = Instant::now() + LOOK_EVERY;
        let mut also = |at: Instant, matters: bool| {
            if matters {
                wake_at = wake_at.min(at);
            }
        };
        also(self.look_at, !self.busy.looking);
        also(self.claim_at, self.wants_lanes && !self.busy.looking && self.may_send());
        also(self.renew_at, !self.busy.renewing && !self.lanes.is_empty());
        also(self.write_at, self.busy.writing == 0 && !self.results.is_empty());
        let backlogs = self.lanes.iter().filter_map(|lane| lane.wakes_at(limits.per_webhook));
        backlogs.for_each(|at| also(at, self.may_send()));
        wake_at
    }

    fn may_send(&self) -> bool {
        let unwritten = self.results.len() + self.busy.writing;
        self.flying < self.delivering.limits.per_worker && unwritten < UNWRITTEN_AT_MOST
    }

    /// Sends what waits, as much as may be in flight.
    fn send(&mut self, now: Instant) {
        let limits = self.delivering.limits;
        while self.may_send() {
            let Some((lane, due)) = self.lanes.next(limits, self.flying, now) else {
                break;
            };
            let (target, claim) = (lane.target.clone(), lane.claim);
            let (sender, at) = (self.delivering.sender.clone(), self.now());
            self.flying += 1;
            self.tasks.spawn(async move {
                let Due {
                    id,
                    webhook_id,
                    event_id,
                    product_id,
                    tries,
                    body,
                } = due;
                let outgoing = Outgoing {
                    url: &target.url,
                    headers: &target.headers,
                    message_id: &message_id(event_id),
                    timestamp: at.timestamp(),
                    body: body.into(),
                    secrets: &target.secrets,
                };
                let span = tracing::info_span!("delivery", id, webhook = webhook_id);
                let answer = sender.send(&outgoing).instrument(span.clone()).await;
                span.in_scope(|| results::log(&answer));
                let outcome = outcome(&answer, tries);
                let version = target.version;
                Done::Sent(Box::new(Sent {
                    webhook_id,
                    claim,
                    version,
                    delivery_id: id,
                    product_id,
                    at,
                    answer,
                    outcome,
                }))
            });
        }
    }

    /// The database's time, as far as it is known here.
    fn now(&self) -> DateTime<Utc> {
        let (shown, at) = self.clock;
        shown + TimeDelta::from_std(at.elapsed()).unwrap_or_default()
    }

    fn can_write(&self, now: Instant) -> bool {
        self.busy.writing == 0
            && !self.results.is_empty()
            && (now >= self.write_at || self.results.len() >= GATHER_AT_MOST)
    }

    pub fn write(&mut self) {
        let batch: Vec<Sent> = self.results.drain(..self.results.len().min(GATHER_AT_MOST)).collect();
        self.busy.writing = batch.len();
        let delivering = self.delivering.clone();
        self.tasks.spawn(async move {
            let written = results::write(&delivering, &batch).await;
            Done::Written(batch, written)
        });
    }

    fn renew(&mut self, now: Instant) {
        self.busy.renewing = true;
        self.renewed_at = now;
        self.renew_at = now + RENEW_EVERY;
        let delivering = self.delivering.clone();
        let held: Vec<(i64, Uuid, i32)> = self
            .lanes
            .iter()
            .map(|lane| (lane.webhook_id, lane.claim, lane.target.version))
            .collect();
        self.tasks
            .spawn(async move { Done::Renewed(renew(&delivering, held, now).await) });
    }

    fn look(&mut self, now: Instant) {
        if now >= self.look_at {
            self.lanes.iter_mut().for_each(Lane::wake);
            self.wants_lanes = true;
            self.look_at = now + LOOK_EVERY;
        }
        let limits = self.delivering.limits;
        let mut lanes = 0;
        if self.wants_lanes && now >= self.claim_at && self.may_send() {
            lanes = ((limits.per_worker - self.flying) / limits.per_webhook).max(1);
            self.wants_lanes = false;
            self.claim_at = now + CLAIM_EVERY;
        }
        let is_hungry = self.lanes.iter().any(Lane::is_hungry);
        if lanes == 0 && !is_hungry {
            return;
        }
        let wishes = self.lanes.iter().flat_map(Lane::wishes).collect();
        let waiting: usize = self.lanes.iter().map(Lane::waiting_bytes).sum();
        let wanted = Look {
            lanes,
            wishes,
            room_bytes: WAITING_BYTES.saturating_sub(waiting),
        };
        self.busy.looking = true;
        let delivering = self.delivering.clone();
        self.tasks
            .spawn(async move { Done::Looked(look(&delivering, wanted).await) });
    }

    pub fn release(&mut self, held: Vec<(i64, Uuid)>) {
        if held.is_empty() {
            return;
        }
        let pool = self.delivering.pool.clone();
        self.tasks
            .spawn(async move { Done::Released(queries::release(&pool, &held).await) });
    }

    pub fn take(&mut self, done: Result<Done, JoinError>) {
        let failed = match done {
            Ok(Done::Sent(sent)) => {
                self.landed(*sent);
                return;
            }
            Ok(Done::Looked(looked)) => {
                self.busy.looking = false;
                looked.map(|looked| self.found(looked)).err()
            }
            Ok(Done::Written(batch, written)) => {
                self.busy.writing = 0;
                self.written(batch, written).err()
            }
            Ok(Done::Renewed(renewal)) => {
                self.busy.renewing = false;
                renewal.map(|renewal| self.renewed(renewal)).err()
            }
            Ok(Done::Released(released)) => released.err(),
            Err(error) => {
                tracing::error!(%error, "a part of the sending of deliveries broke off; beginning anew");
                // Their leases run out, and what was in flight is sent again.
                self.lanes = Lanes::default();
                self.busy = Busy::default();
                // If it was a sending. One place too many is better than one lost for good.
                self.flying = self.flying.saturating_sub(1);
                return;
            }
        };
        if let Some(error) = failed {
            tracing::warn!(%error, "deliveries cannot be looked for or written down; trying again");
            let later = Instant::now() + RETRY_AFTER;
            self.look_at = later;
            self.claim_at = later;
            self.write_at = later;
        }
    }

    fn landed(&mut self, sent: Sent) {
        self.flying = self.flying.saturating_sub(1);
        let per_webhook = self.delivering.limits.per_webhook;
        let Some(lane) = self.lanes.held(sent.webhook_id, sent.claim) else {
            // Lost meanwhile: whoever has it now sends again.
            return;
        };
        lane.landed(sent.product_id, sent.answer.is_prompt(), per_webhook);
        if sent.outcome == Outcome::Gone || sent.rest().is_some() {
            lane.close();
        }
        if self.results.is_empty() {
            self.write_at = self.write_at.max(Instant::now() + GATHER_FOR);
        }
        self.results.push(sent);
    }

    fn found(&mut self, looked: Looked) {
        if let Some(clock) = looked.now {
            self.clock = clock;
        }
        looked.lanes.into_iter().for_each(|lane| self.lanes.add(lane));
        for (wish, fetched, has_more) in looked.fetched {
            if let Some(lane) = self.lanes.held(wish.webhook_id, wish.claim) {
                lane.take(&wish, fetched, has_more);
            }
        }
    }

    fn written(&mut self, batch: Vec<Sent>, written: sqlx::Result<Vec<i64>>) -> sqlx::Result<()> {
        let switched_off = match written {
            Ok(switched_off) => switched_off,
            Err(error) => {
                self.results.splice(0..0, batch);
                return Err(error);
            }
        };
        let ids = results::ids_of(&batch);
        for lane in self.lanes.iter_mut() {
            lane.forget(&ids);
            if switched_off.contains(&lane.webhook_id) {
                lane.close();
            }
        }
        Ok(())
    }

    fn renewed(&mut self, renewal: Renewal) {
        for (webhook_id, claim) in renewal.lost {
            if self.lanes.held(webhook_id, claim).is_some() {
                tracing::debug!(webhook_id, "a lane was lost");
                self.lanes.remove(webhook_id);
            }
        }
        for (webhook_id, claim, is_open) in renewal.kept {
            if let Some(lane) = self.lanes.held(webhook_id, claim) {
                lane.held_until = renewal.asked_at + LEASE;
                if !is_open {
                    lane.close();
                }
            }
        }
        for (claim, kept, target) in renewal.changed {
            self.clock = (kept.now, Instant::now());
            if let Some(lane) = self.lanes.held(kept.id, claim) {
                lane.lead_to(target, kept.backlog());
            }
        }
    }
}
