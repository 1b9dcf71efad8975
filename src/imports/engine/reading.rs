//! Reading a file and staging its rows, as far as it has arrived.
//!
//! Bytes become rows on a thread of their own; while one run fills, the one before is sorted and written. Each
//! written run commits together with a [`Checkpoint`], from which reading can go on. Between checkpoints the page
//! is told how far reading is and which rows were rejected.

use super::claim::{Claim, Claimed};
use super::crowd::Crowd;
use super::reading_queries as queries;
use super::source::{Chunk, Source};
use super::stop::{Result, Stop};
use crate::imports::read::{Columns, Position, Reader, Rejected, Row, Sink, Warning};
use crate::imports::staging::{Run, Staging};
use crate::platform::fault;
use crate::platform::stopping::Stopping;
use crate::platform::task::to_the_end;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Connection as _, PgPool};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// Rejected rows that wait in memory at most.
const REJECTIONS_AT_ONCE: usize = 5_000;
/// How much is read before rejected rows are looked at.
const SLICE_BYTES: usize = 64 * 1024;

/// Where reading can go on: everything before `position` is staged, in that many blocks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    pub position: Position,
    pub blocks: i64,
}

/// How far reading is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub bytes_read: u64,
    pub rows_read: u64,
    pub rejected: u64,
    pub columns: Option<Columns>,
    /// With `text`, what each says in a sentence.
    pub warnings: Vec<serde_json::Value>,
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The last row is staged; the claim has been given back and the import waits for its turn.
    Read,
    /// The upload has paused, or the process is to stop; what has been read is staged.
    Paused,
}

/// Reads from the last checkpoint to the end of the file, or until the upload pauses or the process is to stop. What has
/// been read by then is staged, so that the next worker need not read it again.
pub async fn read(
    pool: &PgPool,
    claimed: &Claimed,
    source: &mut Source,
    crowd: &Crowd,
    mut stopping: Stopping,
) -> Result<Ended> {
    let began = Instant::now();
    let mut reading = Reading::start(pool, claimed, source).await?;
    let mut ahead = None;
    loop {
        let chunk = if let Some(bytes) = ahead.take() {
            Chunk::Bytes(bytes)
        } else {
            tokio::select! {
                biased;
                () = stopping.wait() => Chunk::Pause,
                next = reading.next(source) => next?,
            }
        };
        let gives_up = stopping.is_wished() || crowd.wants_place(began);
        match chunk {
            Chunk::Bytes(_) if gives_up => return reading.pause().await,
            // What is here already is fetched while what came before is read.
            Chunk::Bytes(bytes) => {
                let (fed, fetched) = tokio::join!(reading.feed(bytes), source.at_hand());
                fed?;
                ahead = fetched?;
            }
            Chunk::Pause => return reading.pause().await,
            Chunk::End => {
                fault::point("reading.end")?;
                reading.finish().await?;
                return Ok(Ended::Read);
            }
        }
    }
}

/// Rows and rejections as the reader hands them over.
struct Gathered {
    run: Run,
    rejected: Vec<Rejected>,
}

impl Sink for Gathered {
    fn row(&mut self, row: Row<'_>) {
        self.run.push(&row);
    }

    fn reject(&mut self, rejected: Rejected) {
        self.rejected.push(rejected);
    }
}

struct Reading {
    pool: PgPool,
    claim: Claim,
    /// Both are away on a thread while bytes are read.
    parts: Option<(Reader, Gathered)>,
    bytes_read: u64,
    blocks: i64,
    /// The number of the last rejected row in the database, and of the last one gathered.
    rejections_kept: i64,
    rejections_seen: i64,
    writing: Option<JoinHandle<Result<i64>>>,
    saved_at: Instant,
}

