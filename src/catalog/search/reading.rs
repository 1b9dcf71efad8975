//! One search's view of the index: segments, what is not indexed yet, and what of them it reads.

use super::super::list::Position;
use super::Search;
use super::cache::{Cache, Key};
use super::columns::{self, Column};
use super::pages;
use super::queries::is_too_much;
use super::read_queries::{self as queries, PendingRow, SegmentRow};
use crate::catalog::Product;
use anyhow::{Context as _, Result};
use roaring::RoaringBitmap;
use sqlx::{Postgres, Transaction};
use std::collections::HashMap;
use std::sync::Arc;

/// When more is pending than a search may scan, only hand edits of at most this many products are still scanned.
const SCANNED_CHANGE: i64 = 100;

/// Segments with up to this many products are read as a whole when they are first seen.
const SMALL_SEGMENT: i32 = 1_000;
/// What every search asks of a segment.
const ALWAYS: [Column; 3] = [Column::IdFences, Column::GramFences, Column::Ends];

/// A view of the index, as of its beginning.
pub struct Reading<'a> {
    pub transaction: Transaction<'static, Postgres>,
    cache: &'a Cache,
    pub segments: Vec<Segment>,
    /// Products that are not indexed yet, whether they match or not.
    pub fresh: Vec<Product>,
    /// Their ids, and those of products that are gone.
    pub fresh_ids: Vec<i64>,
    /// Whether more products wait for the index than a search can scan, so that some cannot be found yet.
    pub is_behind: bool,
}

/// A segment.
pub struct Segment {
    pub id: i64,
    pub products: u32,
    /// Ordinals that do not count.
    pub left_out: Arc<RoaringBitmap>,
    /// The first grams of its pages.
    pub gram_fences: Arc<pages::Fences>,
    /// The ends of its orders ([`columns::end_of`]).
    pub ends: Arc<Vec<Position>>,
}

/// What is known of a segment.
#[derive(Default)]
struct Met {
    gram_fences: Option<Arc<pages::Fences>>,
    ends: Option<Arc<Vec<Position>>>,
}

impl<'a> Reading<'a> {
    /// Begins a search.
    pub async fn begin(search: &'a Search) -> Result<Self> {
        let mut reading = Self {
            transaction: queries::begin(&search.database.pool).await?,
            cache: &search.cache,
            segments: Vec::new(),
            fresh: Vec::new(),
            fresh_ids: Vec::new(),
            is_behind: false,
        };
        let rows = queries::segments(&mut reading.transaction).await?;
        let (mut met, mut dead) = (reading.meet(&rows).await?, reading.dead(&rows).await?);
        for row in rows {
            let met = met.remove(&row.id).unwrap_or_default();
            reading.segments.push(Segment {
                id: row.id,
                products: row.products as u32,
                left_out: dead.remove(&row.id).unwrap_or_default(),
                gram_fences: met.gram_fences.context("fences of the index are missing")?,
                ends: met.ends.unwrap_or_default(),
            });
        }
        let pending = queries::pending(&mut reading.transaction).await?;
        reading.scan(pending).await?;
        Ok(reading)
    }

    /// What every search asks of segments. Of those that are new here it is read at once: while people edit there is one
    /// every moment.
    async fn meet(&mut self, segments: &[SegmentRow]) -> Result<HashMap<i64, Met>> {
        let known = |row: &SegmentRow| Met {
            gram_fences: self.cache.gram_fences(&Key::GramFences(row.id)),
            ends: self.cache.fences(&ends_of(row.id)),
        };
        let mut met: HashMap<i64, Met> = segments.iter().map(|row| (row.id, known(row))).collect();
        let is_new = |row: &&SegmentRow| {
            met.get(&row.id)
                .is_none_or(|met| met.gram_fences.is_none() || met.ends.is_none())
        };
        let (whole, others): (Vec<&SegmentRow>, Vec<&SegmentRow>) = segments
            .iter()
            .filter(is_new)
            .partition(|row| row.products <= SMALL_SEGMENT);
        if whole.is_empty() && others.is_empty() {
            return Ok(met);
        }
        let ids = |rows: Vec<&SegmentRow>| rows.into_iter().map(|row| row.id).collect::<Vec<i64>>();
        let (whole, others) = (ids(whole), ids(others));
        let kinds = ALWAYS.map(|column| column as i16);
        for (id, kind, number, bytes) in queries::first_chunks(&mut self.transaction, &whole, &others, &kinds).await? {
            self.keep(met.entry(id).or_default(), Key::Chunk(id, kind, number), bytes)?;
        }
        for id in whole.into_iter().chain(others) {
            // An old segment has no ends, which is worth remembering too.
            let ends = &mut met.entry(id).or_default().ends;
            ends.get_or_insert_with(|| self.cache.keep_fences(ends_of(id), Vec::new()));
        }
        Ok(met)
    }

