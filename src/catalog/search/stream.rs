//! The candidates of one segment, in an order, from a position on.

use super::super::filter::SortBy;
use super::super::list::{Position, Rank};
use super::bits::Bits;
use super::columns::{self, Column, FENCE_EVERY, ORDINALS_PER_CHUNK};
use super::reading::Reading;
use anyhow::Result;
use roaring::RoaringBitmap;

/// Where fewer than one in so many products are candidates, each is looked for in a set of bits: bitmaps have lists of the few,
/// in which they are searched for.
const FEW_ARE_ONE_IN: usize = 16;

/// Candidates still to come, and where they have been looked at up to.
pub struct Stream<'a> {
    pub segment: i64,
    candidates: &'a RoaringBitmap,
    /// The same where they are few and one walks along an order, past many others.
    bits: Option<Bits>,
    products: usize,
    /// The list of ordinals that is the order; none where the ordinals are in order themselves.
    order: Option<Column>,
    is_descending: bool,
    /// The next place in the order; descending, the one after it.
    at: usize,
    /// No more candidates.
    pub is_over: bool,
    /// Where the last product that was looked at stands, or before the first one a place that none comes before; none
    /// where that is not known.
    pub bound: Option<Position>,
    /// How many candidates to look at next; none before the first.
    pub step: usize,
}

/// Where a stream is to begin.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    pub by: SortBy,
    pub is_descending: bool,
    /// The class of relevance that is walked through.
    pub class: u8,
    /// A little before this, or with the first product.
    pub from: Option<&'a Position>,
}

/// The columns of an order: its ordinals and its fences.
fn columns_of(by: SortBy) -> (Option<Column>, Column) {
    match by {
        SortBy::Sku | SortBy::Relevance => (None, Column::SkuFences),
        SortBy::Name => (Some(Column::ByName), Column::NameFences),
        SortBy::CreatedAt => (Some(Column::ByCreation), Column::CreationFences),
        SortBy::UpdatedAt => (Some(Column::ByChange), Column::ChangeFences),
    }
}

impl<'a> Stream<'a> {
    /// Begins in a segment.
    pub async fn begin(
        reading: &mut Reading<'_>,
        segment: usize,
        candidates: &'a RoaringBitmap,
        start: Start<'_>,
    ) -> Result<Self> {
        let (order, fences) = columns_of(start.by);
        let segment = &reading.segments[segment];
        let (id, products) = (segment.id, segment.products as usize);
        let is_descending = start.is_descending;
        let end = columns::end_of(&segment.ends, fences, is_descending).cloned();
        let (at, bound) = match start.from {
            _ if candidates.is_empty() => (0, None),
            None if is_descending => (products, end),
            None => (0, end),
            Some(from) => {
                let from = as_fence(from, start.by);
                let fences = reading.fences(id, fences).await?;
                let fence = if is_descending {
                    fences.partition_point(|fence| *fence < from)
                } else {
                    fences.partition_point(|fence| *fence <= from).saturating_sub(1)
                };
                // Descending, all that are still to come stand before the fence, or are the last ones.
                let bound = fences.get(fence).cloned().or(end);
                ((fence * FENCE_EVERY).min(products), bound)
            }
        };
        Ok(Self {
            segment: id,
            candidates,
            bits: None,
            products,
            order,
            is_descending,
            at,
            is_over: candidates.is_empty(),
            bound: bound.map(|bound| in_class(bound, start)),
            step: 0,
        })
    }

    /// What [`Stream::next`] reads first, if it reads anything.
    pub fn next_chunk(&self) -> Option<(i64, Column, i32)> {
        let order = self.order.filter(|_| !self.is_at_end())?;
        Some((self.segment, order, self.place().0))
    }

    fn is_at_end(&self) -> bool {
        if self.is_descending {
            self.at == 0
        } else {
            self.at >= self.products
        }
    }

    /// The chunk of the order in which the next place is, and where in it.
    fn place(&self) -> (i32, usize) {
        let place = self.at - usize::from(self.is_descending);
        ((place / ORDINALS_PER_CHUNK) as i32, place % ORDINALS_PER_CHUNK)
    }

