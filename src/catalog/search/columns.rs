//! What a segment keeps of its products besides the grams, in chunks that are read alone.
//!
//! Products stand in the order of their SKU keys; a product's place is its ordinal. Other orders are lists of
//! ordinals. Of every order, each [`FENCE_EVERY`]th product's position is kept, to find where a page begins.

use super::super::list::{Position, Rank};
use super::fold::fold_into;
use super::interned::head;

/// Products in a chunk of [`Column::Docs`] or [`Column::ById`]: as many as PostgreSQL keeps in one piece.
pub const DOCS_PER_CHUNK: usize = 128;
/// Ordinals in a chunk of an order.
pub const ORDINALS_PER_CHUNK: usize = 8192;
/// Products from one fence to the next.
pub const FENCE_EVERY: usize = 256;
const DOC_BYTES: usize = 12;

/// The columns of a segment; the number is the one in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum Column {
    /// By ordinal: id and version.
    Docs = 1,
    /// In the order of ids: id and ordinal.
    ById = 2,
    /// The first id of each chunk of `ById`.
    IdFences = 3,
    /// Ordinals in the order of names.
    ByName = 4,
    /// Ordinals in the order of creation.
    ByCreation = 5,
    /// Ordinals in the order of the last change.
    ByChange = 6,
    /// Positions in the order of SKUs.
    SkuFences = 7,
    /// Positions in the order of names.
    NameFences = 8,
    /// Positions in the order of creation.
    CreationFences = 9,
    /// Positions in the order of the last change.
    ChangeFences = 10,
    /// Pages of grams ([`super::pages`]).
    Grams = 11,
    /// The first gram of each page.
    GramFences = 12,
    /// Bitmaps that are too long for their page.
    Bitmaps = 13,
    /// The first and the last position of each of [`ORDERS`]. Segments built before there was this have none.
    Ends = 14,
}

/// Every order, by its fences.
const ORDERS: [Column; 4] = [
    Column::SkuFences,
    Column::NameFences,
    Column::CreationFences,
    Column::ChangeFences,
];

/// A column, the number of a chunk of it, its bytes.
pub type Chunk = (Column, i32, Vec<u8>);

/// What orders a product.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub id: i64,
    pub version: i32,
    pub sku_key: &'a str,
    pub name: &'a str,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970.
    pub updated_at: i64,
}

/// The columns of a segment while it is built.
#[derive(Default)]
pub struct Columns {
    rows: Vec<Row>,
    texts: String,
}

struct Row {
    id: i64,
    version: i32,
    created_at: i64,
    updated_at: i64,
    /// Where the SKU key ends in `texts`, and the folded name after it.
    key_end: usize,
    name_end: usize,
}

impl Columns {
    /// Adds a product and gives its ordinal. SKU keys must come in ascending order.
    pub fn add(&mut self, place: &Place<'_>) -> u32 {
        let ordinal = self.rows.len() as u32;
        self.texts.push_str(place.sku_key);
        let key_end = self.texts.len();
        fold_into(&mut self.texts, place.name);
        self.rows.push(Row {
            id: place.id,
            version: place.version,
            created_at: place.created_at,
            updated_at: place.updated_at,
            key_end,
            name_end: self.texts.len(),
        });
        ordinal
    }

    /// How many products there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The last product's key.
    pub fn last_key(&self) -> Option<&str> {
        self.rows.len().checked_sub(1).map(|last| self.key(last))
    }