    /// Keeps a chunk as it will be asked for.
    fn keep(&self, met: &mut Met, chunk: Key, bytes: Vec<u8>) -> Result<()> {
        const GRAM_FENCES: i16 = Column::GramFences as i16;
        const ENDS: i16 = Column::Ends as i16;
        const BITMAPS: i16 = Column::Bitmaps as i16;
        match chunk {
            Key::Chunk(segment, GRAM_FENCES, _) => {
                let fences = pages::Fences::read(bytes).context("fences of the index are damaged")?;
                met.gram_fences = Some(self.cache.keep_gram_fences(Key::GramFences(segment), fences));
            }
            Key::Chunk(segment, ENDS, _) => {
                let ends = columns::ends(&bytes).context("ends of the index are damaged")?;
                met.ends = Some(self.cache.keep_fences(ends_of(segment), ends));
            }
            Key::Chunk(segment, BITMAPS, number) => {
                self.keep_bitmap(segment, number, &bytes)?;
            }
            chunk => {
                self.cache.keep_bytes(chunk, bytes);
            }
        }
        Ok(())
    }

    fn keep_bitmap(&self, segment: i64, number: i32, bytes: &[u8]) -> Result<Arc<RoaringBitmap>> {
        let bitmap = pages::bitmap(bytes)?;
        Ok(self.cache.keep_bitmap(Key::Bitmap(segment, number), bitmap))
    }

    /// Fetches what is not indexed, and leaves it out of the segments that have it as it was. Changes by hand are many
    /// while an import is indexed, so they are fetched together.
    async fn scan(&mut self, pending: Vec<PendingRow>) -> Result<()> {
        self.is_behind = pending.len() as i64 == queries::MOST_CHANGES;
        let total: i64 = pending.iter().map(|change| change.products).sum();
        let imported = pending.iter().filter(|change| change.is_imported);
        let is_too_much = is_too_much(total, imported.map(|change| change.products).sum());
        let (mut ids, mut keys): (Vec<i64>, Vec<String>) = (Vec::new(), Vec::new());
        for mut change in pending {
            let is_by_hand = change.product_ids.is_some() && change.products <= SCANNED_CHANGE;
            if !is_by_hand && is_too_much {
                self.is_behind = true;
                continue;
            }
            match (change.product_ids.take(), change.sku_keys.take()) {
                (Some(named), _) => ids.extend(named),
                (None, Some(named)) => keys.extend(named),
                (None, None) if change.import_id.is_some() => {
                    let imported = queries::products_imported(&mut self.transaction, &change).await?;
                    self.fresh.extend(imported);
                }
                (None, None) => self.is_behind = true,
            }
        }
        self.fetch(&ids, &keys).await?;
        self.fresh.sort_by_key(|product| product.id);
        self.fresh.dedup_by_key(|product| product.id);
        ids.extend(self.fresh.iter().map(|product| product.id));
        ids.sort_unstable();
        ids.dedup();
        self.fresh_ids = ids;
        self.leave_out().await
    }

    async fn fetch(&mut self, ids: &[i64], keys: &[String]) -> Result<()> {
        if !ids.is_empty() {
            self.fresh.extend(queries::products(&mut self.transaction, ids).await?);
        }
        if !keys.is_empty() {
            let named = queries::products_of_keys(&mut self.transaction, keys).await?;
            self.fresh.extend(named);
        }
        Ok(())
    }

    async fn leave_out(&mut self) -> Result<()> {
        let ids = self.fresh_ids.clone();
        if ids.is_empty() {
            return Ok(());
        }
        let fences = self.segments.iter().map(|segment| (segment.id, Column::IdFences, 0));
        let fences = self.chunks(&fences.collect::<Vec<_>>()).await?;
        let (mut wanted, mut owners) = (Vec::new(), Vec::new());
        for (at, fences) in fences.iter().enumerate() {
            for chunk in columns::chunks_of(&columns::id_fences(fences), ids.iter().copied()) {
                wanted.push((self.segments[at].id, Column::ById, chunk));
                owners.push(at);
            }
        }
        for (chunk, at) in self.chunks(&wanted).await?.iter().zip(owners) {
            let found = columns::pairs(chunk).filter(|(id, _)| ids.binary_search(id).is_ok());
            let found: Vec<u32> = found.map(|(_, ordinal)| ordinal).collect();
            // What is shared with other searches is copied only then.
            if !found.is_empty() {
                Arc::make_mut(&mut self.segments[at].left_out).extend(found);
            }
        }
        Ok(())
    }

    /// What is dead, by segment, where something is. Each step of the index changes that of most segments.
    async fn dead(&mut self, segments: &[SegmentRow]) -> Result<HashMap<i64, Arc<RoaringBitmap>>> {
        let key = |row: &SegmentRow| Key::Dead(row.id, row.dead_products);
        let (mut dead, mut missing) = (HashMap::new(), HashMap::new());
        for row in segments.iter().filter(|row| row.dead_products > 0) {
            match self.cache.bitmap(&key(row)) {
                Some(kept) => drop(dead.insert(row.id, kept)),
                None => drop(missing.insert(row.id, key(row))),
            }
        }
        let ids: Vec<i64> = missing.keys().copied().collect();
        if !ids.is_empty() {
            for (id, read) in queries::dead_of(&mut self.transaction, &ids).await? {
                if let Some(key) = missing.remove(&id) {
                    dead.insert(id, self.cache.keep_bitmap(key, read));
                }
            }
        }
        Ok(dead)
    }