    /// How many candidates there are, those that have been looked at among them.
    pub fn len(&self) -> usize {
        self.candidates.len() as usize
    }

    /// The next candidates' ordinals, `self.step` of them if there are as many.
    pub async fn next(&mut self, reading: &mut Reading<'_>) -> Result<Vec<u32>> {
        match self.order {
            None => Ok(self.next_in_place()),
            Some(order) => self.next_in(reading, order).await,
        }
    }

    fn next_in_place(&mut self) -> Vec<u32> {
        let at = self.at as u32;
        let found: Vec<u32> = if self.is_descending {
            self.candidates.range(..at).rev().take(self.step).collect()
        } else {
            self.candidates.range(at..).take(self.step).collect()
        };
        self.is_over = found.len() < self.step;
        if let Some(last) = found.last() {
            self.at = *last as usize + usize::from(!self.is_descending);
        }
        found
    }

    /// Walks along the order and takes those that are candidates.
    async fn next_in(&mut self, reading: &mut Reading<'_>, order: Column) -> Result<Vec<u32>> {
        let mut found = Vec::with_capacity(self.step);
        while found.len() < self.step {
            if self.is_at_end() {
                self.is_over = true;
                break;
            }
            let (number, inside) = self.place();
            let chunk = reading.chunk(self.segment, order, number).await?;
            self.walk(&chunk, inside, &mut found);
            // The next may be far away.
            if found.len() < self.step && self.bits.is_none() && self.len() * FEW_ARE_ONE_IN < self.products {
                self.bits = Some(Bits::of(self.candidates, self.products));
            }
        }
        Ok(found)
    }

    /// Walks along a chunk from a place in it, to its end or until there are enough.
    fn walk(&mut self, chunk: &[u8], inside: usize, found: &mut Vec<u32>) {
        let (candidates, bits) = (self.candidates, self.bits.as_ref());
        let mut take = |ordinal: u32| {
            if bits.map_or_else(|| candidates.contains(ordinal), |bits| bits.has(ordinal)) {
                found.push(ordinal);
            }
            found.len() < self.step
        };
        let mut walked = 0;
        if self.is_descending {
            for ordinal in columns::ordinals(&chunk[..(inside + 1) * 4]).rev() {
                walked += 1;
                if !take(ordinal) {
                    break;
                }
            }
            self.at -= walked;
        } else {
            for ordinal in columns::ordinals(&chunk[inside * 4..]) {
                walked += 1;
                if !take(ordinal) {
                    break;
                }
            }
            self.at += walked;
        }
    }
}

/// A position as the fences have it: those of SKUs know no relevance.
fn as_fence(position: &Position, by: SortBy) -> Position {
    match by {
        SortBy::Relevance => Position {
            rank: Rank::Sku,
            sku_key: position.sku_key.clone(),
        },
        _ => position.clone(),
    }
}

/// A fence as a position of the walk.
fn in_class(fence: Position, start: Start<'_>) -> Position {
    match start.by {
        SortBy::Relevance => Position {
            rank: Rank::Relevance(start.class),
            ..fence
        },
        _ => fence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_the_same_with_bits() {
        let candidates: RoaringBitmap = [3, 5, 90, 100].into_iter().collect();
        let order: Vec<u8> = (0..=100_u32).rev().flat_map(u32::to_le_bytes).collect();
        let found = |bits: Option<Bits>, is_descending: bool, step: usize| {
            let mut stream = Stream {
                segment: 1,
                candidates: &candidates,
                bits,
                products: 101,
                order: Some(Column::ByName),
                is_descending,
                at: if is_descending { 101 } else { 0 },
                is_over: false,
                bound: None,
                step,
            };
            let mut found = Vec::new();
            let (_, inside) = stream.place();
            stream.walk(&order, inside, &mut found);
            (found, stream.at)
        };
        for (is_descending, step) in [(false, 2), (true, 2), (false, 9), (true, 9)] {
            let bits = Some(Bits::of(&candidates, 101));
            assert_eq!(found(bits, is_descending, step), found(None, is_descending, step));
        }
        assert_eq!(found(None, false, 2), (vec![100, 90], 11));
        assert_eq!(found(None, true, 3), (vec![3, 5, 90], 10));
    }
}
