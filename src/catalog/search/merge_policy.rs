//! Which segments are merged into a new one.
//!
//! Every search looks at each segment, so few are wanted; but what is merged is indexed once more. So small ones are
//! merged, and only together with about as many products as they have themselves: then the number of segments grows with
//! the logarithm of the products, and no product is indexed more often than that.

use super::read_queries::SegmentRow;

/// Segments that small ones are made into are not larger than this.
pub const MERGED_PRODUCTS: u64 = 300_000;
/// Segments up to this size are always worth merging into a new one.
const SMALL_SEGMENT: u64 = 500;
/// While imports come in, segments are merged only when there are more than this.
const MANY_SEGMENTS: usize = 12;
/// A step that has something to index merges no more than this, so that what is committed meanwhile is found soon.
const MERGED_AT_ONCE: u64 = 20_000;
/// When nothing else is to be done, small segments are merged once there are this many.
const SEVERAL: usize = 4;

/// The segments that are better made into a new one at once, when `named` products are indexed anyway: those of which
/// nothing is left, and those that are small beside that. So that an import is found soon, these wait until there are many.
pub fn worth_merging(segments: &[SegmentRow], named: u64, is_importing: bool) -> Vec<i64> {
    let may_wait = is_importing && segments.len() < MANY_SEGMENTS;
    chosen(segments, named, MERGED_AT_ONCE, |segment, total| {
        !may_wait && segment.living() <= 2 * total.max(SMALL_SEGMENT / 2)
    })
}

/// The segments that are better made anew when nothing else is to be done: those of which most is dead, or else the small
/// ones of which imports leave many. `room` is for how many products a segment has room in memory, as far as is known.
pub fn worth_compacting(segments: &[SegmentRow], room: u64) -> Vec<i64> {
    let mostly_dead = chosen(segments, 0, MERGED_PRODUCTS, |segment, _| {
        segment.dead_products as u64 > segment.living()
    });
    if mostly_dead.is_empty() {
        several_small(segments, room.min(MERGED_PRODUCTS))
    } else {
        mostly_dead
    }
}

/// Chooses, beginning with the smallest, which segments go into a new one that already gets `total` products.
fn chosen(
    segments: &[SegmentRow],
    mut total: u64,
    most: u64,
    is_wanted: impl Fn(&SegmentRow, u64) -> bool,
) -> Vec<i64> {
    let mut merged = Vec::new();
    for segment in by_size(segments) {
        let living = segment.living();
        if living == 0 || (total + living <= most && is_wanted(segment, total)) {
            total += living;
            merged.push(segment.id);
        }
    }
    merged
}

/// The smallest segments, as many as have `most` products at most. The largest of them has no more than all others, which
/// would be made anew for little.
fn several_small(segments: &[SegmentRow], most: u64) -> Vec<i64> {
    let by_size = by_size(segments);
    let (mut before, mut together) = (0, 0);
    for (number, segment) in (1..).zip(&by_size) {
        let total = before + segment.living();
        if total > most {
            break;
        }
        if segment.living() <= before {
            together = number;
        }
        before = total;
    }
    let are_several = together >= SEVERAL;
    let merged = by_size.iter().take(if are_several { together } else { 0 });
    merged.map(|segment| segment.id).collect()
}

fn by_size(segments: &[SegmentRow]) -> Vec<&SegmentRow> {
    let mut by_size: Vec<&SegmentRow> = segments.iter().collect();
    by_size.sort_by_key(|segment| segment.living());
    by_size
}

impl SegmentRow {
    /// How many of its products count.
    fn living(&self) -> u64 {
        (self.products - self.dead_products) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn segments(sizes: &[u64]) -> Vec<SegmentRow> {
        let row = |(id, products): (i64, &u64)| SegmentRow {
            id,
            products: *products as i32,
            dead_products: 0,
        };
        (0..).zip(sizes).map(row).collect()
    }

    fn sizes(segments: &[SegmentRow], chosen: &[i64]) -> Vec<u64> {
        let mut sizes: Vec<u64> = chosen.iter().map(|id| segments[*id as usize].living()).collect();
        sizes.sort_unstable();
        sizes
    }

    fn compacted(all: &[u64], room: u64) -> Vec<u64> {
        let segments = segments(all);
        sizes(&segments, &worth_compacting(&segments, room))
    }

    #[test]
    fn several_small_ones_are_made_into_one() {
        assert_eq!(compacted(&[18_000; 27], u64::MAX), [18_000; 16]);
        assert_eq!(
            compacted(&[18_000; 27], 100_000),
            [18_000; 5],
            "as many as there is room for"
        );
        assert_eq!(compacted(&[18_000; 27], 60_000), [0; 0], "which are not several");
        assert_eq!(
            compacted(&[20, 300, 5_000, 200_000], u64::MAX),
            [0; 0],
            "a large one would be made anew for little"
        );
        assert_eq!(
            compacted(&[900, 800, 700, 2_000, 200_000], u64::MAX),
            [700, 800, 900, 2_000]
        );
    }

    proptest! {
        #[test]
        fn compacting_comes_to_an_end(mut all in vec(1_u64..400_000, 0..60), room in 1_u64..400_000) {
            let mut indexed = 0;
            let total: u64 = all.iter().sum();
            loop {
                let chosen = compacted(&all, room);
                if chosen.is_empty() {
                    break;
                }
                for size in &chosen {
                    let at = all.iter().position(|one| one == size).unwrap();
                    all.swap_remove(at);
                }
                all.push(chosen.iter().sum());
                indexed += chosen.iter().sum::<u64>();
            }
            prop_assert!(indexed <= 20 * total, "{indexed} of {total}");
        }
    }

    #[test]
    fn a_step_merges_what_is_small_beside_what_it_indexes() {
        let all = segments(&[300, 900, 2_000, 30_000]);
        assert_eq!(sizes(&all, &worth_merging(&all, 1, false)), [300]);
        assert_eq!(sizes(&all, &worth_merging(&all, 400, false)), [300, 900, 2_000]);
        assert_eq!(
            sizes(&all, &worth_merging(&all, 1, true)),
            [0; 0],
            "an import is more urgent"
        );
        let many = segments(&[1_000; 30]);
        assert_eq!(
            worth_merging(&many, 5_000, true).len(),
            15,
            "not more than is done in a moment"
        );
    }
}