    /// About how much memory this takes, and will take while it is written.
    pub fn size_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.rows.len() * 2 * DOC_BYTES + self.texts.capacity()
    }

    /// Every chunk.
    pub fn chunks(&self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let docs = self.rows.iter().map(|row| pair(row.id, row.version as u32));
        cut(&mut chunks, Column::Docs, DOCS_PER_CHUNK, docs);
        let by_id = self.sorted_by(|row| row.id);
        let ids = by_id
            .iter()
            .map(|ordinal| pair(self.rows[*ordinal as usize].id, *ordinal));
        cut(&mut chunks, Column::ById, DOCS_PER_CHUNK, ids);
        let firsts = by_id.iter().step_by(DOCS_PER_CHUNK);
        let id_fences: Vec<u8> = firsts
            .flat_map(|ordinal| self.rows[*ordinal as usize].id.to_le_bytes())
            .collect();
        chunks.push((Column::IdFences, 0, id_fences));
        let in_place: Vec<u32> = (0..self.rows.len() as u32).collect();
        chunks.push((Column::SkuFences, 0, self.fences(&in_place, |_| Rank::Sku)));
        let mut ends = self.ends(&in_place, |_| Rank::Sku);
        let mut add = |column, fences, order: &[u32], rank: &dyn Fn(usize) -> Rank| {
            let ordinals = order.iter().map(|ordinal| ordinal.to_le_bytes());
            cut(&mut chunks, column, ORDINALS_PER_CHUNK, ordinals);
            chunks.push((fences, 0, self.fences(order, rank)));
            ends.extend(self.ends(order, rank));
        };
        let by_name = self.sorted_by_name();
        add(Column::ByName, Column::NameFences, &by_name, &|at| {
            Rank::Name(self.name(at).to_owned())
        });
        let by_creation = self.sorted_by(|row| row.created_at);
        add(Column::ByCreation, Column::CreationFences, &by_creation, &|at| {
            Rank::Time(self.rows[at].created_at)
        });
        let by_change = self.sorted_by(|row| row.updated_at);
        add(Column::ByChange, Column::ChangeFences, &by_change, &|at| {
            Rank::Time(self.rows[at].updated_at)
        });
        chunks.push((Column::Ends, 0, ends));
        chunks
    }

    fn key(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.rows[at - 1].name_end };
        &self.texts[start..self.rows[at].key_end]
    }

    fn name(&self, at: usize) -> &str {
        &self.texts[self.rows[at].key_end..self.rows[at].name_end]
    }

    /// Ordinals by a number; equals stay in the order of SKU keys.
    fn sorted_by(&self, number: impl Fn(&Row) -> i64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        order.sort_by_key(|ordinal| number(&self.rows[*ordinal as usize]));
        order
    }

    fn sorted_by_name(&self) -> Vec<u32> {
        // Most names differ in their first eight bytes, which are compared as one number.
        let rows = 0..self.rows.len();
        let mut order: Vec<(u64, u32)> = rows.map(|at| (head(self.name(at).as_bytes()), at as u32)).collect();
        order.sort_unstable_by(|(one_head, one), (other_head, other)| {
            one_head
                .cmp(other_head)
                .then_with(|| self.name(*one as usize).cmp(self.name(*other as usize)))
                .then_with(|| one.cmp(other))
        });
        order.into_iter().map(|(_, ordinal)| ordinal).collect()
    }

    fn fences(&self, order: &[u32], rank: impl Fn(usize) -> Rank) -> Vec<u8> {
        self.positions(order.iter().step_by(FENCE_EVERY), rank)
    }

    fn ends(&self, order: &[u32], rank: impl Fn(usize) -> Rank) -> Vec<u8> {
        self.positions(order.first().into_iter().chain(order.last()), rank)
    }

    fn positions<'a>(&self, ordinals: impl Iterator<Item = &'a u32>, rank: impl Fn(usize) -> Rank) -> Vec<u8> {
        let mut positions = Vec::new();
        for ordinal in ordinals {
            let at = *ordinal as usize;
            match rank(at) {
                Rank::Name(name) => put_text(&mut positions, name.as_bytes()),
                Rank::Time(time) => put_text(&mut positions, &time.to_le_bytes()),
                Rank::Sku | Rank::Relevance(_) => put_text(&mut positions, b""),
            }
            put_text(&mut positions, self.key(at).as_bytes());
        }
        positions
    }
}

