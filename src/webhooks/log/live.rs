//! A webhook told live: one look at it for all of a process's viewers, who are told that there is something new.
//!
//! The page then fetches what it shows, so that whoever filters sees his own part of the list.

use super::queries::{self, Stamp};
use crate::platform::stopping::Stopping;
use crate::webhooks::health::MOST_WAITING;
use axum::response::sse::Event;
use futures_util::Stream;
use sqlx::PgPool;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How often the webhooks that somebody watches are looked at; what changes between two looks is told as one.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The database stands still, or its host has vanished: the next look has another connection.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// After which time a viewer of a process that stops asks again, somewhere else.
const RETRY: Duration = Duration::from_secs(1);

type Seen = watch::Receiver<Stamp>;

/// The webhooks that are being watched. Cloning is cheap.
#[derive(Clone)]
pub struct Watches {
    pool: PgPool,
    stopping: Stopping,
    watched: Arc<Mutex<HashMap<i64, Seen>>>,
}

impl Watches {
    /// Nothing is watched yet.
    pub fn new(pool: PgPool, stopping: Stopping) -> Self {
        Self {
            pool,
            stopping,
            watched: Arc::default(),
        }
    }

    /// Watches a webhook from now on; `None` where there is no such webhook.
    pub async fn watch(&self, id: i64) -> sqlx::Result<Option<Seen>> {
        if let Some(seen) = self.watched().get(&id) {
            return Ok(Some(seen.clone()));
        }
        let Some(stamp) = queries::stamp(&self.pool, id, MOST_WAITING).await? else {
            return Ok(None);
        };
        let (sender, seen) = watch::channel(stamp);
        // Two viewers may get here at once: the second finds the first one's channel.
        let shared = self.watched().entry(id).or_insert_with(|| seen.clone()).clone();
        if shared.same_channel(&seen) {
            tokio::spawn(self.clone().look(id, sender));
        }
        Ok(Some(shared))
    }

    /// Looks until nobody watches, the webhook is gone, or the process is to end.
    async fn look(self, id: i64, sender: watch::Sender<Stamp>) {
        while self.goes_on(id, &sender) {
            tokio::time::sleep(LOOK_EVERY).await;
            match timeout(LOOK_TIMEOUT, queries::stamp(&self.pool, id, MOST_WAITING)).await {
                Ok(Ok(Some(stamp))) => {
                    sender.send_if_modified(|known| std::mem::replace(known, stamp.clone()) != stamp);
                }
                Ok(Ok(None)) => {
                    self.watched().remove(&id);
                    return;
                }
                // While the database is away, viewers keep what they have.
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    /// Whether to look on. Deciding and leaving the table are one step under its lock.
    fn goes_on(&self, id: i64, sender: &watch::Sender<Stamp>) -> bool {
        let mut watched = self.watched();
        // The table's own receiver is one.
        let goes_on = sender.receiver_count() > 1 && !self.stopping.is_wished();
        if !goes_on {
            watched.remove(&id);
        }
        goes_on
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<i64, Seen>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event `changed` whenever something has; the first at once, since the page may be older than the watching.
pub fn events(watches: &Watches, mut seen: Seen) -> impl Stream<Item = Result<Event, Infallible>> + Send + use<> {
    seen.mark_changed();
    let stopping = watches.stopping.clone();
    futures_util::stream::unfold(
        (seen, stopping, false),
        |(mut seen, mut stopping, is_over)| async move {
            if is_over {
                return None;
            }
            let changed = tokio::select! {
                changed = seen.changed() => changed.is_ok(),
                () = stopping.wait() => false,
            };
            seen.borrow_and_update();
            let event = if changed {
                Event::default().event("changed").data("new")
            } else {
                Event::default().retry(RETRY).comment("the server is restarting")
            };
            Some((Ok(event), (seen, stopping, !changed)))
        },
    )
}
