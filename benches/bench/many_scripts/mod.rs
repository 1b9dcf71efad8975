//! Product files in several scripts with a large vocabulary, the other end from the sample's few hundred words.
//!
//! A row has a language of its own with now and then a Latin word in it. Words follow Zipf's law, so that some stand in
//! every tenth product and most in a few dozen. The same seed gives the same bytes.

mod words;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::io::{self, Write};
use words::Vocabulary;

/// What stands between or behind words here and there.
const ORNAMENTS: [&str; 12] = [
    "🎉",
    "❤️",
    "™",
    "½",
    "(new)",
    "100%",
    "a_b",
    "5\" × 7\"",
    "„neu“",
    "C:\\x",
    "—",
    "№ 7",
];

/// Writes a header and `rows` products with distinct SKUs, but for some that come again in capitals.
pub fn write(rows: u64, seed: u64, out: impl Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(["name", "sku", "description"])?;
    let mut shop = Shop::new(seed);
    for row in 0..rows {
        writer.write_record(shop.product(row))?;
    }
    writer.flush()
}

struct Shop {
    rng: ChaCha8Rng,
    vocabularies: Vec<Vocabulary>,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let vocabularies = words::LANGUAGES
            .iter()
            .map(|language| Vocabulary::new(language, &mut rng))
            .collect();
        Self { rng, vocabularies }
    }

    fn product(&mut self, row: u64) -> [String; 3] {
        let language = self.language();
        let name = self.name(language);
        let sku = self.sku(row);
        [name, sku, self.description(language)]
    }

    /// The place of a language among the vocabularies, by how many products have it.
    fn language(&mut self) -> usize {
        let mut point = self
            .rng
            .random_range(0..words::LANGUAGES.iter().map(|language| language.products).sum());
        for (place, language) in words::LANGUAGES.iter().enumerate() {
            if point < language.products {
                return place;
            }
            point -= language.products;
        }
        0
    }

    fn word(&mut self, language: usize) -> String {
        let is_foreign = self.rng.random_range(0..100_u32) < 8;
        self.vocabularies[if is_foreign { 0 } else { language }]
            .word(&mut self.rng)
            .to_owned()
    }

    fn words(&mut self, language: usize, count: usize) -> String {
        let words: Vec<String> = (0..count).map(|_| self.word(language)).collect();
        words.join(words::LANGUAGES[language].glue)
    }

    fn name(&mut self, language: usize) -> String {
        let count = self.rng.random_range(2..=5);
        let mut name = capitalised(&self.words(language, count));
        if self.rng.random_range(0..100_u32) < 6 {
            name.push(' ');
            name.push_str(ORNAMENTS[self.rng.random_range(0..ORNAMENTS.len())]);
        }
        name
    }

    /// One of several shapes, made distinct by the number of the row in it. Few repeat an earlier row's in capitals.
    fn sku(&mut self, row: u64) -> String {
        let is_repeat = row > 0 && mixed(row) % 100 < 2;
        let of_row = if is_repeat { mixed(row) % row } else { row };
        let (number, shape) = (mixed(of_row), mixed(of_row ^ 0x5eed) % 100);
        let word = |place: u64| self.vocabularies[0].any((number >> (place * 16)) as usize);
        let sku = match shape {
            0..=29 => format!("40{:05}{of_row:08}", number % 100_000),
            30..=54 => format!("{}-{of_row:04}/{}", letters(number, 2), letters(number >> 32, 1)),
            55..=79 => format!("{}-{}-{of_row:x}", word(0), word(1)).to_lowercase(),
            80..=91 => format!("{}.{of_row}_{}", letters(number, 3), number % 1000),
            92..=96 => format!("{} {} №{of_row}", word(0), number % 100),
            _ => format!("{}-{of_row}", self.vocabularies[2].any(number as usize)),
        };
        // Only of letters that every database's lower() knows: the yardstick folds by it.
        if is_repeat { sku.to_ascii_uppercase() } else { sku }
    }

    fn description(&mut self, language: usize) -> String {
        let mut description = String::new();
        let sentences = self.rng.random_range(0..=4);
        for sentence in 0..sentences {
            if sentence > 0 {
                description.push(if self.rng.random_range(0..4_u32) == 0 {
                    '\n'
                } else {
                    ' '
                });
            }
            let count = self.rng.random_range(3..=9);
            description.push_str(&capitalised(&self.words(language, count)));
            if self.rng.random_range(0..100_u32) < 4 {
                description.push(' ');
                description.push_str(ORNAMENTS[self.rng.random_range(0..ORNAMENTS.len())]);
            }
            description.push_str(words::LANGUAGES[language].stop);
        }
        description
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn letters(mut number: u64, count: usize) -> String {
    let mut letters = String::new();
    for _ in 0..count {
        letters.push(char::from(b'A' + (number % 26) as u8));
        number /= 26;
    }
    letters
}

/// A number without visible order (`SplitMix64`).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
