//! The grams of pieces of text that have been seen: what stands between two blanks mostly comes again, in another
//! product.

use super::fold::Folding;
use super::grams::{self, PieceOf};
use super::interned::{Interned, hash};
use hashbrown::{DefaultHashBuilder, HashTable};

/// Longer pieces than this seldom come again.
const PIECE_BYTES: usize = 48;
/// More memory than this for remembered pieces hardly finds more of them.
const MOST_BYTES: usize = 12 << 20;
const GRAM_BYTES: usize = 4;
/// Pieces that are looked for together.
const AT_ONCE: usize = 16;

/// Pieces and their grams.
pub struct Pieces {
    /// How much memory the remembered pieces may take.
    most_bytes: usize,
    /// Of each piece: its kind, the length of its text, the text, how many grams it has, and these.
    records: Vec<u8>,
    known: HashTable<Known>,
    hasher: DefaultHashBuilder,
    folding: Folding,
    /// The grams of a piece that is not known yet.
    found: Vec<u32>,
}

/// What is compared before the piece itself is.
struct Known {
    hash: u64,
    start: u32,
}

impl Pieces {
    /// Pieces that take about so much memory at most.
    pub fn within(most_bytes: usize) -> Self {
        Self {
            most_bytes: most_bytes.min(MOST_BYTES),
            records: Vec::new(),
            known: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            folding: Folding::default(),
            found: Vec::new(),
        }
    }

    /// Tells the grams of a text's pieces, some perhaps more than once.
    pub fn each_gram(&mut self, of: PieceOf, text: &str, grams: &mut Interned, mut tell: impl FnMut(u32)) {
        let mut pieces = grams::pieces(text);
        let mut some = [("", 0, None); AT_ONCE];
        loop {
            self.make_room();
            let mut count = 0;
            for (place, piece) in some.iter_mut().zip(&mut pieces) {
                *place = (piece, hash(&self.hasher, of as u8, piece.as_bytes()), None);
                count += 1;
            }
            if count == 0 {
                return;
            }
            // All are looked for before the first is read. They lie anywhere in memory, which is waited for once then,
            // and not for one after the other.
            for (_, hash, start) in &mut some[..count] {
                *start = self.with_hash(*hash);
            }
            for (piece, hash, start) in &some[..count] {
                if piece.len() > PIECE_BYTES {
                    let folded = self.folding.of(piece);
                    grams::of_piece(of, folded, |kind, text| tell(grams.number(kind, text)));
                    continue;
                }
                let start = start
                    .filter(|start| self.is_at(*start, of, piece))
                    .or_else(|| self.find(*hash, of, piece))
                    .unwrap_or_else(|| self.remember(*hash, of, piece, grams));
                self.grams_at(start).for_each(&mut tell);
            }
        }
    }

    /// Where the first piece with this hash is, surely the one that is looked for.
    fn with_hash(&self, hash: u64) -> Option<u32> {
        let known = self.known.find(hash, |known| known.hash == hash);
        known.map(|known| known.start)
    }

    /// Where a piece is.
    fn find(&self, hash: u64, of: PieceOf, piece: &str) -> Option<u32> {
        let is_it = |known: &Known| known.hash == hash && self.is_at(known.start, of, piece);
        self.known.find(hash, is_it).map(|known| known.start)
    }

    fn is_at(&self, start: u32, of: PieceOf, piece: &str) -> bool {
        let record = &self.records[start as usize..];
        record[..2] == [of as u8, piece.len() as u8] && record[2..].starts_with(piece.as_bytes())
    }

    /// The grams of the piece that begins there.
    fn grams_at(&self, start: u32) -> impl Iterator<Item = u32> {
        let record = &self.records[start as usize..];
        let (count, rest) = record[2 + usize::from(record[1])..].split_first().unwrap_or((&0, &[]));
        let (grams, _) = rest[..usize::from(*count) * GRAM_BYTES].as_chunks::<GRAM_BYTES>();
        grams.iter().map(|gram| u32::from_le_bytes(*gram))
    }

    /// Forgets all pieces when they take too much memory.
    fn make_room(&mut self) {
        if self.size_bytes() > self.most_bytes {
            // Not only emptied: the memory would stay.
            self.records = Vec::new();
            self.known = HashTable::new();
        }
    }

    fn remember(&mut self, hash: u64, of: PieceOf, piece: &str, grams: &mut Interned) -> u32 {
        let Self { folding, found, .. } = self;
        found.clear();
        grams::of_piece(of, folding.of(piece), |kind, text| found.push(grams.number(kind, text)));
        found.sort_unstable();
        found.dedup();
        let start = self.records.len() as u32;
        self.records.extend([of as u8, piece.len() as u8]);
        self.records.extend_from_slice(piece.as_bytes());
        self.records.push(self.found.len() as u8);
        self.records
            .extend(self.found.iter().flat_map(|gram| gram.to_le_bytes()));
        self.known
            .insert_unique(hash, Known { hash, start }, |known| known.hash);
        start
    }

    /// How much memory they take.
    pub fn size_bytes(&self) -> usize {
        self.records.capacity() + self.known.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_remembered_is_what_was_found() {
        let (mut pieces, mut grams) = (Pieces::within(usize::MAX), Interned::default());
        let long = "x-".repeat(PIECE_BYTES);
        let most = "Xa-".repeat(PIECE_BYTES / 3);
        let many = "lamp desk new-lamp ".repeat(AT_ONCE);
        for round in 0..3 {
            for of in [PieceOf::Name, PieceOf::Description] {
                for text in ["lamp", "lam", "Lamp,lamps", "日本語の名前", &most, &long, &many] {
                    let mut expected = BTreeSet::new();
                    for piece in grams::pieces(text) {
                        grams::of_piece(of, &fold(piece), |kind, text| {
                            expected.insert(grams.number(kind, text));
                        });
                    }
                    let mut told = BTreeSet::new();
                    pieces.each_gram(of, text, &mut grams, |gram| {
                        told.insert(gram);
                    });
                    assert_eq!(told, expected, "{text}, round {round}");
                }
            }
        }
    }

    #[test]
    fn they_take_no_more_memory_than_they_may() {
        let most = MOST_BYTES / 4;
        let (mut pieces, mut grams) = (Pieces::within(most), Interned::default());
        let (mut forgot, mut size) = (0, 0);
        for number in 0..200_000 {
            pieces.each_gram(PieceOf::Name, &format!("{}", number % 100_000), &mut grams, |_| {});
            assert!(pieces.size_bytes() <= 2 * most);
            forgot += usize::from(pieces.size_bytes() < size);
            size = pieces.size_bytes();
        }
        assert!((1..20).contains(&forgot), "{forgot} times");
    }
}
