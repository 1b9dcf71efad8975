//! A lane as its worker has it in memory: what waits, what is in flight, and how much may be.

use super::target::{Backlog, Target};
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Deliveries per fetch. Fetch again when fewer than half of this many are queued.
pub const QUEUE: usize = 128;
/// Up to this many are queued when those that wait are all of a few products, so that others are not kept out.
const QUEUE_MAX: usize = 8 * QUEUE;
/// The pace of what waited while a webhook was switched off: a receiver that has just come back must not be overwhelmed.
const GENTLE_EVERY: Duration = Duration::from_millis(50);
const GENTLE_QUEUE: usize = 16;
/// How many may be in flight before anything was answered: of different products, so that one that goes unanswered does
/// not stand for all.
const FIRST_ALLOWED: usize = 2;

/// A delivery that is due.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Due {
    pub id: i64,
    pub webhook_id: i64,
    pub event_id: Uuid,
    pub product_id: Option<i64>,
    pub tries: i32,
    pub body: String,
}

/// What a lane wants deliveries for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WishKind {
    /// Whatever is due.
    Any,
    /// Those of products that are not in flight.
    Others,
    /// Those that waited while nothing was sent.
    Backlog,
}

/// What a lane wants to be fetched.
#[derive(Clone, Debug)]
pub struct Wish {
    pub kind: WishKind,
    pub webhook_id: i64,
    pub claim: Uuid,
    pub room: usize,
    /// Deliveries above this id, up to that one.
    pub above: i64,
    pub upto: i64,
    /// Those that became due then or later.
    pub since: Option<DateTime<Utc>>,
    /// Those in memory already.
    pub known: Vec<i64>,
    /// Whose deliveries could not be sent now; none where that does not matter.
    pub busy_products: Vec<i64>,
}

/// The right to send to one webhook.
#[derive(Debug)]
pub struct Lane {
    pub webhook_id: i64,
    pub claim: Uuid,
    /// Until when nobody else has it, by this process's own clock.
    pub held_until: Instant,
    pub target: Arc<Target>,
    /// Nothing more is sent: it was switched off, or its receiver wants a rest.
    pub is_closed: bool,
    pub quiet_since: Instant,
    waiting: VecDeque<Due>,
    /// What waited while nothing was sent, and what of it is in memory.
    backlog: Option<Backlog>,
    backlog_waiting: VecDeque<Due>,
    next_of_backlog_at: Instant,
    /// Everything fetched of which it is not yet written what came of it.
    known: HashSet<i64>,
    /// In flight: how many, and of which products.
    flying: usize,
    flying_products: HashSet<i64>,
    /// How many may be in flight now: few at first, more as answers come, fewer while they do not.
    allowed: usize,
    more: More,
}

/// Whether there may be more to fetch.
#[derive(Clone, Copy, Debug)]
struct More {
    any: bool,
    /// Of products that are not in flight.
    others: bool,
    backlog: bool,
}

impl Lane {
    pub fn new(webhook_id: i64, claim: Uuid, held_until: Instant, target: Target, backlog: Option<Backlog>) -> Self {
        let now = Instant::now();
        Self {
            webhook_id,
            claim,
            held_until,
            target: Arc::new(target),
            is_closed: false,
            quiet_since: now,
            waiting: VecDeque::new(),
            backlog,
            backlog_waiting: VecDeque::new(),
            next_of_backlog_at: now,
            known: HashSet::new(),
            flying: 0,
            flying_products: HashSet::new(),
            allowed: FIRST_ALLOWED,
            more: More {
                any: true,
                others: true,
                backlog: backlog.is_some(),
            },
        }
    }

    /// Something may have become due.
    pub fn wake(&mut self) {
        self.more.any = true;
        self.more.others = true;
        self.more.backlog = self.backlog.is_some();
    }

    /// What changed about the webhook.
    pub fn lead_to(&mut self, target: Target, backlog: Option<Backlog>) {
        self.target = Arc::new(target);
        self.backlog = backlog;
        self.wake();
    }

    /// Nothing more is sent. What is in flight still ends.
    pub fn close(&mut self) {
        self.is_closed = true;
        for due in self.waiting.drain(..).chain(self.backlog_waiting.drain(..)) {
            self.known.remove(&due.id);
        }
    }

