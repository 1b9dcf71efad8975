//! Answering a search: one page of products in an order, and how many there are.
//!
//! Segments give candidates in the order that is asked for; their rows are fetched, and the rule itself decides. What is
//! not indexed yet is held against the rule as well and put where it belongs.

use super::super::filter::{Filter, Sort, SortBy};
use super::super::list::{Cursor, Page, Placed, Position, Query, Rank, Total};
use super::Search;
use super::candidates::{self, Candidates};
use super::fold::fold;
use super::placed::{cut, order};
use super::read_queries as queries;
use super::reading::Reading;
use super::stream::{Start, Stream};
use super::terms::{CLASSES, Class, Terms, Texts};
use crate::catalog::Product;
use anyhow::Result;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Up to this many candidates are all fetched, which also tells exactly how many match.
const FEW: u64 = 200;
/// The same limit where the other way would be to walk along an order.
const FEW_IN_ORDER: u64 = 1_000;
/// Candidates of a segment that are looked at together, at least and at most.
const LEAST_AT_ONCE: usize = 4;
const MOST_AT_ONCE: usize = 1_000;

/// A search under way.
struct Finder<'a> {
    reading: Reading<'a>,
    terms: Terms,
    filter: &'a Filter,
    sort: Sort,
    candidates: Vec<Candidates>,
    /// Products that are not to be had from a segment: those not indexed, and one with this very SKU.
    loose: Vec<Placed>,
}

/// One page.
pub async fn page(search: &Search, query: &Query) -> Result<Page> {
    let mut finder = Finder::begin(search, &query.filter, query.sort).await?;
    let few = if finder.is_in_place() { FEW } else { FEW_IN_ORDER };
    if finder.candidate_count() <= few {
        let all = finder.all().await?;
        let total = Total {
            value: all.len() as i64,
            is_exact: !finder.reading.is_behind,
        };
        return Ok(cut(all, query, total));
    }
    let is_backwards = matches!(query.cursor, Some(Cursor::Before(_)));
    let is_descending = query.sort.is_reversed != is_backwards;
    let from = query.cursor.as_ref().map(Cursor::position);
    let mut found = finder.walk(is_descending, from, query.limit as usize + 1).await?;
    let seen = found.len() as i64;
    if is_backwards {
        found.reverse();
    }
    let total = finder.known_total().unwrap_or(Total {
        value: seen,
        is_exact: false,
    });
    Ok(Page::of(found, query, total))
}

/// How many products match, or that there are more than `up_to`.
pub async fn count(search: &Search, filter: &Filter, up_to: Option<i64>) -> Result<Total> {
    let mut finder = Finder::begin(search, filter, Sort::default()).await?;
    if let Some(total) = finder.known_total() {
        return Ok(total);
    }
    let up_to = up_to.unwrap_or(i64::MAX);
    let (mut value, mut from) = (0, None);
    while value <= up_to {
        let piece = finder.walk(false, from.as_ref(), MOST_AT_ONCE).await?;
        value += piece.len() as i64;
        match piece.into_iter().last() {
            Some((position, _)) if value % MOST_AT_ONCE as i64 == 0 => from = Some(position),
            _ => {
                let is_exact = !finder.reading.is_behind;
                return Ok(Total { value, is_exact });
            }
        }
    }
    Ok(Total {
        value: up_to,
        is_exact: false,
    })
}

impl<'a> Finder<'a> {
    async fn begin(search: &'a Search, filter: &'a Filter, sort: Sort) -> Result<Self> {
        let mut reading = Reading::begin(search).await?;
        let terms = Terms::of(&filter.q);
        let candidates = candidates::find(&mut reading, &terms, filter, is_by_class(sort, &terms)).await?;
        let mut finder = Self {
            reading,
            terms,
            filter,
            sort,
            candidates,
            loose: Vec::new(),
        };
        finder.gather_loose().await?;
        Ok(finder)
    }

    async fn gather_loose(&mut self) -> Result<()> {
        let fresh = std::mem::take(&mut self.reading.fresh);
        let is_fresh = fresh.iter().any(|product| product.sku_key == self.terms.sku_key);
        self.loose = fresh.into_iter().filter_map(|product| self.place(product)).collect();
        // PostgreSQL keeps no NUL, and does not like to be asked for one.
        let may_be = !self.terms.is_empty() && !self.terms.sku_key.contains('\0');
        if may_be && !is_fresh {
            let keys = std::slice::from_ref(&self.terms.sku_key);
            let found = queries::products_of_keys(&mut self.reading.transaction, keys).await?;
            // Where the terms match it besides, the segments give it, but for its own class.
            let found = found.into_iter().filter(|product| {
                self.sort.by == SortBy::Relevance || self.terms.class_of_terms(texts(product)).is_none()
            });
            let placed: Vec<Placed> = found.filter_map(|product| self.place(product)).collect();
            self.loose.extend(placed);
        }
        Ok(())
    }

