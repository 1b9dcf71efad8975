//! The grams of a segment while it is built, and of each the products that have it.
//!
//! A product is known by its ordinal, its place in the segment.

use super::grams::{self, Doc, PieceOf};
use super::interned::Interned;
use super::lists::{Lists, Ordinals};
use super::pieces::Pieces;

/// Grams and their products.
#[derive(Default)]
pub struct Postings {
    /// The number of a gram is that of its list.
    grams: Interned,
    lists: Lists,
    pieces: Pieces,
    products: usize,
}

/// Grams with all their products.
pub struct Finished {
    grams: Interned,
    lists: Lists,
    products: usize,
    /// The beginnings of words, each with a word that begins so: numbers of grams, in order.
    beginnings: Vec<(u32, u32)>,
}

impl Postings {
    /// Adds a product. Ordinals must come in ascending order.
    pub fn add(&mut self, ordinal: u32, doc: &Doc<'_>) {
        let Self {
            grams, lists, pieces, ..
        } = self;
        grams::of_rest(doc, |kind, text| lists.append(grams.number(kind, text), ordinal));
        for (of, text) in [(PieceOf::Name, doc.name), (PieceOf::Description, doc.description)] {
            for piece in grams::pieces(text) {
                pieces.each_gram(of, piece, grams, |gram| lists.append(gram, ordinal));
            }
        }
        self.products = ordinal as usize + 1;
    }

    /// How much memory this takes.
    pub fn size_bytes(&self) -> usize {
        self.grams.size_bytes() + self.lists.size_bytes() + self.pieces.size_bytes()
    }

    /// Finds the beginnings of words when every product is there. Their products are those of their words: much less work
    /// than to add each to each product's.
    pub fn finish(self) -> Finished {
        let Self {
            mut grams,
            lists,
            products,
            ..
        } = self;
        let mut beginnings = Vec::new();
        let mut gram = Vec::new();
        for word in 0..grams.len() as u32 {
            gram.clear();
            gram.extend_from_slice(grams.get(word));
            grams::of_word(&gram, |kind, text| beginnings.push((grams.number(kind, text), word)));
        }
        beginnings.sort_unstable();
        Finished {
            grams,
            lists,
            products,
            beginnings,
        }
    }
}

impl Finished {
    /// Every gram with its products, in the order of their bytes.
    pub fn sorted(&self) -> impl Iterator<Item = (&[u8], Ordinals)> {
        let sorted = self.grams.sorted().into_iter();
        sorted.map(|gram| (self.grams.get(gram), self.ordinals(gram)))
    }

    fn ordinals(&self, gram: u32) -> Ordinals {
        let start = self.beginnings.partition_point(|(beginning, _)| *beginning < gram);
        let words = self.beginnings[start..]
            .iter()
            .take_while(|(beginning, _)| *beginning == gram);
        let mut words = words.map(|(_, word)| *word).peekable();
        if words.peek().is_some() {
            self.lists.union(words, self.products)
        } else {
            self.lists.ordinals(gram)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn doc(name: &str) -> Doc<'_> {
        Doc {
            sku: "S-1",
            name,
            description: "unbelievablylongwords are kept by their beginnings, are they",
            active: true,
            import_id: None,
        }
    }

    #[test]
    fn every_gram_has_its_products() {
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
        }
        assert!(postings.size_bytes() > 0);
        let kept: Vec<(Vec<u8>, Vec<u32>)> = postings
            .finish()
            .sorted()
            .map(|(gram, ordinals)| (gram.to_vec(), ordinals.into_iter().collect()))
            .collect();
        let expected = expected
            .into_iter()
            .map(|(gram, ordinals)| (gram, ordinals.into_iter().collect()));
        assert_eq!(kept, expected.collect::<Vec<_>>());
    }
}
