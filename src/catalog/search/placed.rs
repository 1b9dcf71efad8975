//! Products with where they stand in an order, and pages of them.

use super::super::list::{Cursor, Page, Placed, Position, Query, Total};
use std::cmp::Ordering;

/// Cuts a page out of all that match.
pub fn cut(all: Vec<Placed>, query: &Query, total: Total) -> Page {
    let is_backwards = matches!(query.cursor, Some(Cursor::Before(_)));
    let is_descending = query.sort.is_reversed;
    let limit = query.limit as usize;
    let at = match query.cursor.as_ref().map(Cursor::position) {
        None => 0,
        Some(from) if is_backwards => {
            all.partition_point(|(position, _)| order(is_descending, position, from) == Ordering::Less)
        }
        Some(from) => all.partition_point(|(position, _)| order(is_descending, position, from) != Ordering::Greater),
    };
    let found: Vec<Placed> = if is_backwards {
        all.into_iter().take(at).skip(at.saturating_sub(limit + 1)).collect()
    } else {
        all.into_iter().skip(at).take(limit + 1).collect()
    };
    Page::of(found, query, total)
}

/// Positions in the direction of a walk.
pub fn order(is_descending: bool, one: &Position, other: &Position) -> Ordering {
    let ordering = one.cmp(other);
    if is_descending { ordering.reverse() } else { ordering }
}
