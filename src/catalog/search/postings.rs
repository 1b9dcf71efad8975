//! The bitmaps of a segment while it is built: for each gram, the products that have it.
//!
//! A product is known by its ordinal, its place in the segment. Several of these can be filled side by side with
//! different products and be united in the end.

use super::fold::fold;
use super::grams::{self, Doc};
use hashbrown::HashMap;
use roaring::{MultiOps as _, RoaringBitmap};

/// What a gram costs besides its bitmap's values, about, in bytes.
const GRAM_BYTES: usize = 160;
/// The longest gram that is kept as a number.
const SHORT_BYTES: usize = 15;

/// Grams and their products.
#[derive(Default)]
pub struct Postings {
    short: HashMap<u128, u32>,
    long: HashMap<Box<[u8]>, u32>,
    bitmaps: Vec<RoaringBitmap>,
    /// Grams' slots with ordinals, not yet in the bitmaps.
    found: Vec<(u32, u32)>,
    sorting: Sorting,
}

/// Room for sorting what was found by slot.
#[derive(Default)]
struct Sorting {
    /// Of each slot how many ordinals there are, then where the next goes.
    places: Vec<u32>,
    slots: Vec<u32>,
    ordinals: Vec<u32>,
}

impl Postings {
    /// Adds a product. Ordinals must come in ascending order. [`Postings::settle`] must follow after some of them.
    pub fn add(&mut self, ordinal: u32, doc: &Doc<'_>) {
        grams::of_doc(doc, &fold(doc.name), |kind, text| {
            let slot = self.slot(kind, text);
            self.found.push((slot, ordinal));
        });
    }

    /// Puts what was found into the bitmaps. Bitmap by bitmap: one after the other as they come, each would be fetched
    /// from memory for a single ordinal.
    pub fn settle(&mut self) {
        let found = std::mem::take(&mut self.found);
        self.sorting.sort(&found, self.bitmaps.len());
        let mut start = 0;
        for slot in &self.sorting.slots {
            let end = self.sorting.places[*slot as usize] as usize;
            let ordinals = &self.sorting.ordinals[start..end];
            let mut last = None;
            let distinct = ordinals
                .iter()
                .filter(|ordinal| last.replace(**ordinal) != Some(**ordinal));
            // Ascending, and beyond what was settled before: it takes them all.
            let _ = self.bitmaps[*slot as usize].append(distinct.copied());
            self.sorting.places[*slot as usize] = 0;
            start = end;
        }
        self.found = found;
        self.found.clear();
    }

    fn slot(&mut self, kind: u8, text: &[u8]) -> u32 {
        let next = self.bitmaps.len() as u32;
        let slot = if let Some(gram) = packed(kind, text) {
            *self.short.entry(gram).or_insert(next)
        } else {
            let gram = [&[kind], text].concat();
            *self.long.entry(gram.into_boxed_slice()).or_insert(next)
        };
        if slot == next {
            self.bitmaps.push(RoaringBitmap::new());
        }
        slot
    }

    /// Whether there is no gram yet.
    pub fn is_empty(&self) -> bool {
        self.bitmaps.is_empty()
    }

    /// About how much memory this takes.
    pub fn size_bytes(&self) -> usize {
        let values: usize = self.bitmaps.iter().map(RoaringBitmap::serialized_size).sum();
        self.bitmaps.len() * GRAM_BYTES + values
    }

    /// Adds the products of other postings.
    pub fn unite(&mut self, other: Self) {
        let mut bitmaps = other.bitmaps;
        let mut take = |slot: u32| std::mem::take(&mut bitmaps[slot as usize]);
        for (gram, slot) in other.short {
            let bitmap = take(slot);
            let next = self.bitmaps.len() as u32;
            let slot = *self.short.entry(gram).or_insert(next);
            self.add_bitmap(slot, bitmap);
        }
        for (gram, slot) in other.long {
            let bitmap = take(slot);
            let next = self.bitmaps.len() as u32;
            let slot = *self.long.entry(gram).or_insert(next);
            self.add_bitmap(slot, bitmap);
        }
    }

    fn add_bitmap(&mut self, slot: u32, bitmap: RoaringBitmap) {
        match self.bitmaps.get_mut(slot as usize) {
            Some(there) => *there |= bitmap,
            None => self.bitmaps.push(bitmap),
        }
    }

