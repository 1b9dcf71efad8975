//! The grams of a segment while it is built, and of each the products that have it.
//!
//! A product is known by its ordinal, its place in the segment.

use super::fold::Folding;
use super::grams::{self, Names, PieceOf};
use super::interned::Interned;
use super::lists::{Lists, Ordinals};
use super::pages::Entries;
use super::pieces::Pieces;
use super::waiting::Waiting;

/// Of the memory that a segment may take, a thread has one part in so many for ordinals that wait, and one for remembered
/// pieces: about half of it for both threads.
const WAITING_SHARE: usize = 16;
const PIECES_SHARE: usize = 5;

/// Grams and their products.
pub struct Postings {
    /// The number of a gram is that of its list.
    grams: Interned,
    lists: Lists,
    waiting: Waiting,
    pieces: Pieces,
    folding: Folding,
    products: usize,
}

/// Grams with all their products.
pub struct Finished {
    grams: Interned,
    /// All grams in the order of their bytes.
    in_order: Vec<u32>,
    lists: Lists,
    products: usize,
    /// The beginnings of words, each with a word that begins so: numbers of grams, in order.
    beginnings: Vec<(u32, u32)>,
    /// All grams from this one on are such beginnings, since they are found last.
    first_beginning: u32,
}

impl Postings {
    /// Those of a segment that may take so much memory.
    pub fn within(segment_bytes: usize) -> Self {
        Self {
            grams: Interned::default(),
            lists: Lists::default(),
            waiting: Waiting::within(segment_bytes / WAITING_SHARE),
            pieces: Pieces::within(segment_bytes / PIECES_SHARE),
            folding: Folding::default(),
            products: 0,
        }
    }

    /// Adds what a product is found by besides its description. Ordinals must come in ascending order.
    pub fn add_names(&mut self, ordinal: u32, names: &Names<'_>) {
        let Self {
            grams,
            lists,
            waiting,
            folding,
            ..
        } = self;
        let mut add = |kind: u8, text: &[u8]| waiting.add(lists, grams.number(kind, text), ordinal);
        grams::of_sku(folding.of(names.sku), &mut add);
        grams::of_rest(names, add);
        self.add_text(ordinal, PieceOf::Name, names.name);
    }

    /// Adds a product's description.
    pub fn add_description(&mut self, ordinal: u32, description: &str) {
        self.add_text(ordinal, PieceOf::Description, description);
    }

    fn add_text(&mut self, ordinal: u32, of: PieceOf, text: &str) {
        let Self {
            grams,
            lists,
            waiting,
            pieces,
            ..
        } = self;
        pieces.each_gram(of, text, grams, |gram| waiting.add(lists, gram, ordinal));
        self.products = ordinal as usize + 1;
    }

    /// How much memory this takes.
    pub fn size_bytes(&self) -> usize {
        self.grams.size_bytes() + self.lists.size_bytes() + self.waiting.size_bytes() + self.pieces.size_bytes()
    }

    /// Finds the beginnings of words when every product is there. Their products are those of their words: much less work
    /// than to add each to each product's.
    pub fn finish(self) -> Finished {
        let Self {
            mut grams,
            mut lists,
            mut waiting,
            pieces,
            products,
            ..
        } = self;
        waiting.append_to(&mut lists);
        drop((waiting, pieces));
        let mut beginnings = Vec::new();
        let mut gram = Vec::new();
        let first_beginning = grams.len() as u32;
        for word in 0..first_beginning {
            gram.clear();
            gram.extend_from_slice(grams.get(word));
            grams::of_word(&gram, |kind, text| beginnings.push((grams.number(kind, text), word)));
        }
        beginnings.sort_unstable();
        Finished {
            in_order: grams.sorted(),
            grams,
            lists,
            products,
            beginnings,
            first_beginning,
        }
    }
}

impl Finished {
    /// Tells the grams with all their products, in the order of their bytes, about so many bytes at a time, for as long as
    /// they are taken.
    pub fn tell(&self, bytes: usize, mut take: impl FnMut(Entries) -> bool) -> std::io::Result<()> {
        let (mut entries, mut room) = (Entries::default(), Vec::new());
        for gram in &self.in_order {
            entries.add(self.grams.get(*gram), self.ordinals(*gram, &mut room))?;
            if entries.size_bytes() >= bytes && !take(std::mem::take(&mut entries)) {
                return Ok(());
            }
        }
        take(entries);
        Ok(())
    }

