//! What has been read of segments, kept for the next search.
//!
//! A segment never changes (only how many of its products are dead, which is part of that key), so nothing here is
//! ever out of date, and what a process lacks it reads again.

use super::super::list::Position;
use super::pages;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Quick;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// How much memory a cache takes at most, unless it is told.
const CACHE_BYTES: u64 = 64 << 20;
/// What an entry takes, about.
const USUAL_BYTES: u64 = 6_000;
/// What an entry costs besides what it holds, about.
const ENTRY_BYTES: u64 = 120;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A chunk of a column: segment, kind, number.
    Chunk(i64, i16, i32),
    /// The fences of an order: segment, kind.
    Fences(i64, i16),
    /// The first grams of a segment's pages.
    GramFences(i64),
    /// A long bitmap of a segment: its number.
    Bitmap(i64, i32),
    /// The products that do not count: segment, how many.
    Dead(i64, i32),
}

#[derive(Clone, Debug)]
enum Held {
    Bytes(Arc<Vec<u8>>),
    Fences(Arc<Vec<Position>>),
    GramFences(Arc<pages::Fences>),
    Bitmap(Arc<RoaringBitmap>),
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Held> for Weight {
    fn weight(&self, _: &Key, held: &Held) -> u64 {
        ENTRY_BYTES
            + match held {
                Held::Bytes(bytes) => bytes.len() as u64,
                Held::Fences(fences) => fences.iter().map(Position::size_bytes).sum::<usize>() as u64,
                Held::GramFences(fences) => fences.size_bytes() as u64,
                Held::Bitmap(bitmap) => bitmap.serialized_size() as u64,
            }
    }
}

/// The cache of a process.
pub struct Cache(Quick<Key, Held, Weight>);

impl Default for Cache {
    fn default() -> Self {
        Self::of(CACHE_BYTES)
    }
}

impl Cache {
    /// A cache that takes up to that many bytes.
    pub fn of(bytes: u64) -> Self {
        Self(Quick::with_weighter((bytes / USUAL_BYTES) as usize, bytes, Weight))
    }

    pub fn bytes(&self, key: &Key) -> Option<Arc<Vec<u8>>> {
        match self.0.get(key)? {
            Held::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub fn bitmap(&self, key: &Key) -> Option<Arc<RoaringBitmap>> {
        match self.0.get(key)? {
            Held::Bitmap(bitmap) => Some(bitmap),
            _ => None,
        }
    }

    pub fn fences(&self, key: &Key) -> Option<Arc<Vec<Position>>> {
        match self.0.get(key)? {
            Held::Fences(fences) => Some(fences),
            _ => None,
        }
    }

    pub fn gram_fences(&self, key: &Key) -> Option<Arc<pages::Fences>> {
        match self.0.get(key)? {
            Held::GramFences(fences) => Some(fences),
            _ => None,
        }
    }

    pub fn keep_bytes(&self, key: Key, bytes: Vec<u8>) -> Arc<Vec<u8>> {
        let bytes = Arc::new(bytes);
        self.0.insert(key, Held::Bytes(bytes.clone()));
        bytes
    }

    pub fn keep_bitmap(&self, key: Key, bitmap: RoaringBitmap) -> Arc<RoaringBitmap> {
        let bitmap = Arc::new(bitmap);
        self.0.insert(key, Held::Bitmap(bitmap.clone()));
        bitmap
    }

    pub fn keep_fences(&self, key: Key, fences: Vec<Position>) -> Arc<Vec<Position>> {
        let fences = Arc::new(fences);
        self.0.insert(key, Held::Fences(fences.clone()));
        fences
    }

    pub fn keep_gram_fences(&self, key: Key, fences: pages::Fences) -> Arc<pages::Fences> {
        let fences = Arc::new(fences);
        self.0.insert(key, Held::GramFences(fences.clone()));
        fences
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Cache({} entries)", self.0.len())
    }
}