    /// Every gram with its bitmap, in the order of their bytes: those that were added, and those made of them.
    pub fn into_sorted(mut self) -> impl Iterator<Item = (Vec<u8>, RoaringBitmap)> {
        self.add_beginnings();
        let short = self.short.into_iter().map(|(gram, slot)| (unpacked(gram), slot));
        let long = self.long.into_iter().map(|(gram, slot)| (gram.into_vec(), slot));
        let mut grams: Vec<(Vec<u8>, u32)> = short.chain(long).collect();
        grams.sort_unstable();
        let mut bitmaps = self.bitmaps;
        grams
            .into_iter()
            .map(move |(gram, slot)| (gram, std::mem::take(&mut bitmaps[slot as usize])))
    }
}

impl Postings {
    /// The beginnings of words, as unions over words: much less work than to add each to each product's.
    fn add_beginnings(&mut self) {
        let mut words: HashMap<Vec<u8>, Vec<u32>> = HashMap::new();
        let short = self.short.iter().map(|(gram, slot)| (unpacked(*gram), *slot));
        let long = self.long.iter().map(|(gram, slot)| (gram.to_vec(), *slot));
        for (gram, slot) in short.chain(long) {
            for beginning in grams::beginnings_of_word(&gram) {
                words.entry(beginning).or_default().push(slot);
            }
        }
        for (gram, slots) in words {
            let Some((kind, text)) = gram.split_first() else {
                continue;
            };
            // All at once: one after the other, thousands of words would each be merged into a longer and longer list.
            let union = slots.iter().map(|slot| &self.bitmaps[*slot as usize]).union();
            let slot = self.slot(*kind, text);
            self.bitmaps[slot as usize] = union;
        }
    }
}

impl Sorting {
    /// Sorts ordinals by slot, keeping their order: by counting, for there are few slots.
    fn sort(&mut self, found: &[(u32, u32)], slots: usize) {
        self.places.resize(slots, 0);
        self.slots.clear();
        for (slot, _) in found {
            let count = &mut self.places[*slot as usize];
            if *count == 0 {
                self.slots.push(*slot);
            }
            *count += 1;
        }
        let mut start = 0;
        for slot in &self.slots {
            let place = &mut self.places[*slot as usize];
            start += std::mem::replace(place, start);
        }
        self.ordinals.resize(found.len(), 0);
        for (slot, ordinal) in found {
            let place = &mut self.places[*slot as usize];
            self.ordinals[*place as usize] = *ordinal;
            *place += 1;
        }
    }
}

/// A short gram as a number: its length, its kind, its text.
fn packed(kind: u8, text: &[u8]) -> Option<u128> {
    let size = text.len() + 1;
    if size > SHORT_BYTES {
        return None;
    }
    let mut bytes = [0; 16];
    bytes[0] = size as u8;
    bytes[1] = kind;
    bytes[2..=size].copy_from_slice(text);
    Some(u128::from_le_bytes(bytes))
}

fn unpacked(gram: u128) -> Vec<u8> {
    let bytes = gram.to_le_bytes();
    bytes[1..=usize::from(bytes[0])].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(name: &str) -> Doc<'_> {
        Doc {
            id: 1,
            version: 1,
            sku: "S-1",
            sku_key: "s-1",
            name,
            description: "unbelievablylongwords are kept by their beginnings",
            active: true,
            import_id: None,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn grams_survive_packing() {
        assert_eq!(unpacked(packed(b't', b"abc").unwrap()), b"tabc");
        assert_eq!(unpacked(packed(b's', b"").unwrap()), b"s");
        assert_eq!(packed(b'w', b"fifteen-bytes-x"), None);
    }

    #[test]
    fn united_postings_are_those_of_one_hand() {
        let names = ["lamp", "desk lamp", "日本語の名前", "lamp", "chair"];
        let (mut one, mut even, mut odd) = (Postings::default(), Postings::default(), Postings::default());
        for (ordinal, name) in names.iter().enumerate() {
            one.add(ordinal as u32, &doc(name));
            if ordinal % 2 == 0 { &mut even } else { &mut odd }.add(ordinal as u32, &doc(name));
        }
        assert!(one.size_bytes() > 0);
        for postings in [&mut one, &mut even, &mut odd] {
            postings.settle();
        }
        even.unite(odd);
        let (one, united): (Vec<_>, Vec<_>) = (one.into_sorted().collect(), even.into_sorted().collect());
        assert_eq!(one, united);
        assert!(one.is_sorted_by(|(one, _), (next, _)| one < next));
    }
}
