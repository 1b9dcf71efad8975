//! Working on changes that wait: claimed by one worker at a time, piece after piece, whatever becomes of the worker.

use super::bulk_change::BulkChange;
use super::piece::{self, After};
use super::queries;
use crate::catalog::Search;
use crate::platform::doorbell::Doorbell;
use crate::platform::stopping::Stopping;
use crate::webhooks::Rings;
use std::time::Duration;
use uuid::Uuid;

/// What is rung when a change waits.
pub const TOPIC: &str = "catalog.bulk_changes";
/// After a crash, another worker goes on at most this much later. A piece renews it.
pub const LEASE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_secs(1);
/// Tries in a row without a piece, after which a change fails.
const MOST_ATTEMPTS: i32 = 5;

/// The right to work on a change.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub id: i64,
    pub token: Uuid,
}

/// Works on changes until the process is to stop.
pub async fn work_queue(search: &Search, doorbell: &Doorbell, mut stopping: Stopping) {
    let mut ears = doorbell.listen(TOPIC);
    let rings = Rings::new(doorbell.clone());
    while !stopping.is_wished() {
        match work_on_next(search, &rings, &stopping).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cannot look for changes to many products; trying again"),
        }
        tokio::select! {
            () = ears.wait(POLL) => {}
            () = stopping.wait() => {}
        }
    }
}

/// Works on the change that has waited longest; `false` where there is none.
async fn work_on_next(search: &Search, rings: &Rings, stopping: &Stopping) -> sqlx::Result<bool> {
    let Some(claim) = queries::claim(&search.database.pool, None, LEASE).await? else {
        return Ok(false);
    };
    work_on(search, claim, rings, stopping).await?;
    Ok(true)
}

/// Works on a change until it is over, or is to be tried again.
pub async fn work_on(search: &Search, claim: Claim, rings: &Rings, stopping: &Stopping) -> sqlx::Result<()> {
    let pool = &search.database.pool;
    let Err(error) = see_through(search, claim, rings, stopping).await else {
        return Ok(());
    };
    let Some(change) = queries::find(pool, claim.id).await? else {
        return Ok(());
    };
    tell(claim, &change, &error);
    if change.attempts >= MOST_ATTEMPTS {
        queries::fail(pool, claim, &gave_up()).await
    } else {
        let pause = Duration::from_millis(250) * 2_u32.pow(change.attempts.clamp(1, 5) as u32);
        queries::release(pool, claim, pause, true).await
    }
}

async fn see_through(search: &Search, claim: Claim, rings: &Rings, stopping: &Stopping) -> anyhow::Result<()> {
    let pool = &search.database.pool;
    loop {
        if stopping.is_wished() {
            return Ok(queries::release(pool, claim, Duration::ZERO, false).await?);
        }
        let Some(change) = queries::find(pool, claim.id).await? else {
            return Ok(());
        };
        let after = piece::next(search, claim, &change).await?;
        rings.ring();
        if after != After::More {
            return Ok(());
        }
    }
}

fn tell(claim: Claim, change: &BulkChange, error: &anyhow::Error) {
    let error = format!("{error:#}");
    if change.attempts >= MOST_ATTEMPTS {
        tracing::error!(bulk_change_id = claim.id, error, "a change to many products has failed");
    } else {
        tracing::warn!(
            bulk_change_id = claim.id,
            error,
            "a change to many products is tried again"
        );
    }
}

/// What people are told. The error itself is in the log, for those who can do something about it.
fn gave_up() -> String {
    format!("It was tried {MOST_ATTEMPTS} times and did not get any further. What was changed so far stays.")
}
