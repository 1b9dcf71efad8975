//! The products of very many grams while a segment is built: lists of ascending ordinals that grow side by side.
//!
//! A list is kept as the differences between its ordinals ([`deltas`]), in slices of one stretch of memory;
//! each slice is twice as long as the one before it and ends with the place of the next. So adding to a list touches two
//! places in memory, and a short list takes little. (Lucene keeps its postings so, in what it calls a pool of byte
//! slices.) A list that has more than every eighth product is a set of bits instead.

use super::bits::Bits;
use super::deltas;
use roaring::RoaringBitmap;

/// The first slice of a list, without the place of the next.
const FIRST_SLICE: u16 = 4;
const LONGEST_SLICE: u16 = 1 << 10;
/// What the place of the next slice takes.
const LINK_BYTES: usize = 4;
/// How often it is looked at whether a set of bits would be shorter, in ordinals.
const LOOK_EVERY: u32 = 512;
/// Fewer ordinals than this are united by sorting them.
const SORTED: usize = 1_000;

/// Lists, each known by a number from zero on.
#[derive(Default)]
pub struct Lists {
    all: Vec<List>,
    slices: Vec<u8>,
    sets: Vec<Bits>,
}

#[derive(Clone, Copy, Default)]
struct List {
    count: u32,
    /// The last ordinal, which is the only one where there is no slice.
    last: u32,
    /// Where the first slice begins; of a set of bits, its number.
    first: u32,
    /// Where the next byte goes.
    next: u32,
    /// How long the last slice is, and how much of it is free.
    slice: u16,
    free: u16,
    is_set: bool,
}

/// Ordinals in ascending order, as they come out of lists.
#[derive(Debug)]
pub enum Ordinals<'a> {
    /// So many, as [`deltas`].
    Deltas(usize, &'a [u8]),
    Bitmap(RoaringBitmap),
}

impl Lists {
    /// Adds an ordinal to a list, or to a new one; beyond those that are there, or the last one again.
    pub fn append(&mut self, number: u32, ordinal: u32) {
        let number = number as usize;
        if number >= self.all.len() {
            self.all.resize_with(number + 1, List::default);
        }
        let list = &mut self.all[number];
        if list.count > 0 && list.last == ordinal {
            return;
        }
        if list.is_set {
            self.sets[list.first as usize].put(ordinal);
        } else if list.count > 0 {
            if list.count == 1 {
                list.put_number(&mut self.slices, list.last);
            }
            list.put_number(&mut self.slices, ordinal - list.last);
        }
        list.count += 1;
        list.last = ordinal;
        if !list.is_set && list.count.is_multiple_of(LOOK_EVERY) && list.count > ordinal / 8 {
            self.make_set(number);
        }
    }

    /// Turns a list into a set of bits. Its slices are not used again, which costs little: lists turn early, while short.
    fn make_set(&mut self, number: usize) {
        let (mut bits, mut room) = (Bits::default(), Vec::new());
        self.each(self.all[number], &mut room, |ordinal| bits.put(ordinal));
        let list = &mut self.all[number];
        list.first = self.sets.len() as u32;
        list.is_set = true;
        self.sets.push(bits);
    }

    /// The ordinals of a list; as differences they are put into `room`.
    pub fn ordinals<'a>(&self, number: u32, room: &'a mut Vec<u8>) -> Ordinals<'a> {
        let list = self.all.get(number as usize).copied().unwrap_or_default();
        if list.is_set {
            return Ordinals::Bitmap(self.sets[list.first as usize].bitmap());
        }
        list.put_deltas(room, &self.slices);
        Ordinals::Deltas(list.count as usize, room)
    }

    /// The ordinals of several lists, each once; as differences they are put into `room`. All are below `products`.
    pub fn union<'a>(
        &self,
        numbers: impl Iterator<Item = u32> + Clone,
        products: usize,
        room: &'a mut Vec<u8>,
    ) -> Ordinals<'a> {
        let lists = numbers.map(|number| self.all.get(number as usize).copied().unwrap_or_default());
        let total: usize = lists.clone().map(|list| list.count as usize).sum();
        if total <= SORTED {
            let mut ordinals = Vec::with_capacity(total);
            lists.for_each(|list| self.each(list, room, |ordinal| ordinals.push(ordinal)));
            ordinals.sort_unstable();
            ordinals.dedup();
            room.clear();
            deltas::put(room, &ordinals);
            return Ordinals::Deltas(ordinals.len(), room);
        }
        let mut bits = Bits::below(products);
        lists.for_each(|list| self.each(list, room, |ordinal| bits.put(ordinal)));
        Ordinals::Bitmap(bits.bitmap())
    }

    fn each(&self, list: List, room: &mut Vec<u8>, tell: impl FnMut(u32)) {
        if list.is_set {
            self.sets[list.first as usize].bitmap().iter().for_each(tell);
        } else {
            list.put_deltas(room, &self.slices);
            deltas::read(room).for_each(tell);
        }
    }

    /// How much memory they take.
    pub fn size_bytes(&self) -> usize {
        let of_sets: usize = self.sets.iter().map(Bits::size_bytes).sum();
        self.all.capacity() * size_of::<List>() + self.slices.capacity() + of_sets
    }
}

