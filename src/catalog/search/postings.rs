//! The grams of a segment while it is built, and of each the products that have it.
//!
//! A product is known by its ordinal, its place in the segment. What stands between two blanks mostly comes again, in
//! another product: its grams are looked for once and remembered.

use super::grams::{self, Doc, PieceOf};
use super::interned::Interned;
use super::ordinals::Ordinals;

/// Longer pieces than this seldom come again.
const PIECE_BYTES: usize = 48;
/// So much memory may pieces take.
const PIECES_BYTES: usize = 12 << 20;

/// Grams and their products.
#[derive(Default)]
pub struct Postings {
    /// The number of a gram is the place of its products.
    grams: Interned,
    ordinals: Vec<Ordinals>,
    pieces: Pieces,
    /// Grams with ordinals, not yet in their place.
    found: Vec<(u32, u32)>,
    sorting: Sorting,
}

/// The grams of pieces that have been seen.
#[derive(Default)]
struct Pieces {
    known: Interned,
    grams: Vec<u32>,
    /// Where the grams of each piece end.
    ends: Vec<usize>,
}

/// Room for sorting what was found by gram.
#[derive(Default)]
struct Sorting {
    /// Of each gram how many ordinals there are, then where the next goes.
    places: Vec<u32>,
    grams: Vec<u32>,
    ordinals: Vec<u32>,
}

impl Postings {
    /// Adds a product. Ordinals must come in ascending order. [`Postings::settle`] must follow after some of them.
    pub fn add(&mut self, ordinal: u32, doc: &Doc<'_>) {
        let Self { grams, found, .. } = self;
        grams::of_rest(doc, |kind, text| found.push((grams.number(kind, text), ordinal)));
        for piece in grams::pieces(doc.name) {
            self.add_piece(ordinal, PieceOf::Name, piece);
        }
        for piece in grams::pieces(doc.description) {
            self.add_piece(ordinal, PieceOf::Description, piece);
        }
    }

    fn add_piece(&mut self, ordinal: u32, of: PieceOf, piece: &str) {
        let Self {
            grams, pieces, found, ..
        } = self;
        if piece.len() > PIECE_BYTES {
            grams::of_piece(of, piece, |kind, text| found.push((grams.number(kind, text), ordinal)));
            return;
        }
        let of_piece = pieces.grams(of, piece, grams);
        found.extend(of_piece.iter().map(|gram| (*gram, ordinal)));
    }

    /// Puts what was found in its place. Gram by gram: one after the other as they come, each would be fetched from
    /// memory for a single ordinal.
    pub fn settle(&mut self) {
        self.ordinals.resize_with(self.grams.len(), Ordinals::default);
        self.sorting.sort(&self.found, self.grams.len());
        let mut start = 0;
        let mut distinct = Vec::new();
        for gram in &self.sorting.grams {
            let end = self.sorting.places[*gram as usize] as usize;
            distinct.clear();
            distinct.extend_from_slice(&self.sorting.ordinals[start..end]);
            distinct.dedup();
            self.ordinals[*gram as usize].append(&distinct);
            self.sorting.places[*gram as usize] = 0;
            start = end;
        }
        self.found.clear();
        if self.pieces.size_bytes() > PIECES_BYTES {
            self.pieces.clear();
        }
    }

    /// About how much memory this takes.
    pub fn size_bytes(&self) -> usize {
        let of_ordinals: usize = self.ordinals.iter().map(Ordinals::heap_bytes).sum();
        let of_grams = self.grams.size_bytes() + self.ordinals.len() * size_of::<Ordinals>();
        of_grams + of_ordinals + self.pieces.size_bytes()
    }

    /// Adds the beginnings of words when every product is there, as unions over words: much less work than to add each to
    /// each product's. Nothing can be added any more.
    pub fn finish(&mut self) {
        self.pieces = Pieces::default();
        let words = self.grams.len() as u32;
        let mut beginnings: Vec<(u32, u32)> = Vec::new();
        let mut gram = Vec::new();
        for word in 0..words {
            gram.clear();
            gram.extend_from_slice(self.grams.get(word));
            grams::of_word(&gram, |kind, text| {
                beginnings.push((self.grams.number(kind, text), word));
            });
        }
        beginnings.sort_unstable();
        self.ordinals.resize_with(self.grams.len(), Ordinals::default);
        for of_one in beginnings.chunk_by(|(one, _), (next, _)| one == next) {
            let union = Ordinals::union(of_one.iter().map(|(_, word)| &self.ordinals[*word as usize]));
            self.ordinals[of_one[0].0 as usize] = union;
        }
    }