    /// Whether the order is that of the segments themselves.
    fn is_in_place(&self) -> bool {
        matches!(self.sort.by, SortBy::Sku | SortBy::Relevance)
    }

    fn candidate_count(&self) -> u64 {
        self.candidates.iter().map(|candidates| candidates.all.len()).sum()
    }

    /// How many match, where the index alone tells.
    fn known_total(&self) -> Option<Total> {
        if self.reading.is_behind || self.candidates.iter().any(|candidates| !candidates.is_exact) {
            return None;
        }
        let of_segments = |product: &Product| {
            self.sort.by == SortBy::Relevance
                && product.sku_key == self.terms.sku_key
                && self.terms.class_of_terms(texts(product)).is_some()
                && !self.reading.fresh_ids.contains(&product.id)
        };
        let loose = self.loose.iter().filter(|(_, product)| !of_segments(product)).count();
        Some(Total {
            value: self.candidate_count() as i64 + loose as i64,
            is_exact: true,
        })
    }

    /// All that match, in order, where they are few.
    async fn all(&mut self) -> Result<Vec<Placed>> {
        let wanted: Vec<(i64, u32)> = self
            .reading
            .segments
            .iter()
            .zip(&self.candidates)
            .flat_map(|(segment, candidates)| candidates.all.iter().map(|ordinal| (segment.id, ordinal)))
            .collect();
        let docs = self.reading.docs(&wanted).await?;
        let ids: Vec<i64> = docs.iter().map(|(id, _)| *id).collect();
        let products = queries::products(&mut self.reading.transaction, &ids).await?;
        let mut all: Vec<Placed> = products.into_iter().filter_map(|product| self.place(product)).collect();
        all.append(&mut self.loose);
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|(_, one), (_, other)| one.id == other.id);
        if self.sort.is_reversed {
            all.reverse();
        }
        Ok(all)
    }

    /// The first `want` that match, from a position on. By relevance that is one class after another.
    async fn walk(&mut self, is_descending: bool, from: Option<&Position>, want: usize) -> Result<Vec<Placed>> {
        if !is_by_class(self.sort, &self.terms) {
            return self.walk_class(None, is_descending, from, want).await;
        }
        let mut classes = CLASSES.to_vec();
        if is_descending {
            classes.reverse();
        }
        let begins_in = |class: &u8| match from.map(|from| &from.rank) {
            Some(Rank::Relevance(first)) if is_descending => class <= first,
            Some(Rank::Relevance(first)) => class >= first,
            _ => true,
        };
        let mut found = Vec::new();
        for class in classes.into_iter().filter(begins_in) {
            let from = from.filter(|from| from.rank == Rank::Relevance(class));
            let more = self
                .walk_class(Some(class), is_descending, from, want - found.len())
                .await?;
            found.extend(more);
            if found.len() == want {
                break;
            }
        }
        Ok(found)
    }

    async fn walk_class(
        &mut self,
        class: Option<u8>,
        is_descending: bool,
        from: Option<&Position>,
        want: usize,
    ) -> Result<Vec<Placed>> {
        let is_wanted = |(position, _): &Placed| {
            let is_beyond = from.is_none_or(|from| order(is_descending, position, from) == Ordering::Greater);
            is_beyond && class.is_none_or(|class| position.rank == Rank::Relevance(class))
        };
        let mut found: Vec<Placed> = self.loose.iter().filter(|placed| is_wanted(placed)).cloned().collect();
        let candidates = std::mem::take(&mut self.candidates);
        let start = Start {
            by: self.sort.by,
            is_descending,
            class: class.unwrap_or(Class::SKU),
            from,
        };
        let mut streams = Vec::new();
        for (segment, candidates) in candidates.iter().enumerate() {
            let Some(set) = candidates.of_class(class) else {
                continue;
            };
            streams.push(Stream::begin(&mut self.reading, segment, set, start).await?);
        }
        while let Some((lagging, first_step)) = lagging(&streams, &found, is_descending, want) {
            for at in &lagging {
                let step = &mut streams[*at].step;
                *step = if *step == 0 {
                    first_step
                } else {
                    (*step * 2).min(MOST_AT_ONCE)
                };
            }
            let more = self.advance(&mut streams, &lagging, class).await?;
            found.extend(more.into_iter().filter(is_wanted));
        }
        drop(streams);
        self.candidates = candidates;
        found.sort_by(|(one, _), (other, _)| order(is_descending, one, other));
        found.truncate(want);
        Ok(found)
    }

    /// Looks at the next candidates of some streams, on a walk through a class.
    async fn advance(
        &mut self,
        streams: &mut [Stream<'_>],
        lagging: &[usize],
        class: Option<u8>,
    ) -> Result<Vec<Placed>> {
        // All at once into the cache, and not one after the other.
        let chunks: Vec<_> = lagging.iter().filter_map(|at| streams[*at].next_chunk()).collect();
        self.reading.chunks(&chunks).await?;
        let mut wanted = Vec::new();
        let mut owners = Vec::new();
        for at in lagging {
            let stream = &mut streams[*at];
            for ordinal in stream.next(&mut self.reading).await? {
                wanted.push((stream.segment, ordinal));
                owners.push(*at);
            }
        }
        let docs = self.reading.docs(&wanted).await?;
        let ids: Vec<i64> = docs.iter().map(|(id, _)| *id).collect();
        let products = queries::products(&mut self.reading.transaction, &ids).await?;
        let mut products: HashMap<i64, Product> = products.into_iter().map(|product| (product.id, product)).collect();
        let mut found = Vec::new();
        for ((id, version), owner) in docs.into_iter().zip(owners) {
            let Some(product) = products.remove(&id) else { continue };
            // One that an import has changed since is where it was by its SKU only.
            if product.version as u32 != version && !self.is_in_place() {
                continue;
            }
            streams[owner].bound = Some(self.position(&product, class.unwrap_or(Class::SKU)));
            found.extend(self.place(product));
        }
        Ok(found)
    }

    /// Where a product stands, if it matches.
    fn place(&self, product: Product) -> Option<Placed> {
        if !matches_filter(self.filter, &product) {
            return None;
        }
        let class = if self.terms.is_empty() {
            Class::SKU
        } else {
            self.terms.classify(texts(&product))?
        };
        Some((self.position(&product, class), product))
    }

    fn position(&self, product: &Product, class: u8) -> Position {
        Position {
            rank: match self.sort.by {
                SortBy::Sku => Rank::Sku,
                SortBy::Relevance => Rank::Relevance(class),
                SortBy::Name => Rank::Name(fold(&product.name).into_owned()),
                SortBy::CreatedAt => Rank::Time(product.created_at.timestamp_micros()),
                SortBy::UpdatedAt => Rank::Time(product.updated_at.timestamp_micros()),
            },
            sku_key: product.sku_key.clone(),
        }
    }
}

