//! Merging staged rows into the catalogue, batch by batch, in key order.
//!
//! Blocks are taken by their first key. As soon as a batch of them is in memory, every row whose key comes before
//! the first key of the next block is complete: no later block can have that key. Those rows are folded (the last
//! line of a key wins) and written; the others wait for the next batch. At most one block of each run is waiting.

use super::batch::{Batch, Waiting};
use super::claim::{Claim, Claimed};
use super::merging_queries as queries;
use super::ranges::{self, Range};
use super::reading_queries::lock_claim;
use super::stop::{Result, Stop};
use crate::catalog::{self, BulkCounts, BulkMode, BulkOrigin, BulkWriter};
use crate::imports::import::{Mode, NewStatus};
use crate::imports::staging::{BlockKeys, Staging};
use crate::platform::database::is_conflict;
use crate::platform::fault;
use crate::platform::giving_way::{give_way, is_rush};
use crate::platform::task::to_the_end;
use anyhow::anyhow;
use sqlx::PgPool;
use std::ops;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::sleep;

/// Blocks of one batch: about 10,000 rows, the size that measured best.
const BLOCKS_PER_BATCH: usize = 32;
/// The same while pages are asked for all the time: a batch keeps a processor, and they wait for it.
const BLOCKS_IN_RUSH: usize = 4;
/// How long a batch gives way to pages at most.
const GIVES_WAY: Duration = Duration::from_millis(100);
/// While pages are asked for all the time a batch waits for an index that is so far behind: for so long has the first change
/// that it does not have been there.
const INDEX_LAG: ops::Range<Duration> = Duration::from_millis(700)..Duration::from_secs(20);
/// For how long at most, and how often it looks.
const WAITS_FOR_INDEX: Duration = Duration::from_secs(2);
const LOOKS_AT_INDEX_EVERY: Duration = Duration::from_millis(50);
/// How often a batch is tried when people change the same products meanwhile.
const BATCH_TRIES: usize = 5;

/// What became of the rows of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchCounts {
    pub products: BulkCounts,
    pub duplicates: i64,
}

/// Merges what is left of an import.
pub async fn merge(pool: &PgPool, claimed: &Claimed) -> Result<()> {
    let claim = claimed.claim();
    let staging = Staging::of(claimed.id);
    let mut connection = pool.acquire().await?;
    let is_intact = match claimed.reading.as_ref() {
        Some(checkpoint) => staging.is_intact(&mut connection, checkpoint.0.blocks).await?,
        None => false,
    };
    if !is_intact {
        queries::read_again(&mut *connection, claim).await?;
        return Err(Stop::ClaimLost);
    }
    let mut transaction = claim.begin(pool).await?;
    let blocks = Arc::new(staging.block_keys(&mut transaction).await?);
    transaction.commit().await?;
    let ranges = ranges::of_import(&mut connection, claim, &blocks).await?;
    drop(connection);
    let origin = origin_of(claimed);
    let turn = Arc::new(Mutex::new(()));
    let lanes = ranges.into_iter().filter(|range| !range.done).map(|range| {
        let lane = Lane {
            pool: pool.clone(),
            claim,
            staging,
            writer: BulkWriter::new(origin),
            range,
            turn: Arc::clone(&turn),
        };
        lane.merge(Arc::clone(&blocks))
    });
    futures_util::future::try_join_all(lanes.map(spawned)).await?;
    finish(pool, claim, staging).await
}

/// Runs a lane beside the others, on any core; ended with the future that waits for it.
async fn spawned(lane: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(lane);
    match tasks.join_next().await {
        Some(ended) => ended?,
        None => Ok(()),
    }
}

async fn finish(pool: &PgPool, claim: Claim, staging: Staging) -> Result<()> {
    fault::point("merging.end")?;
    let mut transaction = pool.begin().await?;
    if !lock_claim(&mut transaction, claim).await? {
        return Err(Stop::ClaimLost);
    }
    if !queries::finish(&mut *transaction, claim).await? {
        return Err(anyhow!("what was written does not account for every row of the file").into());
    }
    staging.drop(&mut transaction).await?;
    catalog::end_merge(&mut transaction, claim.import_id).await?;
    transaction.commit().await?;
    Ok(())
}

fn origin_of(claimed: &Claimed) -> BulkOrigin {
    BulkOrigin {
        import_id: claimed.id,
        mode: match claimed.mode {
            Mode::Overwrite => BulkMode::Overwrite,
            Mode::CreateOnly => BulkMode::CreateOnly,
            Mode::UpdateOnly => BulkMode::UpdateOnly,
        },
        new_active: claimed.new_status == NewStatus::Active,
    }
}