impl List {
    fn put_number(&mut self, slices: &mut Vec<u8>, number: u32) {
        deltas::parts(number).for_each(|byte| self.put(slices, byte));
    }

    fn put(&mut self, slices: &mut Vec<u8>, byte: u8) {
        if self.free == 0 {
            self.add_slice(slices);
        }
        slices[self.next as usize] = byte;
        self.next += 1;
        self.free -= 1;
    }

    fn add_slice(&mut self, slices: &mut Vec<u8>) {
        let start = slices.len() as u32;
        if self.slice == 0 {
            self.first = start;
            self.slice = FIRST_SLICE;
        } else {
            let link = self.next as usize;
            slices[link..link + LINK_BYTES].copy_from_slice(&start.to_le_bytes());
            self.slice = next_slice(self.slice);
        }
        self.next = start;
        self.free = self.slice;
        slices.resize(slices.len() + usize::from(self.slice) + LINK_BYTES, 0);
    }

    /// Replaces what is in `room` by the differences of a list that is no set.
    fn put_deltas(&self, room: &mut Vec<u8>, slices: &[u8]) {
        room.clear();
        if self.count < 2 {
            deltas::put(room, &[self.last][..self.count as usize]);
            return;
        }
        let last = self.next as usize + usize::from(self.free) - usize::from(self.slice);
        let (mut start, mut slice) = (self.first as usize, FIRST_SLICE);
        while start != last {
            let (bytes, link) = slices[start..].split_at(usize::from(slice));
            room.extend_from_slice(bytes);
            start = link
                .first_chunk()
                .map_or(last, |link| u32::from_le_bytes(*link) as usize);
            slice = next_slice(slice);
        }
        room.extend_from_slice(&slices[start..self.next as usize]);
    }
}

fn next_slice(size: u16) -> u16 {
    (size * 2).min(LONGEST_SLICE)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    pub fn values(ordinals: Ordinals) -> Vec<u32> {
        match ordinals {
            Ordinals::Deltas(count, deltas) => {
                let values: Vec<u32> = deltas::read(deltas).collect();
                assert_eq!(values.len(), count);
                values
            }
            Ordinals::Bitmap(bitmap) => bitmap.into_iter().collect(),
        }
    }

    proptest! {
        #[test]
        fn lists_give_back_what_was_added(
            mut sets in vec(btree_set(0_u32..300_000, 0..600), 1..8),
            dense in 0_u32..20_000,
            step in 1_u32..12,
        ) {
            sets.push((0..dense).map(|at| at * step).collect());
            let mut lists = Lists::default();
            let all: BTreeSet<u32> = sets.iter().flatten().copied().collect();
            for ordinal in &all {
                for (number, set) in sets.iter().enumerate() {
                    if set.contains(ordinal) {
                        lists.append(number as u32, *ordinal);
                        lists.append(number as u32, *ordinal);
                    }
                }
            }
            let mut room = Vec::new();
            for (number, set) in sets.iter().enumerate() {
                let ordinals = lists.ordinals(number as u32, &mut room);
                prop_assert_eq!(values(ordinals), set.iter().copied().collect::<Vec<_>>());
            }
            let union = lists.union(0..sets.len() as u32, 300_000, &mut room);
            prop_assert_eq!(values(union), all.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_full_list_takes_a_bit_a_product() {
        let mut lists = Lists::default();
        (0..1_000_000).for_each(|ordinal| lists.append(0, ordinal));
        assert!(lists.size_bytes() < 300_000, "{}", lists.size_bytes());
        assert!(
            values(lists.ordinals(1, &mut Vec::new())).is_empty(),
            "one that nobody added to"
        );
    }
}
