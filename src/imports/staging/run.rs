//! Rows gathered in memory, sorted by key and folded: the last row of a key stays and knows how many it overruled.
//!
//! A run is the unit of sorting. Reading fills one while the one before is being written; the merge later takes
//! the blocks of all runs in key order. So neither holds more than a run, whatever the file's size.

use super::row::{RawRow, StagedRow, add_overruled};
use crate::catalog::fold_sku;
use crate::imports::read::Row;

/// How much a run holds before it is written.
const RUN_BYTES: usize = 8 * 1024 * 1024;
/// The largest row there can be: the reader bounds a record.
const ROW_BYTES: usize = 1024 * 1024;
/// How much one block holds: what the merge fetches and keeps of a run at a time.
const BLOCK_BYTES: usize = 64 * 1024;

/// Rows in the order they were read.
pub struct Run {
    bytes: Vec<u8>,
    rows: Vec<Entry>,
}

/// The first bytes of a key decide most comparisons without touching the row.
#[derive(Clone, Copy)]
struct Entry {
    prefix: u64,
    offset: u32,
}

/// Consecutive rows of a sorted run, none of them with the same key.
#[derive(Default)]
pub struct Block {
    pub first_key: String,
    pub last_key: String,
    pub bytes: Vec<u8>,
}

impl Block {
    /// The rows, in key order.
    #[cfg(test)]
    fn rows(&self) -> impl Iterator<Item = StagedRow<'_>> {
        super::row::offsets(&self.bytes).filter_map(|offset| StagedRow::decode(&self.bytes, offset))
    }
}

impl Run {
    pub fn new() -> Self {
        // At once instead of by doubling, which would hold up to twice as much.
        Self {
            bytes: Vec::with_capacity(RUN_BYTES + ROW_BYTES),
            rows: Vec::new(),
        }
    }

    /// Adds a row under the key of its SKU.
    pub fn push(&mut self, row: &Row<'_>) {
        let key = fold_sku(row.sku);
        // A run is far below 4 GiB: it is full at RUN_BYTES, and one row is at most 1 MiB.
        self.rows.push(Entry {
            prefix: prefix_of(&key),
            offset: self.bytes.len() as u32,
        });
        StagedRow::new(&key, row).encode(&mut self.bytes);
    }

    /// Whether it is time to write this run.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= RUN_BYTES
    }

    /// Sorts and folds the rows, and hands them on in blocks, in key order.
    pub fn into_blocks(mut self) -> Vec<Block> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by(|one, other| {
            one.prefix
                .cmp(&other.prefix)
                .then_with(|| self.order_of(*one).cmp(&self.order_of(*other)))
        });
        let last_rows = self.fold(&rows);
        self.blocks_of(&last_rows)
    }

    fn order_of(&self, entry: Entry) -> (&[u8], u64) {
        let row = self.row_at(entry);
        (row.key, row.line)
    }

    fn row_at(&self, entry: Entry) -> RawRow<'_> {
        match RawRow::at(&self.bytes, entry.offset as usize) {
            Some(row) => row,
            None => unreachable!("the run wrote this row itself"),
        }
    }

    /// Keeps the last row of each key, and notes on it how many earlier ones it overrules.
    fn fold(&mut self, sorted: &[Entry]) -> Vec<Entry> {
        let mut kept: Vec<Entry> = Vec::with_capacity(sorted.len());
        let mut overruled = 0;
        for (position, entry) in sorted.iter().enumerate() {
            let next = sorted.get(position + 1).filter(|next| next.prefix == entry.prefix);
            if next.is_some_and(|next| self.row_at(*next).key == self.row_at(*entry).key) {
                overruled += 1;
            } else {
                add_overruled(&mut self.bytes, entry.offset as usize, overruled);
                overruled = 0;
                kept.push(*entry);
            }
        }
        kept
    }

    fn blocks_of(&self, rows: &[Entry]) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut block = Block::default();
        for entry in rows {
            let row = self.row_at(*entry);
            if block.bytes.len() >= BLOCK_BYTES {
                blocks.push(std::mem::take(&mut block));
            }
            if block.bytes.is_empty() {
                block.bytes.reserve_exact(BLOCK_BYTES + row.bytes.len());
                block.first_key = text_of(row.key);
            }
            block.bytes.extend_from_slice(row.bytes);
            if block.bytes.len() >= BLOCK_BYTES {
                block.last_key = text_of(row.key);
            }
        }
        if let (Some(last), false) = (rows.last(), block.bytes.is_empty()) {
            block.last_key = text_of(self.row_at(*last).key);
            blocks.push(block);
        }
        blocks
    }
}

fn text_of(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

/// The first eight bytes of a key, as a number that sorts as they do.
fn prefix_of(key: &str) -> u64 {
    let mut prefix = [0; 8];
    let size = key.len().min(8);
    prefix[..size].copy_from_slice(&key.as_bytes()[..size]);
    u64::from_be_bytes(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn rows_of(blocks: &[Block]) -> Vec<StagedRow<'_>> {
        let mut rows = Vec::new();
        for block in blocks {
            rows.extend(block.rows());
        }
        rows
    }

    proptest! {
        #[test]
        fn the_last_row_of_each_key_stays_in_key_order(skus in proptest::collection::vec("[aAbBé]{1,3}[0-9a-c]{0,8}", 0..300)) {
            let mut run = Run::new();
            let mut expected: BTreeMap<String, (u64, u32)> = BTreeMap::new();
            for (index, sku) in skus.iter().enumerate() {
                let line = index as u64 + 2;
                run.push(&Row { line, sku, name: "n", description: Some("d"), active: None });
                expected
                    .entry(fold_sku(sku).into_owned())
                    .and_modify(|(last, overruled)| { *last = line; *overruled += 1; })
                    .or_insert((line, 0));
            }
            let blocks = run.into_blocks();
            let found: Vec<_> = rows_of(&blocks).iter().map(|row| (row.key.to_owned(), (row.line, row.overruled))).collect();
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_run_becomes_blocks_that_know_their_first_and_last_key() {
        let mut run = Run::new();
        let description = "x".repeat(1000);
        for number in (0..1000).rev() {
            let sku = format!("sku-{number:04}");
            run.push(&Row {
                line: 5000 - number,
                sku: &sku,
                name: "n",
                description: Some(&description),
                active: None,
            });
        }
        let blocks = run.into_blocks();
        assert!(blocks.len() > 10, "{} blocks", blocks.len());
        for block in &blocks {
            let rows = rows_of(std::slice::from_ref(block));
            assert_eq!(rows.first().map(|row| row.key), Some(block.first_key.as_str()));
            assert_eq!(rows.last().map(|row| row.key), Some(block.last_key.as_str()));
        }
    }
}
