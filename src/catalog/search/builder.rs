//! Building a segment in memory, with a hand for each core.
//!
//! Products come in the order of their SKU keys, as rows of the database. Their grams are found on threads of their
//! own, batch by batch in turn, and united in the end.

use super::columns::Columns;
use super::index_queries::doc;
use super::postings::Postings;
use anyhow::{Context as _, Result};
use sqlx::postgres::PgRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Products that are handed to a thread at once.
const BATCH: usize = 2048;
/// How often a thread tells how much it has, in batches.
const TELL_EVERY: usize = 8;

/// A segment that is being built.
pub struct Builder {
    columns: Columns,
    hands: Vec<Hand>,
    turn: usize,
    batch: Vec<PgRow>,
    /// Ids of products that were something else before, so that older segments may have them.
    changed: Vec<i64>,
}

/// A segment that is ready to be written.
pub struct Built {
    pub columns: Columns,
    pub postings: Postings,
    /// See [`Builder`].
    pub changed: Vec<i64>,
}

/// A thread that finds grams.
struct Hand {
    batches: mpsc::Sender<(u32, Vec<PgRow>)>,
    size_bytes: Arc<AtomicUsize>,
    postings: JoinHandle<Result<Postings>>,
}

impl Builder {
    pub fn new() -> Self {
        let hands = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
        Self {
            columns: Columns::default(),
            hands: (0..hands).map(|_| Hand::new()).collect(),
            turn: 0,
            batch: Vec::with_capacity(BATCH),
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
        let product = doc(&row)?;
        self.columns.add(&product);
        if product.version > 1 {
            self.changed.push(product.id);
        }
        self.batch.push(row);
        if self.batch.len() == BATCH {
            self.hand_over().await?;
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<()> {
        let rows = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        if rows.is_empty() {
            return Ok(());
        }
        let first_ordinal = (self.columns.len() - rows.len()) as u32;
        let hand = &self.hands[self.turn % self.hands.len()];
        self.turn += 1;
        let taken = hand.batches.send((first_ordinal, rows)).await;
        taken.ok().context("a thread that indexes has ended early")
    }

    /// About how much memory it takes, and will take while it is written.
    pub fn size_bytes(&self) -> usize {
        let hands: usize = self
            .hands
            .iter()
            .map(|hand| hand.size_bytes.load(Ordering::Relaxed))
            .sum();
        self.columns.size_bytes() + hands
    }

    /// Waits for the threads and unites what they found.
    pub async fn finish(mut self) -> Result<Built> {
        self.hand_over().await?;
        let mut all = Postings::default();
        for hand in self.hands {
            drop(hand.batches);
            let postings = hand.postings.await??;
            if all.is_empty() {
                all = postings;
            } else {
                all.unite(postings);
            }
        }
        Ok(Built {
            columns: self.columns,
            postings: all,
            changed: self.changed,
        })
    }
}

impl Hand {
    fn new() -> Self {
        let (batches, mut waiting) = mpsc::channel::<(u32, Vec<PgRow>)>(1);
        let size_bytes = Arc::new(AtomicUsize::new(0));
        let size = size_bytes.clone();
        let postings = tokio::task::spawn_blocking(move || {
            let mut postings = Postings::default();
            let mut batches = 0;
            while let Some((first_ordinal, rows)) = waiting.blocking_recv() {
                for (ordinal, row) in (first_ordinal..).zip(&rows) {
                    postings.add(ordinal, &doc(row)?);
                }
                postings.settle();
                batches += 1;
                if batches % TELL_EVERY == 0 {
                    size.store(postings.size_bytes(), Ordering::Relaxed);
                }
            }
            Ok(postings)
        });
        Self {
            batches,
            size_bytes,
            postings,
        }
    }
}
