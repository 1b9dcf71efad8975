//! Merging staged rows into the catalogue, batch by batch, in key order.
//!
//! Blocks are taken by their first key. As soon as a batch of them is in memory, every row whose key comes before
//! the first key of the next block is complete: no later block can have that key. Those rows are folded (the last
//! line of a key wins) and written; the others wait for the next batch. At most one block of each run is waiting.

use super::claim::{Claim, Claimed};
use super::merging_queries as queries;
use super::ranges::{self, Range};
use super::stop::{Result, Stop};
use crate::catalog::{BulkCounts, BulkMode, BulkOrigin, BulkRow, BulkWriter};
use crate::imports::staging::{BlockKeys, RawRow, StagedRow, Staging, offsets};
use crate::platform::fault;
use anyhow::anyhow;
use sqlx::PgPool;
use std::sync::Arc;

/// Blocks of one batch: about 10,000 rows, the size that measured best.
const BLOCKS_PER_BATCH: usize = 32;
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
    let staged = claimed.reading.as_ref().map_or(0, |checkpoint| checkpoint.0.blocks);
    if !staging.is_intact(&mut connection, staged).await? {
        queries::read_again(&mut *connection, claim).await?;
        return Err(Stop::ClaimLost);
    }
    let blocks = Arc::new(staging.block_keys(&mut connection).await?);
    let ranges = ranges::of_import(&mut connection, claimed.id, &blocks).await?;
    drop(connection);
    let origin = origin_of(claimed)?;
    let lanes = ranges.into_iter().filter(|range| !range.done).map(|range| {
        let lane = Lane {
            pool: pool.clone(),
            claim,
            staging,
            writer: BulkWriter::new(origin),
            range,
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
    if !queries::finish(&mut *transaction, claim).await? {
        return Err(Stop::ClaimLost);
    }
    staging.drop(&mut transaction).await?;
    transaction.commit().await?;
    Ok(())
}

fn origin_of(claimed: &Claimed) -> Result<BulkOrigin> {
    let mode = match claimed.mode.as_str() {
        "overwrite" => BulkMode::Overwrite,
        "create_only" => BulkMode::CreateOnly,
        "update_only" => BulkMode::UpdateOnly,
        other => return Err(anyhow!("the mode {other} is not known").into()),
    };
    Ok(BulkOrigin {
        import_id: claimed.id,
        mode,
        new_active: claimed.new_status == "active",
    })
}

/// One range on its way through.
struct Lane {
    pool: PgPool,
    claim: Claim,
    staging: Staging,
    writer: BulkWriter,
    range: Range,
}

impl Lane {
    async fn merge(mut self, blocks: Arc<Vec<BlockKeys>>) -> Result<()> {
        let mine: Vec<&BlockKeys> = blocks.iter().filter(|block| self.range.touches(block)).collect();
        let mut waiting = Waiting::default();
        for (number, batch) in mine.chunks(BLOCKS_PER_BATCH).enumerate() {
            let next = mine
                .get((number + 1) * BLOCKS_PER_BATCH)
                .map(|block| block.first_key.as_str());
            let numbers: Vec<i64> = batch.iter().map(|block| block.number).collect();
            let mut connection = self.pool.acquire().await?;
            let bytes = self.staging.read(&mut connection, &numbers).await?;
            drop(connection);
            waiting.add(&bytes, &self.range)?;
            let complete = waiting.take_before(next);
            self.write(&complete).await?;
        }
        self.close().await
    }

    async fn write(&mut self, batch: &Batch) -> Result<()> {
        let (rows, duplicates) = batch.folded()?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        for attempt in 1.. {
            match self.try_write(&rows, duplicates, last.key).await {
                Err(Stop::Trouble(error)) if attempt < BATCH_TRIES && is_conflict(&error) => {
                    tracing::info!(import_id = self.claim.import_id, %error, "a batch met a change by hand, again");
                }
                result => {
                    result?;
                    break;
                }
            }
        }
        self.range.done_key = Some(last.key.to_owned());
        Ok(())
    }

    async fn try_write(&mut self, rows: &[BulkRow<'_>], duplicates: i64, last_key: &str) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        let products = self.writer.write(&mut transaction, rows).await?;
        fault::point("merging.batch")?;
        queries::move_range(
            &mut transaction,
            self.claim.import_id,
            self.range.number,
            Some(last_key),
        )
        .await?;
        let counts = BatchCounts { products, duplicates };
        if !queries::count_batch(&mut transaction, self.claim, &counts).await? {
            return Err(Stop::ClaimLost);
        }
        transaction.commit().await?;
        fault::point("merging.batch_committed")?;
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        let mut connection = self.pool.acquire().await?;
        queries::move_range(&mut connection, self.claim.import_id, self.range.number, None).await?;
        Ok(())
    }
}

/// Whether somebody else changed a product between look-up and write, so that trying again will do.
fn is_conflict(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::RowNotFound) => true,
        Some(sqlx::Error::Database(error)) => {
            // unique_violation, serialization_failure, deadlock_detected
            error
                .code()
                .is_some_and(|code| ["23505", "40001", "40P01"].contains(&code.as_ref()))
        }
        _ => false,
    }
}

/// Rows that are in memory and not yet written.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
}