    fn ordinals<'a>(&self, gram: u32, room: &'a mut Vec<u8>) -> Ordinals<'a> {
        if gram < self.first_beginning {
            return self.lists.ordinals(gram, room);
        }
        let start = self.beginnings.partition_point(|(beginning, _)| *beginning < gram);
        let words = self.beginnings[start..]
            .iter()
            .take_while(|(beginning, _)| *beginning == gram);
        self.lists.union(words.map(|(_, word)| *word), self.products, room)
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Column;
    use super::super::fold::fold;
    use super::super::pages::{self, Cutter, Posting};
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const SEGMENT_BYTES: usize = 64 << 20;
    /// Less than a long bitmap.
    const TOLD_BYTES: usize = 300;

    /// All that is told, a little at a time.
    fn told(postings: Postings) -> Vec<Entries> {
        let mut told = Vec::new();
        let take = |entries| {
            told.push(entries);
            true
        };
        postings.finish().tell(TOLD_BYTES, take).unwrap();
        assert!(told.len() > 2, "{}", told.len());
        told
    }

    /// The grams in pages, each with its products.
    fn paged(told: Vec<Entries>) -> Vec<(Vec<u8>, Vec<u32>)> {
        let (mut cutter, mut chunks) = (Cutter::default(), Vec::new());
        for mut entries in told {
            while entries.next_gram().is_some() {
                entries.move_to(&mut cutter, |chunk| chunks.push(chunk));
            }
        }
        chunks.extend(cutter.finish());
        let bitmaps = chunks.iter().filter(|(column, ..)| *column == Column::Bitmaps);
        let bitmaps: Vec<&[u8]> = bitmaps.map(|(_, _, bytes)| &**bytes).collect();
        assert!(bitmaps.len() > 2, "{}", bitmaps.len());
        let pages = chunks.iter().filter(|(column, ..)| *column == Column::Grams);
        let entries = pages.flat_map(|(_, _, page)| pages::read(page));
        entries
            .map(|entry| {
                let bitmap = match entry.posting {
                    Posting::Chunk(_, number) => pages::bitmap(bitmaps[number as usize]).unwrap(),
                    here => here.bitmap().unwrap().unwrap(),
                };
                (entry.gram.to_vec(), bitmap.into_iter().collect())
            })
            .collect()
    }

    #[test]
    fn every_gram_has_its_products() {
        let names = ["lamp", "desk lamp", "日本語の名前", "lamp", "chair", "Lamp, lamps"];
        let description = "unbelievablylongwords are kept by their beginnings, are they";
        let (mut of_names, mut of_descriptions) = (Postings::within(SEGMENT_BYTES), Postings::within(SEGMENT_BYTES));
        let mut expected: BTreeMap<Vec<u8>, BTreeSet<u32>> = BTreeMap::new();
        for ordinal in 0..5_000 {
            let names = Names {
                sku: "S-1",
                name: names[ordinal as usize % names.len()],
                active: true,
                import_id: None,
            };
            of_names.add_names(ordinal, &names);
            of_descriptions.add_description(ordinal, description);
            let mut tell = |kind: u8, text: &[u8]| {
                let gram = [&[kind], text].concat();
                grams::of_word(&gram, |kind, text| {
                    expected.entry([&[kind], text].concat()).or_default().insert(ordinal);
                });
                expected.entry(gram).or_default().insert(ordinal);
            };
            grams::of_sku(&fold(names.sku), &mut tell);
            grams::of_rest(&names, &mut tell);
            grams::of_piece(PieceOf::Name, &fold(names.name), &mut tell);
            grams::of_piece(PieceOf::Description, description, &mut tell);
        }
        assert!(of_names.size_bytes() > 0);
        let mut kept = Vec::new();
        for postings in [of_names, of_descriptions] {
            let paged = paged(told(postings));
            assert!(paged.is_sorted_by(|(gram, _), (next, _)| gram < next), "{paged:?}");
            kept.extend(paged);
        }
        kept.sort();
        let expected = expected
            .into_iter()
            .map(|(gram, ordinals)| (gram, ordinals.into_iter().collect()));
        assert_eq!(kept, expected.collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_told_that_nobody_takes() {
        let mut postings = Postings::within(SEGMENT_BYTES);
        for ordinal in 0..500 {
            postings.add_description(ordinal, &format!("word{ordinal} another{ordinal}"));
        }
        let mut told = 0;
        let take = |_| {
            told += 1;
            told < 2
        };
        postings.finish().tell(TOLD_BYTES, take).unwrap();
        assert_eq!(told, 2);
    }
}
