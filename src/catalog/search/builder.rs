//! Building a segment in memory, with two threads for its grams: one for those of descriptions, one for all others. No gram
//! is of both.
//!
//! Products come in the order of their SKU keys, as rows of the database, and go batch by batch to the threads. When there
//! are no more, these tell the grams with their products, in order, while the first are written already.

use super::columns::{Chunk, Columns};
use super::index_queries::{description, names, place};
use super::pages::{Cutter, Entries};
use super::postings::Postings;
use anyhow::{Context as _, Result};
use sqlx::postgres::PgRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Products that are handed over at once.
const BATCH: usize = 2048;
/// How many times a thread may have told grams before those it told first are written.
const TOLD_AHEAD: usize = 2;

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

/// A segment that has all its products and can be written.
pub struct Built {
    pub products: usize,
    /// They are made while grams are written.
    pub columns: JoinHandle<Vec<Chunk>>,
    /// No gram is of both.
    pub grams: [Grams; 2],
    /// See [`Builder`].
    pub changed: Vec<i64>,
}

/// A thread that finds grams.
struct Finder {
    batches: mpsc::Sender<Batch>,
    size_bytes: Arc<AtomicUsize>,
    grams: Grams,
}

/// What a thread has found, in the order of the grams' bytes.
pub struct Grams {
    told: mpsc::Receiver<Entries>,
    entries: Entries,
    /// The next one's place among these.
    at: usize,
    /// `None` when it has ended.
    thread: Option<JoinHandle<Result<()>>>,
}

impl Builder {
    /// A segment that may take so much memory, about: what is beyond it is for the caller to see ([`Builder::size_bytes`]).
    pub fn new(segment_bytes: usize) -> Self {
        let of_names = Finder::start(segment_bytes, |postings, ordinal, row| {
            postings.add_names(ordinal, &names(row)?);
            Ok(())
        });
        let of_description = Finder::start(segment_bytes, |postings, ordinal, row| {
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

    /// Says that there are no more products.
    pub async fn finish(mut self) -> Result<Built> {
        self.hand_over().await?;
        let products = self.columns.len();
        let grams = self.finders.map(|finder| finder.grams);
        let columns = self.columns;
        Ok(Built {
            products,
            columns: tokio::task::spawn_blocking(move || columns.chunks()),
            grams,
            changed: self.changed,
        })
    }
}

impl Finder {
    /// Has a thread add batches until there are no more, and then tell what it has found.
    fn start(
        segment_bytes: usize,
        add: impl Fn(&mut Postings, u32, &PgRow) -> sqlx::Result<()> + Send + 'static,
    ) -> Self {
        let (batches, mut waiting) = mpsc::channel::<Batch>(1);
        let (tell, told) = mpsc::channel(TOLD_AHEAD);
        let size_bytes = Arc::new(AtomicUsize::new(0));
        let shown_bytes = size_bytes.clone();
        let thread = tokio::task::spawn_blocking(move || {
            let mut postings = Postings::within(segment_bytes);
            while let Some((first_ordinal, rows)) = waiting.blocking_recv() {
                for (ordinal, row) in (first_ordinal..).zip(&*rows) {
                    add(&mut postings, ordinal, row)?;
                }
                shown_bytes.store(postings.size_bytes(), Ordering::Relaxed);
            }
            let finished = postings.finish();
            finished.each_entries(|entries| tell.blocking_send(entries).is_ok())?;
            Ok(())
        });
        let grams = Grams {
            told,
            entries: Entries::default(),
            at: 0,
            thread: Some(thread),
        };
        Self {
            batches,
            size_bytes,
            grams,
        }
    }
}

impl Grams {
    /// The next gram, which stays the next until it is moved.
    pub async fn next(&mut self) -> Result<Option<&[u8]>> {
        while self.at == self.entries.len() {
            self.at = 0;
            self.entries = self.told.recv().await.unwrap_or_default();
            if self.entries.len() == 0 {
                if let Some(thread) = self.thread.take() {
                    thread.await??;
                }
                break;
            }
        }
        Ok(self.entries.gram(self.at))
    }

    /// Moves the next gram to a page, and tells the rows that are complete.
    pub fn move_to(&mut self, cutter: &mut Cutter, tell: impl FnMut(Chunk)) {
        cutter.add(&mut self.entries, self.at, tell);
        self.at += 1;
    }
}
