//! Building a segment in memory, with two threads for its grams: one for those of descriptions, one for all others. No gram
//! is of both.
//!
//! Products come in the order of their SKU keys, as rows of the database, and go batch by batch to the threads. When there
//! are no more, these tell the grams with their products, in order, while the first are written already.

use super::columns::{Chunk, Columns};
use super::index_queries::{description, names, place};
use super::pages::{Cutter, Entries};
use super::postings::Postings;
use anyhow::{Result, bail};
use sqlx::postgres::PgRow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Products that are handed over at once.
const BATCH: usize = 2048;
/// About how many bytes of grams a thread tells at a time.
const TOLD_BYTES: usize = 128 << 10;
/// So many times it may do so before it waits for somebody to take them.
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
    /// They are made while grams are written.
    pub columns: JoinHandle<Vec<Chunk>>,
    /// No gram is of both.
    pub grams: [Told; 2],
    /// See [`Builder`].
    pub changed: Vec<i64>,
}

/// A thread that finds grams.
struct Finder {
    batches: mpsc::Sender<Batch>,
    size_bytes: Arc<AtomicUsize>,
    grams: Told,
}

/// What a thread tells of the grams it has found, in the order of their bytes.
pub struct Told {
    coming: mpsc::Receiver<Entries>,
    entries: Entries,
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
        for finder in &mut self.finders {
            if finder.batches.send((first_ordinal, rows.clone())).await.is_err() {
                // It says why, if it can.
                finder.grams.next().await?;
                bail!("a thread that indexes has ended early");
            }
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
        let grams = self.finders.map(|finder| finder.grams);
        let columns = self.columns;
        Ok(Built {
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
        let (tell, coming) = mpsc::channel(TOLD_AHEAD);
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
            finished.tell(TOLD_BYTES, |entries| tell.blocking_send(entries).is_ok())?;
            Ok(())
        });
        Self {
            batches,
            size_bytes,
            grams: Told::by(coming, Some(thread)),
        }
    }
}

impl Told {
    fn by(coming: mpsc::Receiver<Entries>, thread: Option<JoinHandle<Result<()>>>) -> Self {
        Self {
            coming,
            entries: Entries::default(),
            thread,
        }
    }

    /// The next gram, which stays the next until it is moved; `None` when there are no more.
    ///
    /// # Errors
    /// Those of the thread, which tells nothing before it has found everything: after the first gram there are none.
    pub async fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.entries.next_gram().is_none() {
            self.entries = self.coming.recv().await.unwrap_or_default();
            // It ends with nothing.
            if self.entries.next_gram().is_none()
                && let Some(thread) = self.thread.take()
            {
                thread.await??;
            }
        }
        Ok(self.entries.next_gram())
    }

    /// Moves the next gram to a page, and tells the rows that are complete.
    pub fn move_to(&mut self, cutter: &mut Cutter, tell: impl FnMut(Chunk)) {
        self.entries.move_to(cutter, tell);
    }
}

/// Who of two has the next gram in the order of bytes.
pub async fn first<'a>(one: &'a mut Told, other: &'a mut Told) -> Result<Option<&'a mut Told>> {
    Ok(match (one.next().await?, other.next().await?) {
        (None, None) => None,
        (Some(gram), Some(other_gram)) if gram > other_gram => Some(other),
        (None, Some(_)) => Some(other),
        (Some(_), _) => Some(one),
    })
}

#[cfg(test)]
mod tests {
    use super::super::lists::Ordinals;
    use super::*;
    use anyhow::Context as _;

    /// Grams that are told in these pieces.
    fn telling(pieces: &[&[&str]]) -> Result<Told> {
        let (tell, coming) = mpsc::channel(pieces.len());
        for piece in pieces {
            let mut entries = Entries::default();
            for gram in *piece {
                entries.add(gram.as_bytes(), Ordinals::Deltas(1, &[1]))?;
            }
            tell.try_send(entries)?;
        }
        Ok(Told::by(coming, None))
    }

    #[tokio::test]
    async fn grams_of_two_come_in_one_order() -> Result<()> {
        let mut one = telling(&[&["a", "c"], &["cc", "x"], &[]])?;
        let mut other = telling(&[&["b"], &["d", "da", "e"], &["y", "z"]])?;
        let (mut cutter, mut told) = (Cutter::default(), Vec::new());
        while let Some(next) = first(&mut one, &mut other).await? {
            let gram = next.next().await?.context("there is one")?;
            told.push(String::from_utf8(gram.to_vec())?);
            next.move_to(&mut cutter, |_| {});
        }
        assert_eq!(told, ["a", "b", "c", "cc", "d", "da", "e", "x", "y", "z"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_thread_that_fails_says_why_before_anything_is_written() -> Result<()> {
        let (_, coming) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(|| bail!("it could not be read"));
        let mut told = Told::by(coming, Some(thread));
        let error = told.next().await.map(drop).unwrap_err();
        assert_eq!(error.to_string(), "it could not be read");
        Ok(())
    }
}
