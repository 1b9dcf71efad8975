//! Which products of a segment were changed at some time.

use super::super::list::{Position, Rank};
use super::bits::Bits;
use super::columns::{self, Column, ORDINALS_PER_CHUNK};
use super::reading::{Reading, Segment};
use crate::catalog::Filter;
use anyhow::Result;
use chrono::{DateTime, Utc};
use roaring::RoaringBitmap;
use std::ops::Range;

/// Products of a segment that were changed last at some time.
pub struct Changed {
    /// Their ordinals, and up to [`columns::FENCE_EVERY`] others at each end of the time; `None` where it is all of them.
    pub ordinals: Option<RoaringBitmap>,
    /// Whether there are no others.
    pub is_exact: bool,
}

/// The time that is asked for, in microseconds since 1970.
struct Times {
    since: Option<i64>,
    before: Option<i64>,
}

impl Times {
    fn of(filter: &Filter) -> Self {
        // Of a time between two microseconds the later one.
        let is_between = |time: DateTime<Utc>| !time.timestamp_subsec_nanos().is_multiple_of(1_000);
        let later = |time: DateTime<Utc>| time.timestamp_micros() + i64::from(is_between(time));
        Self {
            since: filter.changed_since.map(|time| time.timestamp_micros()),
            before: filter.changed_before.map(later),
        }
    }
}

impl Reading<'_> {
    /// The products of segment number `at` that were changed last in the time that a filter asks for.
    pub async fn changed(&mut self, at: usize, filter: &Filter) -> Result<Changed> {
        let segment = &self.segments[at];
        if let Some(changed) = Changed::by_ends(segment, filter) {
            return Ok(changed);
        }
        let Times { since, before } = Times::of(filter);
        let (segment, products) = (segment.id, segment.products as usize);
        let fences = self.fences(segment, Column::ChangeFences).await?;
        let fences_before = |time: i64| fences.partition_point(|fence| fence.rank < Rank::Time(time));
        let start = since.map_or(0, |since| fences_before(since).saturating_sub(1) * columns::FENCE_EVERY);
        let end = before.map_or(products, |before| {
            (fences_before(before) * columns::FENCE_EVERY).min(products)
        });
        let mut inside = RoaringBitmap::new();
        if end.saturating_sub(start) * 2 <= products {
            inside = self.places(segment, products, start..end).await?;
        } else {
            // What is outside is less to read.
            inside.insert_range(0..products as u32);
            inside -= self.places(segment, products, 0..start).await?;
            inside -= self.places(segment, products, end..products).await?;
        }
        Ok(Changed {
            ordinals: Some(inside),
            is_exact: false,
        })
    }

    /// The ordinals at some places of the order of changes.
    async fn places(&mut self, segment: i64, products: usize, places: Range<usize>) -> Result<RoaringBitmap> {
        if places.is_empty() {
            return Ok(RoaringBitmap::new());
        }
        let numbers = places.start / ORDINALS_PER_CHUNK..places.end.div_ceil(ORDINALS_PER_CHUNK);
        let mut bits = Bits::below(products);
        let wanted: Vec<(i64, Column, i32)> = numbers
            .clone()
            .map(|number| (segment, Column::ByChange, number as i32))
            .collect();
        for (number, chunk) in numbers.zip(self.chunks(&wanted).await?) {
            let first = number * ORDINALS_PER_CHUNK;
            let inside = (first..)
                .zip(columns::ordinals(&chunk))
                .filter(|(place, _)| places.contains(place));
            for (_, ordinal) in inside {
                bits.put(ordinal);
            }
        }
        Ok(bits.bitmap())
    }
}

impl Changed {
    /// What the ends of a segment's orders tell: all or nothing, or `None` where only some of its products may have been
    /// changed in the time that a filter asks for.
    pub fn by_ends(segment: &Segment, filter: &Filter) -> Option<Self> {
        Self::between(&segment.ends, &Times::of(filter))
    }

    fn between(ends: &[Position], times: &Times) -> Option<Self> {
        let Times { since, before } = *times;
        let first = &columns::end_of(ends, Column::ChangeFences, false)?.rank;
        let last = &columns::end_of(ends, Column::ChangeFences, true)?.rank;
        let are_all_since = since.is_none_or(|since| *first > Rank::Time(since));
        let are_all_before = before.is_none_or(|before| *last < Rank::Time(before));
        let is_none_since = since.is_some_and(|since| *last < Rank::Time(since));
        let is_none_before = before.is_some_and(|before| *first >= Rank::Time(before));
        let ordinals = if are_all_since && are_all_before {
            None
        } else if is_none_since || is_none_before {
            Some(RoaringBitmap::new())
        } else {
            return None;
        };
        Some(Self {
            ordinals,
            is_exact: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_ends(since: Option<i64>, before: Option<i64>) -> &'static str {
        let at = |time: i64| Position {
            rank: Rank::Time(time),
            sku_key: String::new(),
        };
        // The first and the last of four orders; that of changes is the last one.
        let ends = [0, 0, 0, 0, 0, 0, 10, 20].map(at);
        match Changed::between(&ends, &Times { since, before }).map(|changed| (changed.ordinals, changed.is_exact)) {
            Some((None, true)) => "all",
            Some((Some(ordinals), true)) if ordinals.is_empty() => "nothing",
            Some(_) => "something else",
            None => "not known",
        }
    }

    #[test]
    fn ends_tell_where_all_or_nothing_was_changed() {
        for (since, before, expected) in [
            (Some(9), None, "all"),
            (Some(9), Some(21), "all"),
            (None, Some(21), "all"),
            (Some(21), None, "nothing"),
            (Some(21), Some(30), "nothing"),
            (None, Some(10), "nothing"),
            (Some(1), Some(9), "nothing"),
            // There may be one at ten and one at twenty, and the time may be a little after that microsecond.
            (Some(10), None, "not known"),
            (Some(20), None, "not known"),
            (None, Some(11), "not known"),
            (None, Some(20), "not known"),
            (Some(15), Some(30), "not known"),
        ] {
            assert_eq!(by_ends(since, before), expected, "{since:?} {before:?}");
        }
        // A segment that was built before there were ends.
        let times = Times {
            since: Some(9),
            before: None,
        };
        assert!(Changed::between(&[], &times).is_none());
    }

    #[test]
    fn a_time_between_two_microseconds_leaves_nothing_out() {
        let time = DateTime::from_timestamp(0, 10_500);
        let filter = Filter {
            changed_since: time,
            changed_before: time,
            ..Filter::default()
        };
        let times = Times::of(&filter);
        // What was changed after ten microseconds was so before that time, and not since.
        assert_eq!((times.since, times.before), (Some(10), Some(11)));
        let filter = Filter {
            changed_before: DateTime::from_timestamp(0, 10_000),
            ..Filter::default()
        };
        assert_eq!(Times::of(&filter).before, Some(10));
    }
}
