//! Finding products: an index beside the catalogue, and what matches a search.
//!
//! The index is made of plain tables and kept by one background step from the rows of `search_changes`. Whoever
//! changes products notes them there in the same transaction ([`note_changed`], [`note_imported`]).

mod bits;
mod builder;
mod cache;
mod candidates;
mod changed;
mod columns;
mod deltas;
mod find;
mod fold;
mod found;
mod grams;
mod index_queries;
mod interned;
mod lists;
mod mark;
mod merge_policy;
mod pages;
mod pieces;
mod placed;
mod plan;
mod postings;
mod queries;
mod read_queries;
mod reading;
mod step;
mod stream;
mod terms;
mod upkeep;
mod waiting;

pub use find::{count, page};
pub use index_queries::APPLICATION_NAME;
pub use mark::{Field, Piece, mark};
pub use queries::{Backlog, Imported, backlog, is_behind, note_changed, note_imported};
pub use step::{Step, compact, index_changes};
pub use upkeep::{bring_back, finish_indexing, forget_set_aside, keep_indexed, set_aside, sweep_forgotten};

use crate::platform::database::Database;
use crate::platform::giving_way::Courtesy;
use cache::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of the memory that indexing may take, one part in this many is for the segment being built, the rest for what comes and
/// goes.
const BUILDING_SHARE: usize = 2;
/// After how much work indexing gives way to pages, and for how long at most: what is indexed must be found soon.
const WORK: Duration = Duration::from_millis(120);
const PAUSE: Duration = Duration::from_millis(30);

/// What searching needs. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where products and index are.
    pub database: Database,
    /// How much memory a segment may take while it is built, about.
    pub index_bytes: usize,
    /// How many products the last segment had that was full.
    room: Arc<AtomicU64>,
    cache: Arc<Cache>,
}

impl Search {
    /// A search over this database, whose index may take `index_memory_mb` megabytes to build.
    pub fn new(database: Database, index_memory_mb: u32) -> Self {
        Self {
            database,
            index_bytes: ((index_memory_mb as usize) << 20) / BUILDING_SHARE,
            room: Arc::new(AtomicU64::new(u64::MAX)),
            cache: Arc::default(),
        }
    }

    /// The same with a cache of up to `cache_mb` megabytes for what searches read of the index.
    #[must_use]
    pub fn caching(self, cache_mb: u32) -> Self {
        Self {
            cache: Arc::new(Cache::of(u64::from(cache_mb) << 20)),
            ..self
        }
    }

    /// Notes how large a segment became, to judge how much memory has room for.
    fn note_size(&self, products: usize, is_full: bool) {
        let products = products as u64;
        if is_full {
            self.room.store(products, Ordering::Relaxed);
        } else if products > self.room.load(Ordering::Relaxed) {
            // Products are smaller than those were.
            self.room.store(u64::MAX, Ordering::Relaxed);
        }
    }

    /// The courtesy of a step that begins now.
    fn courtesy(&self) -> Courtesy {
        Courtesy::new(self.database.pool.clone(), WORK, PAUSE)
    }
}