    /// Every gram with its products, in the order of their bytes.
    pub fn sorted(&self) -> impl Iterator<Item = (&[u8], &Ordinals)> {
        let sorted = self.grams.sorted().into_iter();
        sorted.map(|gram| (self.grams.get(gram), &self.ordinals[gram as usize]))
    }
}

impl Pieces {
    /// The grams of a piece, each once.
    fn grams(&mut self, of: PieceOf, piece: &str, grams: &mut Interned) -> &[u32] {
        let number = self.known.number(of as u8, piece.as_bytes()) as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        if number == self.ends.len() {
            let mut of_piece = Vec::new();
            grams::of_piece(of, piece, |kind, text| of_piece.push(grams.number(kind, text)));
            of_piece.sort_unstable();
            of_piece.dedup();
            self.grams.extend(of_piece);
            self.ends.push(self.grams.len());
        }
        &self.grams[start..self.ends[number]]
    }

    fn size_bytes(&self) -> usize {
        self.known.size_bytes() + self.grams.len() * size_of::<u32>() + self.ends.len() * size_of::<usize>()
    }

    fn clear(&mut self) {
        self.known.clear();
        self.grams.clear();
        self.ends.clear();
    }
}

impl Sorting {
    /// Sorts ordinals by gram, keeping their order: by counting, for there are few grams.
    fn sort(&mut self, found: &[(u32, u32)], grams: usize) {
        self.places.resize(grams, 0);
        self.grams.clear();
        for (gram, _) in found {
            let count = &mut self.places[*gram as usize];
            if *count == 0 {
                self.grams.push(*gram);
            }
            *count += 1;
        }
        let mut start = 0;
        for gram in &self.grams {
            let place = &mut self.places[*gram as usize];
            start += std::mem::replace(place, start);
        }
        self.ordinals.resize(found.len(), 0);
        for (gram, ordinal) in found {
            let place = &mut self.places[*gram as usize];
            self.ordinals[*place as usize] = *ordinal;
            *place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn doc(name: &str) -> Doc<'_> {
        Doc {
            id: 1,
            version: 1,
            sku: "S-1",
            sku_key: "s-1",
            name,
            description: "unbelievablylongwords are kept by their beginnings, are they",
            active: true,
            import_id: None,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn what_is_remembered_of_pieces_changes_nothing() {
        let names = ["lamp", "desk lamp", "日本語の名前", "lamp", "chair", "Lamp, lamps"];
        let mut postings = Postings::default();
        let mut expected: BTreeMap<Vec<u8>, BTreeSet<u32>> = BTreeMap::new();
        for ordinal in 0..500 {
            let doc = doc(names[ordinal as usize % names.len()]);
            postings.add(ordinal, &doc);
            let mut tell = |kind: u8, text: &[u8]| {
                let gram = [&[kind], text].concat();
                grams::of_word(&gram, |kind, text| {
                    expected.entry([&[kind], text].concat()).or_default().insert(ordinal);
                });
                expected.entry(gram).or_default().insert(ordinal);
            };
            grams::of_rest(&doc, &mut tell);
            grams::of_piece(PieceOf::Name, doc.name, &mut tell);
            grams::of_piece(PieceOf::Description, doc.description, &mut tell);
            if ordinal % 70 == 0 {
                postings.settle();
            }
            if ordinal == 300 {
                postings.pieces.clear();
            }
        }
        postings.settle();
        assert!(postings.size_bytes() > 0);
        postings.finish();
        let kept: Vec<(Vec<u8>, Vec<u32>)> = postings
            .sorted()
            .map(|(gram, ordinals)| (gram.to_vec(), ordinals.iter().collect()))
            .collect();
        let expected = expected
            .into_iter()
            .map(|(gram, ordinals)| (gram, ordinals.into_iter().collect()));
        assert_eq!(kept, expected.collect::<Vec<_>>());
    }
}