/// Whether products are walked through one class of relevance after another.
fn is_by_class(sort: Sort, terms: &Terms) -> bool {
    sort.by == SortBy::Relevance && !terms.is_empty()
}

/// Which streams must be read further, and by how many candidates, before the first `want` results are certain; `None`
/// when they already are. While fewer than `want` are found, it is the streams that have been read least far, as many as
/// it takes: segments that an import made one after the other often hold different ranges. After that it is every stream
/// that may still have something before the last of the results.
fn lagging(streams: &[Stream<'_>], found: &[Placed], is_descending: bool, want: usize) -> Option<(Vec<usize>, usize)> {
    let open = (0..streams.len()).filter(|at| !streams[*at].is_over);
    let (mut known, mut chosen) = (Vec::new(), Vec::new());
    for at in open {
        match &streams[at].bound {
            Some(bound) => known.push((bound, at)),
            None => chosen.push(at),
        }
    }
    let wanted = want + want / 4;
    let shared = |count: usize| wanted.div_ceil(count).clamp(LEAST_AT_ONCE, MOST_AT_ONCE);
    if !chosen.is_empty() {
        let step = shared(chosen.len());
        return Some((chosen, step));
    }
    known.sort_by(|(one, _), (other, _)| order(is_descending, one, other));
    if let Some(last) = nth(found, is_descending, want) {
        let before = known
            .iter()
            .take_while(|(bound, _)| order(is_descending, bound, last) == Ordering::Less);
        chosen.extend(before.map(|(_, at)| *at));
        let step = shared(chosen.len().max(1));
        return (!chosen.is_empty()).then_some((chosen, step));
    }
    let mut candidates = found.len();
    for (_, at) in known {
        if candidates >= want && !chosen.is_empty() {
            break;
        }
        candidates += streams[at].len();
        chosen.push(at);
    }
    (!chosen.is_empty()).then_some((chosen, wanted.min(MOST_AT_ONCE)))
}

/// The position of result number `want`, if that many were found.
fn nth(found: &[Placed], is_descending: bool, want: usize) -> Option<&Position> {
    let mut positions: Vec<&Position> = found.iter().map(|(position, _)| position).collect();
    if want == 0 || positions.len() < want {
        return None;
    }
    let (_, last, _) = positions.select_nth_unstable_by(want - 1, |one, other| order(is_descending, one, other));
    Some(*last)
}

fn texts(product: &Product) -> Texts<'_> {
    Texts {
        sku: &product.sku,
        sku_key: &product.sku_key,
        name: &product.name,
        description: &product.description,
    }
}

fn matches_filter(filter: &Filter, product: &Product) -> bool {
    filter.status.as_active().is_none_or(|active| active == product.active)
        && filter.import_id.is_none_or(|id| product.import_id == Some(id))
        && filter.changed_since.is_none_or(|since| product.updated_at >= since)
        && filter.changed_before.is_none_or(|before| product.updated_at < before)
}
