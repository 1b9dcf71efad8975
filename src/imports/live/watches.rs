//! One look at an import's row for all of a process's viewers.

use crate::imports::import::Import;
use crate::imports::json::ImportJson;
use crate::imports::queries;
use crate::platform::database::Database;
use crate::platform::stopping::Stopping;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Numbers are told at least every 200 ms while they change.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Nothing has changed for a while: look less often.
const LOOK_IDLE: Duration = Duration::from_millis(500);
const IDLE_LOOKS: u32 = 20;
/// The database stands still, or its host has vanished: the next look has another connection.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);

/// An import as it was seen, and as every viewer is told of it.
pub struct Seen {
    pub import: Import,
    pub json: String,
}

impl Seen {
    /// # Errors
    /// There are none that we know of: a state can always be told.
    pub fn new(import: Import) -> serde_json::Result<Self> {
        let json = serde_json::to_string(&ImportJson::from(import.clone()))?;
        Ok(Self { import, json })
    }
}

/// The imports that are being watched.
#[derive(Clone)]
pub struct Watches {
    database: Database,
    stopping: Stopping,
    watched: Arc<Mutex<HashMap<i64, watch::Receiver<Arc<Seen>>>>>,
}

impl Watches {
    /// Nothing is watched yet.
    pub fn new(database: Database, stopping: Stopping) -> Self {
        Self {
            database,
            stopping,
            watched: Arc::default(),
        }
    }

    /// Where imports are looked at.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Whether the process is to end.
    pub fn stopping(&self) -> &Stopping {
        &self.stopping
    }

    /// Watches an import from its newest state on; `None` where there is no such import.
    pub async fn watch(&self, id: i64) -> anyhow::Result<Option<watch::Receiver<Arc<Seen>>>> {
        if let Some(receiver) = self.watched().get(&id) {
            return Ok(Some(receiver.clone()));
        }
        let Some(import) = queries::find(&self.database.orm, id).await? else {
            return Ok(None);
        };
        let (sender, receiver) = watch::channel(Arc::new(Seen::new(import)?));
        if receiver.borrow().import.is_over() {
            return Ok(Some(receiver));
        }
        // Two viewers may get here at once: the second finds the first one's channel.
        let shared = self.watched().entry(id).or_insert_with(|| receiver.clone()).clone();
        if shared.same_channel(&receiver) {
            tokio::spawn(self.clone().look(id, sender));
        }
        Ok(Some(shared))
    }

    /// Looks until nobody watches or nothing will change any more.
    async fn look(self, id: i64, sender: watch::Sender<Arc<Seen>>) {
        let mut quiet_looks = 0;
        while self.goes_on(id, &sender) {
            tokio::time::sleep(if quiet_looks < IDLE_LOOKS {
                LOOK_EVERY
            } else {
                LOOK_IDLE
            })
            .await;
            // While the database is away, viewers keep what they have.
            let Ok(Ok(found)) = timeout(LOOK_TIMEOUT, queries::find(&self.database.orm, id)).await else {
                continue;
            };
            let Some(import) = found else {
                self.watched().remove(&id);
                return;
            };
            if sender.borrow().import == import {
                quiet_looks += 1;
            } else if let Ok(seen) = Seen::new(import) {
                sender.send_replace(Arc::new(seen));
                quiet_looks = 0;
            }
        }
    }

    /// Whether to look on. Deciding and leaving the table are one step under its lock: whoever finds the channel
    /// there is told of what comes.
    fn goes_on(&self, id: i64, sender: &watch::Sender<Arc<Seen>>) -> bool {
        let mut watched = self.watched();
        // The table's own receiver is one.
        let goes_on = sender.receiver_count() > 1 && !sender.borrow().import.is_over() && !self.stopping.is_wished();
        if !goes_on {
            watched.remove(&id);
        }
        goes_on
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, HashMap<i64, watch::Receiver<Arc<Seen>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::import::{Mode, NewStatus, Phase, Source, State};
    use crate::platform::stopping::stopping;
    use sqlx::PgPool;

    fn import() -> Import {
        Import {
            id: 1,
            filename: "products.csv".into(),
            source: Source::Upload,
            mode: Mode::Overwrite,
            new_status: NewStatus::Active,
            state: State::Uploading,
            phase: Phase::Receiving,
            error: None,
            bytes_total: None,
            bytes_received: 0,
            upload_metadata: None,
            upload_expires_at: None,
            file_removed_at: None,
            bytes_read: 0,
            reading: None,
            read_at: None,
            columns: None,
            warnings: serde_json::json!([]),
            rows_read: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            duplicates: 0,
            skipped: 0,
            rejected: 0,
            lease_until: None,
            attempts: 0,
            created_at: chrono::DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
        }
    }

    /// A viewer comes while the loop asks itself whether anybody is left, over and over.
    #[tokio::test]
    async fn who_finds_a_channel_is_not_left_alone() -> anyhow::Result<()> {
        let (_stop, stopping) = stopping();
        let database = Database::of(PgPool::connect_lazy("postgres://localhost/none")?);
        let watches = Watches::new(database, stopping);
        for round in 0..500 {
            let (sender, receiver) = watch::channel(Arc::new(Seen::new(import())?));
            watches.watched().insert(1, receiver);
            let goes_on = std::thread::scope(|scope| {
                let watched = watches.watched();
                let leaving = scope.spawn(|| watches.goes_on(1, &sender));
                // Time for a decision that does not wait for the lock.
                (0..100).for_each(|_| std::thread::yield_now());
                let found = watched.get(&1).cloned();
                drop(watched);
                (leaving.join(), found)
            });
            assert!(matches!(goes_on, (Ok(true), Some(_))), "round {round}");
        }
        Ok(())
    }
}