impl Reading {
    async fn start(pool: &PgPool, claimed: &Claimed, source: &mut Source) -> Result<Self> {
        let staging = Staging::of(claimed.id);
        let mut connection = pool.acquire().await?;
        let checkpoint = match claimed.reading.as_ref() {
            Some(saved) if staging.is_intact(&mut connection, saved.0.blocks).await? => Some(saved.0.clone()),
            _ => None,
        };
        if checkpoint.is_none() {
            let mut transaction = connection.begin().await?;
            if !queries::lock_claim(&mut transaction, claimed.claim()).await? {
                return Err(Stop::ClaimLost);
            }
            staging.create(&mut transaction).await?;
            transaction.commit().await?;
        }
        let rejections_kept = queries::last_rejection(&mut connection, claimed.id).await?;
        let offset = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.position.offset);
        let rejections_seen = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.position.rejected);
        source.seek(offset);
        Ok(Self {
            pool: pool.clone(),
            claim: claimed.claim(),
            blocks: checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.blocks),
            parts: Some((
                checkpoint.map_or_else(Reader::new, |checkpoint| Reader::resume(checkpoint.position)),
                Gathered {
                    run: Run::new(),
                    rejected: Vec::new(),
                },
            )),
            bytes_read: offset,
            rejections_kept,
            rejections_seen: rejections_seen as i64,
            writing: None,
            saved_at: Instant::now(),
        })
    }

    /// Waits for more bytes; while none come, it is written down what has been read.
    async fn next(&mut self, source: &mut Source) -> Result<Chunk> {
        let mut next = std::pin::pin!(source.next());
        if let Ok(chunk) = tokio::time::timeout(PROGRESS_EVERY, &mut next).await {
            return Ok(chunk?);
        }
        self.save_progress().await?;
        Ok(next.await?)
    }

    /// Stages what is there and leaves the rest to whoever comes next.
    async fn pause(&mut self) -> Result<Ended> {
        self.write_run(false).await?;
        self.wait_for_write().await?;
        Ok(Ended::Paused)
    }

    /// Reads slice by slice: rows that are rejected wait in memory, and a short row may become a long rejection.
    async fn feed(&mut self, bytes: Bytes) -> Result<()> {
        for start in (0..bytes.len()).step_by(SLICE_BYTES) {
            let end = bytes.len().min(start + SLICE_BYTES);
            self.feed_slice(bytes.slice(start..end)).await?;
        }
        Ok(())
    }

    async fn feed_slice(&mut self, bytes: Bytes) -> Result<()> {
        self.bytes_read += bytes.len() as u64;
        let rows_before = self.parts()?.0.position().rows_read;
        self.on_thread(move |reader, gathered| reader.feed(&bytes, gathered))
            .await?;
        let (reader, gathered) = self.parts()?;
        let is_first = rows_before == 0 && reader.position().rows_read > 0;
        let many_rejected = gathered.rejected.len() >= REJECTIONS_AT_ONCE;
        if gathered.run.is_full() {
            self.write_run(false).await?;
        }
        if is_first || many_rejected || self.saved_at.elapsed() >= PROGRESS_EVERY {
            self.save_progress().await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<()> {
        self.on_thread(Reader::finish).await?;
        self.save_progress().await?;
        self.write_run(true).await?;
        self.wait_for_write().await
    }

    /// Lets the reader work where it may take its time.
    async fn on_thread<F>(&mut self, work: F) -> Result<()>
    where
        F: FnOnce(&mut Reader, &mut Gathered) -> std::result::Result<(), crate::imports::read::FileFailure>
            + Send
            + 'static,
    {
        let Some((mut reader, mut gathered)) = self.parts.take() else {
            return Err(Stop::Trouble(anyhow::anyhow!("reading went on after it had stopped")));
        };
        let job = move || {
            let result = work(&mut reader, &mut gathered);
            (reader, gathered, result)
        };
        let (reader, gathered, result) = tokio::task::spawn_blocking(job).await?;
        self.parts = Some((reader, gathered));
        if result.is_err() {
            // The import is about to fail: how far it came and what was rejected is written down first.
            self.save_progress().await?;
        }
        Ok(result?)
    }

    fn parts(&mut self) -> Result<&mut (Reader, Gathered)> {
        self.parts
            .as_mut()
            .ok_or_else(|| Stop::Trouble(anyhow::anyhow!("reading went on after it had stopped")))
    }

    /// Writes down how far reading is, and the rejected rows so far.
    async fn save_progress(&mut self) -> Result<()> {
        self.saved_at = Instant::now();
        let bytes_read = self.bytes_read;
        let (reader, gathered) = self.parts()?;
        let position = reader.position();
        let progress = Progress {
            bytes_read,
            rows_read: position.rows_read,
            rejected: position.rejected,
            columns: reader.columns().cloned(),
            warnings: reader.warnings().iter().map(warning_json).collect(),
        };
        let mut rejected = std::mem::take(&mut gathered.rejected);
        let seen = self.rejections_seen + rejected.len() as i64;
        // An earlier try may have kept some of them already.
        let known = (self.rejections_kept - self.rejections_seen).clamp(0, rejected.len() as i64);
        rejected.drain(..known as usize);
        let first = self.rejections_seen + known + 1;
        to_the_end(write_progress(self.pool.clone(), self.claim, first, rejected, progress)).await??;
        self.rejections_seen = seen;
        self.rejections_kept = self.rejections_kept.max(seen);
        Ok(())
    }

    /// Sorts and writes the run so far, in the background, once the one before it is written.
    async fn write_run(&mut self, is_end: bool) -> Result<()> {
        // What the checkpoint counts as rejected must be kept by then.
        self.save_progress().await?;
        self.wait_for_write().await?;
        let (reader, gathered) = self.parts()?;
        let run = std::mem::replace(&mut gathered.run, Run::new());
        let position = reader.position();
        let (pool, claim, blocks) = (self.pool.clone(), self.claim, self.blocks);
        // Not ended with the reader (platform::task): a claim that is lost makes it end without a trace.
        self.writing = Some(tokio::spawn(write(pool, claim, run, position, blocks, is_end)));
        Ok(())
    }

    async fn wait_for_write(&mut self) -> Result<()> {
        if let Some(writing) = self.writing.take() {
            self.blocks = writing.await??;
        }
        Ok(())
    }
}

/// Writes progress and the rejected rows, the first of which is number `first`.
async fn write_progress(
    pool: PgPool,
    claim: Claim,
    first: i64,
    rejected: Vec<Rejected>,
    progress: Progress,
) -> Result<()> {
    let mut transaction = pool.begin().await?;
    queries::keep_rejections(&mut transaction, claim.import_id, first, &rejected).await?;
    if !queries::record_progress(&mut *transaction, claim, &progress).await? {
        return Err(Stop::ClaimLost);
    }
    transaction.commit().await?;
    Ok(())
}

fn warning_json(warning: &Warning) -> serde_json::Value {
    json!({
        "kind": warning.kind,
        "count": warning.count,
        "examples": warning.examples,
        "text": warning.to_string(),
    })
}

/// Writes one run with its checkpoint, and says how many blocks are staged now.
async fn write(pool: PgPool, claim: Claim, run: Run, position: Position, before: i64, is_end: bool) -> Result<i64> {
    let blocks = tokio::task::spawn_blocking(move || run.into_blocks()).await?;
    let after = before + blocks.len() as i64;
    let mut transaction = claim.begin(&pool).await?;
    fault::point("staging.write")?;
    Staging::of(claim.import_id)
        .write(&mut transaction, before, &blocks)
        .await?;
    let checkpoint = Checkpoint {
        position,
        blocks: after,
    };
    if !queries::record_checkpoint(&mut *transaction, claim, &checkpoint, is_end).await? {
        return Err(Stop::ClaimLost);
    }
    transaction.commit().await?;
    fault::point("staging.written")?;
    Ok(after)
}
