//! Every background job and schedule, on one screen.

use crate::catalog::{self, Search};
use crate::config::HistorySettings;
use crate::imports::{self, Engine, Uploads};
use crate::webhooks::{self, Delivering, Rings};
use std::time::Duration;

const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// After how many sweeps the file storage is searched for files that belong to no import.
const ORPHANS_EVERY: u32 = 60;

/// How long what is over is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    pub history: HistorySettings,
    pub deliveries: Duration,
}

/// Works until the process is to stop.
pub async fn run(engine: Engine, uploads: Uploads, search: Search, delivering: Delivering, keeping: Keeping) {
    let rings = Rings::new(engine.doorbell.clone());
    tokio::join!(
        // Uploads are read while they arrive, any number side by side.
        engine.read_uploads(),
        // Imports are merged one after another.
        engine.merge_queue(),
        // What changes can be found.
        catalog::keep_indexed(&search, engine.stopping.clone()),
        // Many products are changed at once, piece by piece.
        catalog::selection::work_queue(&search, &engine.doorbell, engine.stopping.clone()),
        // What was changed by hand is told.
        webhooks::deliver(&delivering, engine.stopping.clone()),
        // What failed is tried again where somebody asked for it.
        webhooks::work_retries(&engine.pool, &rings, engine.stopping.clone()),
        // What is no longer needed goes.
        sweep_regularly(&engine, &uploads, keeping),
    );
}

async fn sweep_regularly(engine: &Engine, uploads: &Uploads, keeping: Keeping) {
    let mut stopping = engine.stopping.clone();
    for round in 0_u32.. {
        if let Err(error) = sweep(engine, uploads, keeping, round).await {
            tracing::warn!(?error, "could not tidy up; trying again in a minute");
        }
        tokio::select! {
            () = stopping.wait() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
    }
}

async fn sweep(engine: &Engine, uploads: &Uploads, keeping: Keeping, round: u32) -> anyhow::Result<()> {
    imports::sweep_staging(&engine.pool).await?;
    imports::fail_orphans(&engine.pool).await?;
    imports::end_forgotten_merges(&engine.pool).await?;
    catalog::compact_counts(&engine.pool).await?;
    catalog::sweep_deleted(&engine.pool).await?;
    catalog::sweep_cleared(&engine.pool).await?;
    catalog::sweep_history(&engine.pool, keeping.history.history_keep_days).await?;
    catalog::selection::sweep(&engine.pool).await?;
    webhooks::sweep(&engine.pool, keeping.deliveries).await?;
    // Last: the place of files may be away while the database is not.
    imports::sweep_uploads(uploads).await?;
    if round.is_multiple_of(ORPHANS_EVERY) {
        imports::sweep_orphans(uploads).await?;
    }
    Ok(())
}
