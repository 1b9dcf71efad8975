//! The key space of one import in ranges, each merged by one connection in key order.

use super::claim::Claim;
use super::merging_queries as queries;
use super::reading_queries::lock_claim;
use super::stop::{Result, Stop};
use crate::catalog;
use crate::imports::staging::BlockKeys;
use crate::platform::fault;
use sqlx::{Connection as _, PgConnection};

/// How many connections merge side by side: two keep two cores of a server busy, and more gained nothing
/// (`bin/bench import`; the client needs its share too).
const RANGES: usize = 2;
/// Below this many blocks a second connection is not worth its start.
const BLOCKS_PER_RANGE: usize = 8;

/// A range of keys and how far it has been merged.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Range {
    pub number: i32,
    /// Exclusive; `None` is the beginning.
    pub after_key: Option<String>,
    /// Inclusive; `None` is the end.
    pub until_key: Option<String>,
    /// The last key that has been merged.
    pub done_key: Option<String>,
    pub done: bool,
}

impl Range {
    /// The key after which there is still work.
    pub fn start(&self) -> Option<&str> {
        self.done_key.as_deref().or(self.after_key.as_deref())
    }

    /// Whether the key is still to be merged, here.
    pub fn has(&self, key: &str) -> bool {
        self.start().is_none_or(|start| key > start) && self.until_key.as_deref().is_none_or(|until| key <= until)
    }

    /// Whether some key of the block may be.
    pub fn touches(&self, block: &BlockKeys) -> bool {
        self.start().is_none_or(|start| block.last_key.as_str() > start)
            && self
                .until_key
                .as_deref()
                .is_none_or(|until| block.first_key.as_str() <= until)
    }
}

/// The ranges of an import: those of an earlier try, else new ones of about the same number of blocks.
///
/// An earlier try's ranges stand even when the file had to be read again and fell into other blocks: they say
/// what has been merged by key, and the keys of a file do not change.
pub async fn of_import(connection: &mut PgConnection, claim: Claim, blocks: &[BlockKeys]) -> Result<Vec<Range>> {
    // All or none: half of the ranges would be half of the file.
    let mut transaction = connection.begin().await?;
    if !lock_claim(&mut transaction, claim).await? {
        return Err(Stop::ClaimLost);
    }
    // From here on nobody may clear the catalogue. Also of an earlier try, for it may have begun otherwise.
    catalog::begin_merge(&mut transaction, claim.import_id).await?;
    let before = queries::ranges(&mut transaction, claim.import_id).await?;
    if !before.is_empty() {
        transaction.commit().await?;
        return Ok(before);
    }
    let ranges = divide(blocks);
    for range in &ranges {
        queries::add_range(&mut transaction, claim.import_id, range).await?;
        fault::point("merging.range")?;
    }
    transaction.commit().await?;
    Ok(ranges)
}

fn divide(blocks: &[BlockKeys]) -> Vec<Range> {
    let count = (blocks.len() / BLOCKS_PER_RANGE).clamp(1, RANGES);
    let mut bounds: Vec<Option<String>> = (1..count)
        .map(|number| Some(blocks[blocks.len() * number / count].first_key.clone()))
        .collect();
    bounds.dedup();
    let starts = std::iter::once(None).chain(bounds.iter().cloned());
    let ends = bounds.iter().cloned().chain(std::iter::once(None));
    (0..)
        .zip(starts.zip(ends))
        .map(|(number, (after_key, until_key))| Range {
            number,
            after_key,
            until_key,
            done_key: None,
            done: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(count: usize) -> Vec<BlockKeys> {
        (0..count)
            .map(|number| BlockKeys {
                number: number as i64,
                first_key: format!("{number:04}a"),
                last_key: format!("{number:04}z"),
            })
            .collect()
    }

    #[test]
    fn every_key_is_in_exactly_one_range() {
        for count in [0, 1, 15, 16, 100, 1000] {
            let ranges = divide(&blocks(count));
            for key in ["", "0000a", "0007z", "0008a", "0050a", "0050b", "0500a", "9999"] {
                let holders = ranges.iter().filter(|range| range.has(key)).count();
                assert_eq!(holders, 1, "{key} of {count} blocks");
            }
        }
    }

    #[test]
    fn a_block_across_a_bound_belongs_to_both_sides() {
        let ranges = divide(&blocks(100));
        let across = BlockKeys {
            number: 1,
            first_key: "0000a".into(),
            last_key: "0099z".into(),
        };
        assert!(ranges.len() > 1 && ranges.iter().all(|range| range.touches(&across)));
    }

    #[test]
    fn what_is_done_is_not_merged_again() {
        let mut range = divide(&blocks(1)).remove(0);
        range.done_key = Some("m".into());
        assert!(!range.has("m") && range.has("n"));
    }
}