/// One range on its way through.
struct Lane {
    pool: PgPool,
    claim: Claim,
    staging: Staging,
    writer: BulkWriter,
    range: Range,
    /// Whose turn it is while only one lane may be at work.
    turn: Arc<Mutex<()>>,
}

impl Lane {
    async fn merge(mut self, blocks: Arc<Vec<BlockKeys>>) -> Result<()> {
        let mine: Vec<&BlockKeys> = blocks.iter().filter(|block| self.range.touches(block)).collect();
        let (mut rest, mut waiting) = (&*mine, Waiting::default());
        while !rest.is_empty() {
            let turn = self.turn_in_rush().await;
            let most = if turn.is_some() {
                BLOCKS_IN_RUSH
            } else {
                BLOCKS_PER_BATCH
            };
            let (batch, after) = rest.split_at(most.min(rest.len()));
            let numbers: Vec<i64> = batch.iter().map(|block| block.number).collect();
            let mut transaction = self.claim.begin(&self.pool).await?;
            let bytes = self.staging.read(&mut transaction, &numbers).await?;
            transaction.commit().await?;
            waiting.add(&bytes, &self.range)?;
            let next = after.first().map(|block| block.first_key.as_str());
            let complete = waiting.take_before(next);
            self.write(complete).await?;
            drop(turn);
            rest = after;
        }
        self.close().await
    }

    /// Waits for this lane's turn while pages are asked for all the time, gives way to them, and waits for the index.
    async fn turn_in_rush(&self) -> Option<OwnedMutexGuard<()>> {
        if !is_rush(&self.pool).await {
            return None;
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        give_way(&self.pool, GIVES_WAY).await;
        self.wait_for_index().await;
        Some(turn)
    }

    /// Waits until the index has come near: it gives way to pages as well, and people look for what was merged. One that is
    /// far behind is not waited for, and none for long, since it may be in nobody's hands.
    async fn wait_for_index(&self) {
        let until = Instant::now() + WAITS_FOR_INDEX;
        while Instant::now() < until {
            match catalog::index_backlog(&self.pool).await {
                Ok(backlog) if INDEX_LAG.contains(&backlog.waiting) => sleep(LOOKS_AT_INDEX_EVERY).await,
                _ => return,
            }
        }
    }

    /// Writes a batch, again and again where people change the same products meanwhile.
    async fn write(&mut self, batch: Batch) -> Result<()> {
        let batch = Arc::new(batch);
        let mut tries = 1;
        loop {
            let write = BatchWrite {
                pool: self.pool.clone(),
                claim: self.claim,
                range: self.range.number,
                writer: self.writer.clone(),
                batch: Arc::clone(&batch),
            };
            match to_the_end(write.run()).await? {
                Err(Stop::Trouble(error)) if tries < BATCH_TRIES && may_go_better(&error) => {
                    tracing::info!(import_id = self.claim.import_id, %error, "a batch met a change by hand, again");
                    tries += 1;
                }
                Err(stop) => return Err(stop),
                Ok((writer, done_key)) => {
                    self.writer = writer;
                    self.range.done_key = done_key.or(self.range.done_key.take());
                    return Ok(());
                }
            }
        }
    }

    async fn close(&self) -> Result<()> {
        let mut connection = self.pool.acquire().await?;
        queries::move_range(&mut connection, self.claim.import_id, self.range.number, None).await?;
        Ok(())
    }
}

/// One batch in one transaction, which goes on to its end whatever becomes of the lane (`platform::task`).
struct BatchWrite {
    pool: PgPool,
    claim: Claim,
    range: i32,
    writer: BulkWriter,
    batch: Arc<Batch>,
}

impl BatchWrite {
    /// Writes the batch with its counts and its last key, which is `None` for a batch without rows.
    async fn run(mut self) -> Result<(BulkWriter, Option<String>)> {
        let (rows, duplicates) = self.batch.folded()?;
        let Some(last) = rows.last() else {
            return Ok((self.writer, None));
        };
        let mut transaction = self.claim.begin(&self.pool).await?;
        let products = self.writer.write(&mut transaction, &rows).await?;
        fault::point("merging.batch")?;
        queries::move_range(&mut transaction, self.claim.import_id, self.range, Some(last.key)).await?;
        let counts = BatchCounts { products, duplicates };
        if !queries::count_batch(&mut transaction, self.claim, &counts).await? {
            return Err(Stop::ClaimLost);
        }
        transaction.commit().await?;
        fault::point("merging.batch_committed")?;
        Ok((self.writer, Some(last.key.to_owned())))
    }
}

/// Whether somebody else changed a product between look-up and write, which the writer tells by a lost row.
fn may_go_better(error: &anyhow::Error) -> bool {
    let is_lost = matches!(error.downcast_ref(), Some(sqlx::Error::RowNotFound));
    is_lost || is_conflict(error)
}
