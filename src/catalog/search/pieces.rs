//! The grams of pieces of text that have been seen: what stands between two blanks mostly comes again, in another
//! product.

use super::grams::{self, PieceOf};
use super::interned::{Interned, hash};
use hashbrown::{DefaultHashBuilder, HashTable};

/// Longer pieces than this seldom come again.
const PIECE_BYTES: usize = 48;
/// How much memory the remembered pieces may take.
const MOST_BYTES: usize = 12 << 20;
const GRAM_BYTES: usize = 4;

/// Pieces and their grams.
#[derive(Default)]
pub struct Pieces {
    /// Of each piece: its kind, the length of its text, the text, how many grams it has, and these.
    records: Vec<u8>,
    known: HashTable<Known>,
    hasher: DefaultHashBuilder,
}

/// What is compared before the piece itself is.
struct Known {
    hash: u64,
    start: u32,
}

impl Pieces {
    /// Tells the grams of a piece, some perhaps more than once.
    pub fn each_gram(&mut self, of: PieceOf, piece: &str, grams: &mut Interned, mut tell: impl FnMut(u32)) {
        if piece.len() > PIECE_BYTES {
            grams::of_piece(of, piece, |kind, text| tell(grams.number(kind, text)));
            return;
        }
        let start = self
            .find(of, piece)
            .unwrap_or_else(|hash| self.remember(hash, of, piece, grams));
        let start = start as usize + 2 + piece.len();
        let (of_piece, _) = self.records[start + 1..].as_chunks::<GRAM_BYTES>();
        let count = usize::from(self.records[start]);
        of_piece[..count]
            .iter()
            .for_each(|gram| tell(u32::from_le_bytes(*gram)));
    }

    /// Where a piece is, or its hash.
    fn find(&self, of: PieceOf, piece: &str) -> Result<u32, u64> {
        let hash = hash(&self.hasher, of as u8, piece.as_bytes());
        let is_it = |known: &Known| {
            let record = &self.records[known.start as usize..];
            known.hash == hash
                && record[..2] == [of as u8, piece.len() as u8]
                && record[2..].starts_with(piece.as_bytes())
        };
        self.known.find(hash, is_it).map(|known| known.start).ok_or(hash)
    }

    fn remember(&mut self, hash: u64, of: PieceOf, piece: &str, grams: &mut Interned) -> u32 {
        if self.size_bytes() > MOST_BYTES {
            // Not only emptied: the memory would stay.
            self.records = Vec::new();
            self.known = HashTable::new();
        }
        let mut of_piece = Vec::new();
        grams::of_piece(of, piece, |kind, text| of_piece.push(grams.number(kind, text)));
        of_piece.sort_unstable();
        of_piece.dedup();
        let start = self.records.len() as u32;
        self.records.extend([of as u8, piece.len() as u8]);
        self.records.extend_from_slice(piece.as_bytes());
        self.records.push(of_piece.len() as u8);
        self.records.extend(of_piece.iter().flat_map(|gram| gram.to_le_bytes()));
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
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_remembered_is_what_was_found() {
        let (mut pieces, mut grams) = (Pieces::default(), Interned::default());
        let long = "x-".repeat(PIECE_BYTES);
        let most = "Xa-".repeat(PIECE_BYTES / 3);
        for round in 0..3 {
            for of in [PieceOf::Name, PieceOf::Description] {
                for piece in ["lamp", "lam", "Lamp,lamps", "日本語の名前", &most, &long] {
                    let mut expected = BTreeSet::new();
                    grams::of_piece(of, piece, |kind, text| {
                        expected.insert(grams.number(kind, text));
                    });
                    let mut told = BTreeSet::new();
                    pieces.each_gram(of, piece, &mut grams, |gram| {
                        told.insert(gram);
                    });
                    assert_eq!(told, expected, "{piece}, round {round}");
                }
            }
        }
    }

    #[test]
    fn they_take_no_more_memory_than_they_may() {
        let (mut pieces, mut grams) = (Pieces::default(), Interned::default());
        let (mut forgot, mut size) = (0, 0);
        for number in 0..400_000 {
            pieces.each_gram(PieceOf::Name, &format!("{}", number % 200_000), &mut grams, |_| {});
            assert!(pieces.size_bytes() <= 2 * MOST_BYTES);
            forgot += usize::from(pieces.size_bytes() < size);
            size = pieces.size_bytes();
        }
        assert!((1..20).contains(&forgot), "{forgot} times");
    }
}
