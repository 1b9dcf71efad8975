//! Building a segment in memory, with two threads for its grams: one for those of descriptions, one for all others. No gram
//! is of both.
//!
//! Products come in the order of their SKU keys, as rows of the database, and go batch by batch to the threads.

use super::columns::Columns;
use super::index_queries::{description, names, place};
use super::postings::{Finished, Postings};
use anyhow::{Context as _, Result};
use sqlx::postgres::PgRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Products that are handed over at once.
const BATCH: usize = 2048;

/// Rows, and the ordinal of the first.
type Batch = (u32, Arc<Vec<PgRow>>);

/// A segment that is being built.
pub struct Builder {
    columns: Columns,
    batch: Vec<PgRow>,
    finders: [Finder; 2],
    /// Ids of products that were something else before, so that older segments may have them.
    changed: Vec<i64>,
}

/// A segment that is ready to be written.
pub struct Built {
    pub columns: Columns,
    /// No gram is in both.
    pub postings: [Finished; 2],
    /// See [`Builder`].
    pub changed: Vec<i64>,
}

/// A thread that finds grams.
struct Finder {
    batches: mpsc::Sender<Batch>,
    size_bytes: Arc<AtomicUsize>,
    postings: JoinHandle<Result<Finished>>,
}

impl Builder {
    pub fn new() -> Self {
        let of_names = Finder::start(|postings, ordinal, row| {
            postings.add_names(ordinal, &names(row)?);
            Ok(())
        });
        let of_description = Finder::start(|postings, ordinal, row| {
            postings.add_description(ordinal, description(row)?);
            Ok(())
        });
        Self {
            columns: Columns::default(),
            batch: Vec::with_capacity(BATCH),
            finders: [of_names, of_description],
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
        let rows = Arc::new(rows);
        for finder in &self.finders {
            let taken = finder.batches.send((first_ordinal, rows.clone())).await;
            taken.ok().context("a thread that indexes has ended early")?;
        }
        Ok(())
    }

    /// About how much memory it takes, and will take while it is written.
    pub fn size_bytes(&self) -> usize {
        let of_grams = self
            .finders
            .iter()
            .map(|finder| finder.size_bytes.load(Ordering::Relaxed));
        self.columns.size_bytes() + of_grams.sum::<usize>()
    }

    /// Waits for the threads.
    pub async fn finish(mut self) -> Result<Built> {
        self.hand_over().await?;
        let [names, descriptions] = self.finders.map(Finder::finish);
        let (names, descriptions) = tokio::try_join!(names, descriptions)?;
        Ok(Built {
            columns: self.columns,
            postings: [names, descriptions],
            changed: self.changed,
        })
    }
}

impl Finder {
    /// Has a thread add batches until there are no more.
    fn start(add: impl Fn(&mut Postings, u32, &PgRow) -> sqlx::Result<()> + Send + 'static) -> Self {
        let (batches, mut waiting) = mpsc::channel::<Batch>(1);
        let size_bytes = Arc::new(AtomicUsize::new(0));
        let told = size_bytes.clone();
        let postings = tokio::task::spawn_blocking(move || {
            let mut postings = Postings::default();
            while let Some((first_ordinal, rows)) = waiting.blocking_recv() {
                for (ordinal, row) in (first_ordinal..).zip(&*rows) {
                    add(&mut postings, ordinal, row)?;
                }
                told.store(postings.size_bytes(), Ordering::Relaxed);
            }
            Ok(postings.finish())
        });
        Self {
            batches,
            size_bytes,
            postings,
        }
    }

    async fn finish(self) -> Result<Finished> {
        drop(self.batches);
        self.postings.await?
    }
}