fn pair(id: i64, number: u32) -> [u8; DOC_BYTES] {
    let mut bytes = [0; DOC_BYTES];
    bytes[..8].copy_from_slice(&id.to_le_bytes());
    bytes[8..].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn cut<const SIZE: usize>(
    chunks: &mut Vec<Chunk>,
    column: Column,
    per_chunk: usize,
    values: impl Iterator<Item = [u8; SIZE]>,
) {
    let mut bytes: Vec<u8> = Vec::with_capacity(values.size_hint().0 * SIZE);
    values.for_each(|value| bytes.extend_from_slice(&value));
    for (number, chunk) in bytes.chunks(per_chunk * SIZE).enumerate() {
        chunks.push((column, number as i32, chunk.to_vec()));
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text);
}

/// Reads a pair of [`Column::Docs`] (id, version) or [`Column::ById`] (id, ordinal).
pub fn pair_at(chunk: &[u8], at: usize) -> Option<(i64, u32)> {
    let bytes = chunk.get(at * DOC_BYTES..(at + 1) * DOC_BYTES)?;
    let (id, number) = bytes.split_at(8);
    Some((
        i64::from_le_bytes(id.try_into().ok()?),
        u32::from_le_bytes(number.try_into().ok()?),
    ))
}

/// Reads all pairs of a chunk.
pub fn pairs(chunk: &[u8]) -> impl Iterator<Item = (i64, u32)> {
    (0..chunk.len() / DOC_BYTES).filter_map(|at| pair_at(chunk, at))
}

/// Reads the ordinals of a chunk of an order.
pub fn ordinals(chunk: &[u8]) -> impl DoubleEndedIterator<Item = u32> {
    let (ordinals, _) = chunk.as_chunks::<4>();
    ordinals.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Reads the ids of [`Column::IdFences`].
pub fn id_fences(chunk: &[u8]) -> Vec<i64> {
    let (ids, _) = chunk.as_chunks::<8>();
    ids.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

/// The chunks of [`Column::ById`] in which ids are found, if they are there at all. `ids` ascend.
pub fn chunks_of(fences: &[i64], ids: impl Iterator<Item = i64>) -> Vec<i32> {
    let mut chunks: Vec<i32> = ids
        .filter_map(|id| fences.partition_point(|first| *first <= id).checked_sub(1))
        .map(|chunk| chunk as i32)
        .collect();
    chunks.dedup();
    chunks
}

/// Reads the fences of an order.
pub fn fences(column: Column, mut bytes: &[u8]) -> Option<Vec<Position>> {
    let mut fences = Vec::new();
    while !bytes.is_empty() {
        fences.push(take_position(column, &mut bytes)?);
    }
    Some(fences)
}

/// Reads [`Column::Ends`].
pub fn ends(mut bytes: &[u8]) -> Option<Vec<Position>> {
    let columns = ORDERS.into_iter().flat_map(|column| [column, column]);
    columns.map(|column| take_position(column, &mut bytes)).collect()
}

/// The first or the last position of an order, of what [`ends`] gave.
pub fn end_of(ends: &[Position], fences: Column, is_last: bool) -> Option<&Position> {
    let order = ORDERS.iter().position(|order| *order == fences)?;
    ends.get(2 * order + usize::from(is_last))
}

fn take_position(column: Column, bytes: &mut &[u8]) -> Option<Position> {
    let rank = take_text(bytes)?;
    let rank = match column {
        Column::NameFences => Rank::Name(String::from_utf8(rank.to_vec()).ok()?),
        Column::CreationFences | Column::ChangeFences => Rank::Time(i64::from_le_bytes(rank.try_into().ok()?)),
        _ => Rank::Sku,
    };
    let sku_key = String::from_utf8(take_text(bytes)?.to_vec()).ok()?;
    Some(Position { rank, sku_key })
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (size, rest) = bytes.split_at_checked(4)?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(size.try_into().ok()?) as usize)?;
    *bytes = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn columns(count: usize) -> Columns {
        let mut columns = Columns::default();
        for at in 0..count {
            let key = format!("k{at:06}");
            let place = Place {
                id: ((at * 7919) % count) as i64 + 1,
                version: at as i32,
                sku_key: &key,
                name: ["Same beginning B", "same beginning a", "Zoo"][at % 3],
                created_at: -((at / 10) as i64),
                updated_at: 5,
            };
            assert_eq!(columns.add(&place), at as u32);
        }
        columns
    }

    #[test]
    fn chunks_give_back_what_was_added() {
        let count = 3000;
        let chunks: BTreeMap<_, _> = columns(count)
            .chunks()
            .into_iter()
            .map(|(column, number, bytes)| ((column, number), bytes))
            .collect();
        assert_eq!(
            pair_at(&chunks[&(Column::Docs, 16)], 5),
            Some((((2053 * 7919) % count) as i64 + 1, 2053))
        );
        assert_eq!(pairs(&chunks[&(Column::Docs, 23)]).count(), count - 23 * 128);
        assert_eq!(pair_at(&chunks[&(Column::ById, 0)], 0).unwrap(), (1, 0));
        assert_eq!(id_fences(&chunks[&(Column::IdFences, 0)])[..3], [1, 129, 257]);
        assert_eq!(
            chunks_of(&[1, 1025, 2049], [0, 1, 7, 1024, 2049, 9999].into_iter()),
            [0, 2]
        );
        let by_name: Vec<u32> = ordinals(&chunks[&(Column::ByName, 0)]).take(3).collect();
        assert_eq!(by_name, [1, 4, 7]);
        let by_change: Vec<u32> = ordinals(&chunks[&(Column::ByChange, 0)]).collect();
        assert_eq!(by_change, (0..count as u32).collect::<Vec<_>>());
        let fences = fences(Column::CreationFences, &chunks[&(Column::CreationFences, 0)]).unwrap();
        assert_eq!(fences.len(), count.div_ceil(FENCE_EVERY));
        assert!(fences.is_sorted());
        assert_eq!(
            fences[0],
            Position {
                rank: Rank::Time(-299),
                sku_key: "k002990".into()
            }
        );
        let ends = ends(&chunks[&(Column::Ends, 0)]).unwrap();
        let ends = |column, is_last| end_of(&ends, column, is_last).unwrap().clone();
        assert_eq!(ends(Column::SkuFences, true).sku_key, "k002999");
        assert_eq!(
            ends(Column::NameFences, false).rank,
            Rank::Name("same beginning a".into())
        );
        assert_eq!(ends(Column::NameFences, true).sku_key, "k002999");
        assert_eq!(ends(Column::CreationFences, false), fences[0]);
        assert_eq!(ends(Column::ChangeFences, true).rank, Rank::Time(5));
    }
}
