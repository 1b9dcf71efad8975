//! One look at an import's row for all of a process's viewers.

use crate::imports::import::Import;
use crate::imports::queries;
use crate::platform::database::Database;
use crate::platform::stopping::Stopping;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Numbers are told at least every 200 ms while they change.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Nothing has changed for a while: look less often.
const LOOK_IDLE: Duration = Duration::from_millis(500);
const IDLE_LOOKS: u32 = 20;

/// The imports that are being watched.
#[derive(Clone)]
pub struct Watches {
    database: Database,
    stopping: Stopping,
    watched: Arc<Mutex<HashMap<i64, watch::Receiver<Arc<Import>>>>>,
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
    pub async fn watch(&self, id: i64) -> Result<Option<watch::Receiver<Arc<Import>>>, sea_orm::DbErr> {
        if let Some(receiver) = self.watched().get(&id) {
            return Ok(Some(receiver.clone()));
        }
        let Some(import) = queries::find(&self.database.orm, id).await? else {
            return Ok(None);
        };
        let (sender, receiver) = watch::channel(Arc::new(import));
        if receiver.borrow().is_over() {
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
    async fn look(self, id: i64, sender: watch::Sender<Arc<Import>>) {
        let mut quiet_looks = 0;
        // The table's own receiver is one.
        while sender.receiver_count() > 1 && !sender.borrow().is_over() && !self.stopping.is_wished() {
            tokio::time::sleep(if quiet_looks < IDLE_LOOKS {
                LOOK_EVERY
            } else {
                LOOK_IDLE
            })
            .await;
            // While the database is away, viewers keep what they have.
            let Ok(found) = queries::find(&self.database.orm, id).await else {
                continue;
            };
            let Some(import) = found else { break };
            let changed = sender.send_if_modified(|known| {
                let changed = **known != import;
                if changed {
                    *known = Arc::new(import);
                }
                changed
            });
            quiet_looks = if changed { 0 } else { quiet_looks + 1 };
        }
        self.watched().remove(&id);
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, HashMap<i64, watch::Receiver<Arc<Import>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
