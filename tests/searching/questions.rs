//! Searches made up from what is in the catalogue, and from what is not.

use crate::scan::{Row, fold};
use chrono::TimeDelta;
use product_importer::catalog::{Filter, Sort, SortBy, Status};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use unicode_normalization::UnicodeNormalization as _;

const ODD: [&str; 39] = [
    "%", "_", "\\", "\"", "'", "''", "*", "a*", "%%", "a%", "_b", "\\\\", "\\x", "(", "(new)", "-", "--", "/", "&",
    "<", ";", ":", ".", ",", "🎉", "❤️", "❤", "™", "tm", "½", "1⁄2", "№", "no", "\u{301}", "\u{200d}", "ſ", "ß", "İ",
    "\u{fffd}",
];
const BLANKS: [&str; 6] = [" ", "  ", "\t", "\n", "\u{a0}", "\u{3000}"];

pub struct Questions {
    rng: ChaCha8Rng,
}

impl Questions {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.rng.random_range(0..end.max(1))
    }

    pub fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn filter(&mut self, rows: &[&Row]) -> Filter {
        let mut filter = Filter {
            q: self.q(rows),
            ..Filter::default()
        };
        filter.status = [Status::All, Status::All, Status::Active, Status::Inactive][self.below(4)];
        if self.happens(15) {
            filter.import_id = rows[self.below(rows.len())].import_id;
        }
        // Right at, just before and just after a change.
        if self.happens(15) {
            let nudge = TimeDelta::microseconds(self.below(3) as i64 - 1);
            filter.changed_since = Some(rows[self.below(rows.len())].updated_at + nudge);
        }
        if self.happens(15) {
            let nudge = TimeDelta::microseconds(self.below(3) as i64 - 1);
            filter.changed_before = Some(rows[self.below(rows.len())].updated_at + nudge);
        }
        filter
    }

    pub fn sort(&mut self) -> Sort {
        let by = [
            SortBy::Relevance,
            SortBy::Sku,
            SortBy::Name,
            SortBy::CreatedAt,
            SortBy::UpdatedAt,
        ][self.below(5)];
        Sort {
            by,
            is_reversed: self.happens(50),
        }
    }

    fn q(&mut self, rows: &[&Row]) -> String {
        let row = rows[self.below(rows.len())];
        let q = match self.below(20) {
            0 => return String::new(),
            1 => row.sku.clone(),
            2 => self.beginning(&row.sku, 12),
            3 | 4 => self.piece(&row.sku, 6),
            5 => row.name.clone(),
            6 => self.piece(&row.name, 8),
            7 => self.piece(&row.description, 12),
            8 | 9 => self.odd(rows),
            10..=14 => self.word_beginning(row),
            _ => self.several(rows, row),
        };
        let q = self.spelt_otherwise(q);
        q.chars().take(400).collect()
    }

    /// Terms of one product, now and then with one of another.
    fn several(&mut self, rows: &[&Row], row: &Row) -> String {
        let mut q = String::new();
        // Now and then more than are looked up together.
        let others = if self.happens(30) { 6 } else { 2 };
        for _ in 0..2 + self.below(others) {
            let from = if self.happens(15) {
                rows[self.below(rows.len())]
            } else {
                row
            };
            let term = match self.below(4) {
                0 => self.piece(&from.sku, 5),
                1 => self.piece(&from.name, 5),
                _ => self.word_beginning(from),
            };
            q.push_str(&term);
            q.push_str(BLANKS[self.below(BLANKS.len())]);
        }
        q
    }

    /// The beginning of a word, or what white space divides, of any of the texts.
    fn word_beginning(&mut self, row: &Row) -> String {
        let text = [&row.sku, &row.name, &row.description, &row.description][self.below(4)];
        let words: Vec<&str> = if self.happens(50) {
            text.split_whitespace().collect()
        } else {
            text.split(|letter: char| !letter.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .collect()
        };
        if words.is_empty() {
            return self.beginning(&row.name, 5);
        }
        let word = words[self.below(words.len())];
        self.beginning(word, 14)
    }

    fn beginning(&mut self, text: &str, most: usize) -> String {
        let count = 1 + self.below(most);
        text.chars().take(count).collect()
    }

    fn piece(&mut self, text: &str, most: usize) -> String {
        let start = self.below(text.chars().count());
        let count = 1 + self.below(most);
        text.chars().skip(start).take(count).collect()
    }

    fn odd(&mut self, rows: &[&Row]) -> String {
        let odd = ODD[self.below(ODD.len())];
        let row = rows[self.below(rows.len())];
        match self.below(5) {
            0 => format!("{}{odd}", self.word_beginning(row)),
            1 => format!("{odd}{}", self.word_beginning(row)),
            2 => format!("{} {odd}", self.word_beginning(row)),
            3 => format!("{odd}{}", ODD[self.below(ODD.len())]),
            _ => odd.to_owned(),
        }
    }

    fn spelt_otherwise(&mut self, q: String) -> String {
        match self.below(10) {
            0 => q.to_uppercase(),
            1 => q.to_lowercase(),
            2 => fold(&q),
            3 => q.nfd().collect(),
            4 => q.nfkc().collect(),
            5 => q.chars().map(full_width).collect(),
            6 => format!("  {q}\t"),
            _ => q,
        }
    }
}

fn full_width(letter: char) -> char {
    match letter {
        '!'..='~' => char::from_u32(letter as u32 + 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}
