//! Keeping the index up to date for as long as a process runs, and setting it aside with a catalogue that is deleted.

use super::step::{Step, compact, index_changes};
use super::{Search, index_queries as queries};
use crate::platform::stopping::Stopping;
use sqlx::{PgConnection, PgPool};
use std::time::{Duration, Instant};

/// How often an idle process looks for changes to index. Large batches cannot be found before.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const BUSY_LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long changes wait for others to join them, since each step leaves a segment that every search then looks at.
const GATHERED_FOR: Duration = Duration::from_millis(400);
const GATHERING_LOOK_EVERY: Duration = Duration::from_millis(50);
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Compacting waits until nothing has been indexed for `QUIET`, or for `NEVER_QUIET` where that never happens.
const QUIET: Duration = Duration::from_secs(10);
const NEVER_QUIET: Duration = Duration::from_mins(10);

/// When it was last indexed, and looked for something to compact.
struct Last {
    indexed: Instant,
    looked: Instant,
}

impl Last {
    /// Whether it is time to look for something to compact: when nothing has been indexed for a while, since another
    /// import may follow the last one; or when the last look is long ago.
    fn is_long_ago(&self) -> bool {
        let looked = self.looked.elapsed();
        looked >= QUIET && (self.indexed.elapsed() >= QUIET || looked >= NEVER_QUIET)
    }
}

/// Indexes what changes until the process is to stop. Any number of processes may do this; one at a time does.
pub async fn keep_indexed(search: &Search, mut stopping: Stopping) {
    let mut last = Last {
        indexed: Instant::now(),
        looked: Instant::now(),
    };
    loop {
        let pause = look(search, &mut last).await.unwrap_or_else(|error| {
            tracing::warn!(?error, "the search index could not be brought up to date; trying again");
            RETRY_AFTER
        });
        tokio::select! {
            () = stopping.wait() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Indexes what has changed, unless that waits for more, and tells when to look again.
async fn look(search: &Search, last: &mut Last) -> anyhow::Result<Duration> {
    let step = match queries::are_gathering(&search.database.pool, GATHERED_FOR).await? {
        Some(true) => return Ok(GATHERING_LOOK_EVERY),
        Some(false) => index(search, last).await?,
        None => compact_at_last(search, last).await?,
    };
    Ok(match step {
        Step::Done(products) => {
            tracing::debug!(products, "indexed");
            Duration::ZERO
        }
        Step::Idle | Step::Busy => LOOK_EVERY,
    })
}

async fn index(search: &Search, last: &mut Last) -> anyhow::Result<Step> {
    let indexed = index_changes(search).await?;
    if matches!(indexed, Step::Done(_)) {
        last.indexed = Instant::now();
    }
    Ok(indexed)
}

/// Compacts, if it is time to.
async fn compact_at_last(search: &Search, last: &mut Last) -> anyhow::Result<Step> {
    if !last.is_long_ago() {
        return Ok(Step::Idle);
    }
    // Boxed, since it would make the future of every import that large.
    let compacted = Box::pin(compact(search)).await?;
    if !matches!(compacted, Step::Done(_)) {
        // Nothing to do, or something more urgent.
        last.looked = Instant::now();
    }
    Ok(compacted)
}

/// Indexes until nothing is left to be indexed, or the process is to stop. What another process is at is waited for.
///
/// # Errors
/// Those of the database. What is left is found by scanning it, or once somebody has indexed it.
pub async fn finish_indexing(search: &Search, stopping: &Stopping) -> anyhow::Result<()> {
    while !stopping.is_wished() {
        match index_changes(search).await? {
            Step::Idle => break,
            Step::Done(_) => {}
            Step::Busy => tokio::time::sleep(BUSY_LOOK_EVERY).await,
        }
    }
    Ok(())
}

/// Sets the index aside with the catalogue that it is of, in the transaction that puts an empty one in its place.
/// What was set aside before is forgotten.
pub async fn set_aside(connection: &mut PgConnection) -> sqlx::Result<()> {
    forget_set_aside(connection).await?;
    queries::mark_set_aside(connection).await
}

/// Forgets the index of a catalogue that can no longer be restored. Others may be waiting for the transaction, so the
/// bulk of it is left to [`sweep_forgotten`].
pub async fn forget_set_aside(connection: &mut PgConnection) -> sqlx::Result<()> {
    queries::forget_segments(connection, true).await?;
    queries::remove_changes_set_aside(connection).await
}

/// Takes the index of a catalogue that is restored, in the transaction that restores it. What was indexed since
/// is forgotten with the catalogue that was there.
pub async fn bring_back(connection: &mut PgConnection) -> sqlx::Result<()> {
    queries::forget_segments(connection, false).await?;
    queries::mark_brought_back(connection).await
}

/// Removes what is left of segments that were forgotten.
pub async fn sweep_forgotten(pool: &PgPool) -> sqlx::Result<()> {
    for segment_id in queries::forgotten_segments(pool).await? {
        queries::remove_segments(&mut *pool.acquire().await?, &[segment_id]).await?;
    }
    Ok(())
}
