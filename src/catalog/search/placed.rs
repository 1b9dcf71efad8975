//! Products with where they stand in an order, and pages of them.

use super::super::list::{Cursor, Page, Position, Query, Rank, Total};
use crate::catalog::Product;
use std::cmp::Ordering;

/// A product and where it stands.
pub type Placed = (Position, Product);

/// Positions in the direction of a walk. Within a class of relevance only the SKU tells them apart.
pub fn compare(is_descending: bool, one: &Position, other: &Position) -> Ordering {
    let ordering = match (&one.rank, &other.rank) {
        (Rank::Relevance(_), Rank::Relevance(_)) => one.sku_key.cmp(&other.sku_key),
        _ => one.cmp(other),
    };
    if is_descending { ordering.reverse() } else { ordering }
}

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
    assemble(found, query, total)
}

/// A page of what was found, of which one more than fits tells that there are more.
pub fn assemble(mut found: Vec<Placed>, query: &Query, total: Total) -> Page {
    let is_backwards = matches!(query.cursor, Some(Cursor::Before(_)));
    let has_more = found.len() as u64 > query.limit;
    if has_more && is_backwards {
        found.remove(0);
    } else {
        found.truncate(query.limit as usize);
    }
    let has_previous = if is_backwards { has_more } else { query.cursor.is_some() };
    let has_next = is_backwards || has_more;
    let edge = |placed: Option<&Placed>| placed.map(|(position, _)| position.clone());
    Page {
        previous: edge(found.first()).filter(|_| has_previous).map(Cursor::Before),
        next: edge(found.last()).filter(|_| has_next).map(Cursor::After),
        products: found.into_iter().map(|(_, product)| product).collect(),
        total,
    }
}

/// Positions in the direction of a walk.
pub fn order(is_descending: bool, one: &Position, other: &Position) -> Ordering {
    let ordering = one.cmp(other);
    if is_descending { ordering.reverse() } else { ordering }
}