/// Rows all of whose duplicates are here.
struct Batch {
    bytes: Vec<u8>,
    /// Where rows begin, in the order of their keys and, within a key, of their lines.
    offsets: Vec<usize>,
}

impl Waiting {
    /// Adds the rows of some blocks, as far as they belong to the range.
    fn add(&mut self, bytes: &[u8], range: &Range) -> Result<()> {
        self.bytes.reserve(bytes.len());
        for offset in offsets(bytes) {
            let row = raw(bytes, offset)?;
            let key = std::str::from_utf8(row.key).map_err(|error| anyhow!(error))?;
            if range.has(key) {
                self.bytes.extend_from_slice(row.bytes);
            }
        }
        Ok(())
    }

    /// Takes the rows whose keys come before `next`, all of them where there is no next.
    fn take_before(&mut self, next: Option<&str>) -> Batch {
        let bytes = std::mem::take(&mut self.bytes);
        let mut rows: Vec<(usize, RawRow<'_>)> = offsets(&bytes)
            .filter_map(|offset| Some((offset, RawRow::at(&bytes, offset)?)))
            .collect();
        rows.sort_unstable_by(|(_, one), (_, other)| (one.key, one.line).cmp(&(other.key, other.line)));
        let complete = next.map_or(rows.len(), |next| {
            rows.partition_point(|(_, row)| row.key < next.as_bytes())
        });
        for (_, row) in &rows[complete..] {
            self.bytes.extend_from_slice(row.bytes);
        }
        let offsets = rows[..complete].iter().map(|(offset, _)| *offset).collect();
        Batch { bytes, offsets }
    }
}

impl Batch {
    /// The last row of each key, and how many rows they overrule.
    fn folded(&self) -> Result<(Vec<BulkRow<'_>>, i64)> {
        let mut rows: Vec<BulkRow<'_>> = Vec::with_capacity(self.offsets.len());
        let mut duplicates = 0;
        for offset in &self.offsets {
            let row = StagedRow::decode(&self.bytes, *offset).ok_or_else(|| anyhow!("a staged row is damaged"))?;
            duplicates += i64::from(row.overruled);
            if rows.last().is_some_and(|last| last.key == row.key) {
                rows.pop();
                duplicates += 1;
            }
            rows.push(BulkRow {
                key: row.key,
                sku: row.sku,
                name: row.name,
                description: row.description,
                active: row.active,
                line: row.line as i64,
            });
        }
        Ok((rows, duplicates))
    }
}

fn raw(bytes: &[u8], offset: usize) -> Result<RawRow<'_>> {
    RawRow::at(bytes, offset).ok_or_else(|| Stop::Trouble(anyhow!("a staged row is damaged")))
}
