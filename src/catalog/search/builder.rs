//! Building a segment in memory, with a thread for its grams.
//!
//! Products come in the order of their SKU keys, as rows of the database, and go batch by batch to that thread.

use super::columns::Columns;
use super::index_queries::{doc, place};
use super::postings::{Finished, Postings};
use anyhow::{Context as _, Result};
use sqlx::postgres::PgRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Products that are handed over at once.
const BATCH: usize = 2048;

/// A segment that is being built.
pub struct Builder {
    columns: Columns,
    batch: Vec<PgRow>,
    batches: mpsc::Sender<(u32, Vec<PgRow>)>,
    postings_bytes: Arc<AtomicUsize>,
    postings: JoinHandle<Result<Finished>>,
    /// Ids of products that were something else before, so that older segments may have them.
    changed: Vec<i64>,
}

/// A segment that is ready to be written.
pub struct Built {
    pub columns: Columns,
    pub postings: Finished,
    /// See [`Builder`].
    pub changed: Vec<i64>,
}

impl Builder {
    pub fn new() -> Self {
        let (batches, waiting) = mpsc::channel(1);
        let postings_bytes = Arc::new(AtomicUsize::new(0));
        let size = postings_bytes.clone();
        Self {
            columns: Columns::default(),
            batch: Vec::with_capacity(BATCH),
            batches,
            postings_bytes,
            postings: tokio::task::spawn_blocking(move || find_grams(waiting, &size)),
            changed: Vec::new(),
        }
    }

    /// How many products it has.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// The last product's key.
    pub fn last_key(&self) -> Option<&str> {
        self.columns.last_key()
    }

    /// Adds a product, whose key must be beyond the last one's.
    pub async fn add(&mut self, row: PgRow) -> Result<()> {
        let place = place(&row)?;
        self.columns.add(&place);
        if place.version > 1 {
            self.changed.push(place.id);
        }
        self.batch.push(row);
        if self.batch.len() == BATCH {
            self.hand_over().await?;
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<()> {
        let rows = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let first_ordinal = (self.columns.len() - rows.len()) as u32;
        let taken = self.batches.send((first_ordinal, rows)).await;
        taken.ok().context("the thread that indexes has ended early")
    }

    /// About how much memory it takes, and will take while it is written.
    pub fn size_bytes(&self) -> usize {
        self.columns.size_bytes() + self.postings_bytes.load(Ordering::Relaxed)
    }

    /// Waits for the thread.
    pub async fn finish(mut self) -> Result<Built> {
        self.hand_over().await?;
        drop(self.batches);
        Ok(Built {
            columns: self.columns,
            postings: self.postings.await??,
            changed: self.changed,
        })
    }
}

/// Finds the grams of batches until there are no more.
fn find_grams(mut waiting: mpsc::Receiver<(u32, Vec<PgRow>)>, size_bytes: &AtomicUsize) -> Result<Finished> {
    let mut postings = Postings::default();
    while let Some((first_ordinal, rows)) = waiting.blocking_recv() {
        for (ordinal, row) in (first_ordinal..).zip(&rows) {
            postings.add(ordinal, &doc(row)?);
        }
        size_bytes.store(postings.size_bytes(), Ordering::Relaxed);
    }
    Ok(postings.finish())
}
