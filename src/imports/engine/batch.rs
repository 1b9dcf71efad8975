//! Rows on their way from blocks to a batch: sorted by key, as far as no later block can have their keys.

use super::ranges::Range;
use super::stop::{Result, Stop};
use crate::catalog::BulkRow;
use crate::imports::staging::{RawRow, StagedRow, offsets};
use anyhow::anyhow;

/// Rows that are in memory and not yet written.
#[derive(Default)]
pub struct Waiting {
    bytes: Vec<u8>,
}

/// Rows all of whose duplicates are here.
pub struct Batch {
    bytes: Vec<u8>,
    /// Where rows begin, in the order of their keys and, within a key, of their lines.
    offsets: Vec<usize>,
}

impl Waiting {
    /// Adds the rows of some blocks, as far as they belong to the range.
    pub fn add(&mut self, bytes: &[u8], range: &Range) -> Result<()> {
        self.bytes.reserve(bytes.len());
        for offset in offsets(bytes) {
            let row = raw(bytes, offset)?;
            let key = std::str::from_utf8(row.key).map_err(|error| anyhow!(error))?;
            if range.has(key) {
                self.bytes.extend_from_slice(row.bytes);
            }
        }
        Ok(())
    }

    /// Takes the rows whose keys come before `next`, all of them where there is no next.
    pub fn take_before(&mut self, next: Option<&str>) -> Batch {
        let bytes = std::mem::take(&mut self.bytes);
        let mut rows: Vec<(usize, RawRow<'_>)> = offsets(&bytes)
            .filter_map(|offset| Some((offset, RawRow::at(&bytes, offset)?)))
            .collect();
        rows.sort_unstable_by(|(_, one), (_, other)| (one.key, one.line).cmp(&(other.key, other.line)));
        let complete = next.map_or(rows.len(), |next| {
            rows.partition_point(|(_, row)| row.key < next.as_bytes())
        });
        for (_, row) in &rows[complete..] {
            self.bytes.extend_from_slice(row.bytes);
        }
        let offsets = rows[..complete].iter().map(|(offset, _)| *offset).collect();
        Batch { bytes, offsets }
    }
}

impl Batch {
    /// The last row of each key, and how many rows they overrule.
    pub fn folded(&self) -> Result<(Vec<BulkRow<'_>>, i64)> {
        let mut rows: Vec<BulkRow<'_>> = Vec::with_capacity(self.offsets.len());
        let mut duplicates = 0;
        for offset in &self.offsets {
            let row = StagedRow::decode(&self.bytes, *offset).ok_or_else(|| anyhow!("a staged row is damaged"))?;
            duplicates += i64::from(row.overruled);
            if rows.last().is_some_and(|last| last.key == row.key) {
                rows.pop();
                duplicates += 1;
            }
            rows.push(BulkRow {
                key: row.key,
                sku: row.sku,
                name: row.name,
                description: row.description,
                active: row.active,
                line: row.line as i64,
            });
        }
        Ok((rows, duplicates))
    }
}

fn raw(bytes: &[u8], offset: usize) -> Result<RawRow<'_>> {
    RawRow::at(bytes, offset).ok_or_else(|| Stop::Trouble(anyhow!("a staged row is damaged")))
}