    /// A chunk of a column.
    pub async fn chunk(&mut self, segment: i64, column: Column, number: i32) -> Result<Arc<Vec<u8>>> {
        let chunks = self.chunks(&[(segment, column, number)]).await?;
        chunks.into_iter().next().context("a chunk of the index is missing")
    }

    /// Chunks of columns, in the order they are asked for.
    pub async fn chunks(&mut self, wanted: &[(i64, Column, i32)]) -> Result<Vec<Arc<Vec<u8>>>> {
        let key = |(segment, column, number): &(i64, Column, i32)| Key::Chunk(*segment, *column as i16, *number);
        let mut found: Vec<Option<Arc<Vec<u8>>>> = wanted.iter().map(|chunk| self.cache.bytes(&key(chunk))).collect();
        let missing = wanted.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: Vec<(i64, Column, i32)> = missing.map(|(chunk, _)| *chunk).collect();
        if !missing.is_empty() {
            let mut read: HashMap<Key, Arc<Vec<u8>>> = HashMap::new();
            for (segment, kind, number, bytes) in self.read(&missing).await? {
                let key = Key::Chunk(segment, kind, number);
                read.insert(key.clone(), self.cache.keep_bytes(key, bytes));
            }
            for (chunk, found) in wanted.iter().zip(&mut found) {
                if found.is_none() {
                    *found = read.get(&key(chunk)).cloned();
                }
            }
        }
        found
            .into_iter()
            .map(|chunk| chunk.context("a chunk of the index is missing"))
            .collect()
    }

    /// The fences of an order.
    pub async fn fences(&mut self, segment: i64, column: Column) -> Result<Arc<Vec<Position>>> {
        let key = Key::Fences(segment, column as i16);
        if let Some(fences) = self.cache.fences(&key) {
            return Ok(fences);
        }
        // Not through the cache of chunks: decoded they are kept here.
        let rows = self.read(&[(segment, column, 0)]).await?;
        let bytes = rows.into_iter().next().context("fences of the index are missing")?.3;
        let fences = columns::fences(column, &bytes).context("fences of the index are damaged")?;
        Ok(self.cache.keep_fences(key, fences))
    }

    /// Ids and versions of products, by segment and ordinal.
    pub async fn docs(&mut self, wanted: &[(i64, u32)]) -> Result<Vec<(i64, u32)>> {
        let chunk_of = |ordinal: u32| ordinal as usize / columns::DOCS_PER_CHUNK;
        let mut chunks: Vec<(i64, i32)> = wanted
            .iter()
            .map(|(segment, ordinal)| (*segment, chunk_of(*ordinal) as i32))
            .collect();
        chunks.sort_unstable();
        chunks.dedup();
        let asked: Vec<(i64, Column, i32)> = chunks.iter().map(|(id, number)| (*id, Column::Docs, *number)).collect();
        let found: HashMap<(i64, i32), Arc<Vec<u8>>> = chunks.into_iter().zip(self.chunks(&asked).await?).collect();
        wanted
            .iter()
            .map(|(segment, ordinal)| {
                let chunk = found.get(&(*segment, chunk_of(*ordinal) as i32));
                let pair = chunk.and_then(|chunk| columns::pair_at(chunk, *ordinal as usize % columns::DOCS_PER_CHUNK));
                pair.context("a product is missing in the index")
            })
            .collect()
    }

    /// Long bitmaps, by segment and number.
    pub async fn bitmaps(&mut self, mut wanted: Vec<(i64, i32)>) -> Result<HashMap<(i64, i32), Arc<RoaringBitmap>>> {
        let mut found = HashMap::new();
        wanted.retain(|(segment, number)| {
            let kept = self.cache.bitmap(&Key::Bitmap(*segment, *number));
            kept.map(|bitmap| found.insert((*segment, *number), bitmap)).is_none()
        });
        let missing: Vec<(i64, Column, i32)> = wanted
            .iter()
            .map(|(id, number)| (*id, Column::Bitmaps, *number))
            .collect();
        for (segment, _, number, bytes) in self.read(&missing).await? {
            found.insert((segment, number), self.keep_bitmap(segment, number, &bytes)?);
        }
        Ok(found)
    }

    /// Reads chunks from the database.
    async fn read(&mut self, wanted: &[(i64, Column, i32)]) -> Result<Vec<(i64, i16, i32, Vec<u8>)>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let segments: Vec<i64> = wanted.iter().map(|(segment, _, _)| *segment).collect();
        let kinds: Vec<i16> = wanted.iter().map(|(_, column, _)| *column as i16).collect();
        let numbers: Vec<i32> = wanted.iter().map(|(_, _, number)| *number).collect();
        Ok(queries::chunks(&mut self.transaction, &segments, &kinds, &numbers).await?)
    }
}

/// Under what the ends of a segment's orders are kept.
fn ends_of(segment: i64) -> Key {
    Key::Fences(segment, Column::Ends as i16)
}