    /// Whether nothing of it is in memory.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Bytes of what waits.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting
            .iter()
            .chain(&self.backlog_waiting)
            .map(|due| due.body.len())
            .sum()
    }

    /// Whether it wants anything to be fetched now.
    pub fn is_hungry(&self) -> bool {
        !self.is_closed && (self.wants_more() || self.wants_others() || self.wants_backlog())
    }

    /// What it wants to be fetched now.
    pub fn wishes(&self) -> Vec<Wish> {
        if self.is_closed {
            return Vec::new();
        }
        let (above, since) = self.backlog.map_or((0, None), |backlog| (backlog.upto, backlog.until));
        let wish = self.wish();
        let any = Wish {
            above,
            since,
            ..wish.clone()
        };
        let mut wishes = Vec::new();
        if self.wants_more() {
            wishes.push(any);
        } else if self.wants_others() {
            wishes.push(Wish {
                kind: WishKind::Others,
                busy_products: self.flying_products.iter().copied().collect(),
                ..any
            });
        }
        if self.wants_backlog() {
            wishes.push(Wish {
                kind: WishKind::Backlog,
                room: GENTLE_QUEUE,
                upto: above,
                ..wish
            });
        }
        wishes
    }

    fn wants_more(&self) -> bool {
        self.more.any && self.waiting.len() < QUEUE / 2 && self.known.len() < QUEUE_MAX
    }

    /// Everything that waits is of products that are in flight, and others must not wait for them.
    fn wants_others(&self) -> bool {
        self.more.others
            && (QUEUE / 2..QUEUE_MAX).contains(&self.waiting.len())
            && self.sendable(&self.waiting).is_none()
    }

    fn wants_backlog(&self) -> bool {
        self.more.backlog && self.backlog_waiting.len() < GENTLE_QUEUE / 2
    }

    fn wish(&self) -> Wish {
        Wish {
            kind: WishKind::Any,
            webhook_id: self.webhook_id,
            claim: self.claim,
            room: QUEUE,
            above: 0,
            upto: i64::MAX,
            since: None,
            known: self.known.iter().copied().collect(),
            busy_products: Vec::new(),
        }
    }

    /// Takes what was fetched for a wish.
    pub fn take(&mut self, wish: &Wish, fetched: Vec<Due>, has_more: bool) {
        let (more, queue) = match wish.kind {
            WishKind::Any => (&mut self.more.any, &mut self.waiting),
            WishKind::Others => (&mut self.more.others, &mut self.waiting),
            WishKind::Backlog => (&mut self.more.backlog, &mut self.backlog_waiting),
        };
        *more = has_more;
        if self.is_closed {
            return;
        }
        self.known.extend(fetched.iter().map(|due| due.id));
        queue.extend(fetched);
    }

    /// What is sent next, where something can be with `most` in flight: it is in flight from then on.
    pub fn next(&mut self, most: usize, now: Instant) -> Option<Due> {
        if self.is_closed || self.flying >= self.allowed.min(most) || now >= self.held_until {
            return None;
        }
        let due = match self.sendable(&self.waiting) {
            Some(at) => self.waiting.remove(at)?,
            None if now >= self.next_of_backlog_at => {
                let at = self.sendable(&self.backlog_waiting)?;
                self.next_of_backlog_at = now + GENTLE_EVERY;
                self.backlog_waiting.remove(at)?
            }
            None => return None,
        };
        self.flying += 1;
        self.flying_products.extend(due.product_id);
        Some(due)
    }

    fn sendable(&self, queue: &VecDeque<Due>) -> Option<usize> {
        let is_free = |product: i64| !self.flying_products.contains(&product);
        queue.iter().position(|due| due.product_id.is_none_or(is_free))
    }

    /// When something of the backlog may be sent, where it is only its pace that keeps it.
    pub fn wakes_at(&self, per_webhook: usize) -> Option<Instant> {
        let is_ready = self.flying < self.allowed.min(per_webhook) && self.sendable(&self.backlog_waiting).is_some();
        (is_ready && self.next_of_backlog_at < self.held_until).then_some(self.next_of_backlog_at)
    }

    /// Something is in flight no more.
    pub fn landed(&mut self, product_id: Option<i64>, is_prompt: bool, per_webhook: usize) {
        self.flying -= 1;
        if let Some(product) = product_id {
            self.flying_products.remove(&product);
        }
        let allowed = self.allowed.min(per_webhook);
        self.allowed = if is_prompt { allowed + 1 } else { (allowed / 2).max(1) };
        self.more.others = true;
        self.quiet_since = Instant::now();
    }

    /// It is written what came of these.
    pub fn forget(&mut self, ids: &HashMap<(i64, Uuid), Vec<i64>>) {
        for id in ids.get(&(self.webhook_id, self.claim)).into_iter().flatten() {
            self.known.remove(id);
        }
    }
}
