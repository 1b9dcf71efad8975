//! Product files to try things out with, of any size, alike in shape to a shop's real export.
//!
//! `name,sku,description`; CRLF between records and bare LF inside quoted descriptions; slug SKUs of which some
//! come again further down. The same seed gives the same bytes, and memory does not grow with the rows.

use fake::faker::name::raw::{FirstName, LastName, Suffix, Title};
use fake::locales::{Data, EN};
use fake::{Fake, RngExt};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Of 1,000 rows, how many repeat the SKU of an earlier one.
const REPEATS_PER_MILLE: u64 = 67;
/// Of 100 repeats, how many are spelt in capitals.
const CAPITALS_PERCENT: u64 = 5;
/// Of 100 descriptions, how many go over several lines.
const SEVERAL_LINES_PERCENT: u32 = 61;
/// Of 100 names, how many have a title or a suffix.
const TITLES_PERCENT: u32 = 4;
/// Longer words would make the rows longer than real ones.
const WORD_MAX_LETTERS: usize = 8;
/// Words of the faker that nobody wants to see in a shop, whatever stands beside them.
const UNWANTED: [&str; 18] = [
    "bad", "bleeding", "bottom", "breed", "casinos", "child", "explicit", "exploit", "exuding", "gambling", "killer",
    "military", "radical", "seize", "sexy", "tanks", "tobacco", "young",
];
const WRITE_BYTES: usize = 64 * 1024;

/// Writes a header and `rows` products. SKUs that are no repeats are distinct up to 100 million rows.
///
/// # Errors
/// What `out` answers.
pub fn write(rows: u64, seed: u64, mut out: impl Write) -> io::Result<()> {
    let words = words();
    let skus = Skus { seed, words: &words };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::with_capacity(2 * WRITE_BYTES);
    text.push_str("name,sku,description\r\n");
    for row in 0..rows {
        push_name(&mut text, &mut rng);
        text.push(',');
        skus.push_sku(&mut text, row);
        text.push(',');
        push_description(&mut text, &words, &mut rng);
        text.push_str("\r\n");
        if text.len() >= WRITE_BYTES {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The plain English words of the faker's lists, without first names, each once and in order.
fn words() -> Vec<String> {
    let lists = [
        EN::PATH_SEGMENTS,
        EN::COMPANY_BS_VERBS,
        EN::COMPANY_BS_ADJ,
        EN::COMPANY_BS_NOUNS,
        EN::COMPANY_BUZZWORD_HEAD,
        EN::COMPANY_BUZZWORD_MIDDLE,
        EN::COMPANY_BUZZWORD_TAIL,
        EN::COMPANY_INDUSTRY,
        EN::COMPANY_PROFESSION,
    ];
    let names: BTreeSet<String> = EN::NAME_FIRST_NAME
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let words = lists
        .into_iter()
        .flatten()
        .flat_map(|entry| entry.split([' ', '-', '/']));
    let plain = words.filter(|word| {
        (2..=WORD_MAX_LETTERS).contains(&word.len()) && word.bytes().all(|letter| letter.is_ascii_alphabetic())
    });
    let distinct: BTreeSet<String> = plain
        .map(str::to_ascii_lowercase)
        .filter(|word| !names.contains(word) && !UNWANTED.contains(&word.as_str()))
        .collect();
    distinct.into_iter().collect()
}

fn push_name(text: &mut String, rng: &mut ChaCha8Rng) {
    let decoration = rng.random_range(0..200_u32);
    if decoration < TITLES_PERCENT {
        text.push_str(Title(EN).fake_with_rng::<&str, _>(rng));
        text.push(' ');
    }
    text.push_str(FirstName(EN).fake_with_rng::<&str, _>(rng));
    text.push(' ');
    text.push_str(LastName(EN).fake_with_rng::<&str, _>(rng));
    if (TITLES_PERCENT..2 * TITLES_PERCENT).contains(&decoration) {
        text.push(' ');
        text.push_str(Suffix(EN).fake_with_rng::<&str, _>(rng));
    }
}

fn push_description(text: &mut String, words: &[String], rng: &mut ChaCha8Rng) {
    let lines = lines(rng);
    if lines > 1 {
        text.push('"');
    }
    for line in 0..lines {
        if line > 0 {
            text.push('\n');
        }
        let sentences = if lines == 1 {
            rng.random_range(2..=5_u32)
        } else {
            rng.random_range(1..=3_u32)
        };
        for sentence in 0..sentences {
            if sentence > 0 {
                text.push(' ');
            }
            push_sentence(text, words, rng);
        }
    }
    if lines > 1 {
        text.push('"');
    }
}

/// How many lines a description has: mostly two, if more than one.
fn lines(rng: &mut ChaCha8Rng) -> u32 {
    if rng.random_range(0..100_u32) >= SEVERAL_LINES_PERCENT {
        return 1;
    }
    match rng.random_range(0..100_u32) {
        0..=85 => 2,
        86..=98 => 3,
        _ => 4,
    }
}

fn push_sentence(text: &mut String, words: &[String], rng: &mut ChaCha8Rng) {
    let start = text.len();
    for word in 0..rng.random_range(3..=7_u32) {
        if word > 0 {
            text.push(' ');
        }
        text.push_str(&words[rng.random_range(0..words.len())]);
    }
    text[start..=start].make_ascii_uppercase();
    text.push('.');
}

/// The SKU of each row, from its number alone, so that an earlier one can be given again without keeping any.
struct Skus<'a> {
    seed: u64,
    words: &'a [String],
}

impl Skus<'_> {
    fn push_sku(&self, text: &mut String, row: u64) {
        let start = text.len();
        self.push_slug(text, self.first_row_with_sku_of(row));
        if self.repeats(row) && self.random(row, Salt::Capitals) % 100 < CAPITALS_PERCENT {
            text[start..].make_ascii_uppercase();
        }
    }

    fn repeats(&self, row: u64) -> bool {
        row > 0 && self.random(row, Salt::Repeats) % 1000 < REPEATS_PER_MILLE
    }

    /// A repeat points to any earlier row, which may be a repeat itself.
    fn first_row_with_sku_of(&self, mut row: u64) -> u64 {
        while self.repeats(row) {
            row = self.random(row, Salt::Earlier) % row;
        }
        row
    }

    /// Of 100 rows, 36 have slugs of two words, 56 of three and 8 of four. Within a length each row has a number
    /// of its own, and that is shuffled into one of the combinations of words: distinct rows, distinct slugs.
    fn push_slug(&self, text: &mut String, row: u64) {
        let (cycle, turn) = (row / 100, (row % 100 * 37 + self.seed % 100) % 100);
        let (length, number) = match turn {
            0..=35 => (2, cycle * 36 + turn),
            36..=91 => (3, cycle * 56 + turn - 36),
            _ => (4, cycle * 8 + turn - 92),
        };
        let (length, number) = self.longer_when_used_up(length, number);
        let mut combination = self.shuffled(number, self.combinations(length));
        for word in 0..length {
            if word > 0 {
                text.push('-');
            }
            let count = self.words.len() as u64;
            text.push_str(&self.words[usize::try_from(combination % count).unwrap_or_default()]);
            combination /= count;
        }
    }

    /// Two words make too few combinations for millions of rows: the rest takes three, counted from the far end.
    fn longer_when_used_up(&self, length: u32, number: u64) -> (u32, u64) {
        let combinations = self.combinations(length);
        if length == 2 && number >= combinations {
            let longer = self.combinations(3);
            return (3, longer - 1 - (number - combinations) % longer);
        }
        (length, number % combinations)
    }

    fn combinations(&self, length: u32) -> u64 {
        (self.words.len() as u64).pow(length)
    }

    /// Maps `0..size` onto itself, one to one and without visible order: a Feistel network over the next power
    /// of four, walked until it comes back into the range.
    fn shuffled(&self, mut number: u64, size: u64) -> u64 {
        let half_bits = (u64::BITS - (size - 1).leading_zeros()).div_ceil(2).max(1);
        let mask = (1 << half_bits) - 1;
        loop {
            let (mut left, mut right) = (number >> half_bits, number & mask);
            for round in 0..4 {
                (left, right) = (right, left ^ (self.random(right, Salt::Shuffle(round)) & mask));
            }
            number = left << half_bits | right;
            if number < size {
                return number;
            }
        }
    }

    /// A number that depends on the seed, `number` and what it is for, and on nothing before it (`SplitMix64`).
    fn random(&self, number: u64, salt: Salt) -> u64 {
        mixed(mixed(self.seed ^ salt.number()).wrapping_add(number))
    }
}

/// What a random number is for.
#[derive(Clone, Copy)]
enum Salt {
    Repeats,
    Earlier,
    Capitals,
    Shuffle(u64),
}

impl Salt {
    fn number(self) -> u64 {
        match self {
            Self::Repeats => 1 << 56,
            Self::Earlier => 2 << 56,
            Self::Capitals => 3 << 56,
            Self::Shuffle(round) => (4 + round) << 56,
        }
    }
}

fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha1::{Digest, Sha1};
    use std::collections::HashSet;

    const ROWS: u32 = 20_000;

    struct Row {
        name: String,
        sku: String,
        description: String,
    }

    fn sample(rows: u32, seed: u64) -> Vec<u8> {
        let mut file = Vec::new();
        write(rows.into(), seed, &mut file).unwrap();
        file
    }

    fn parsed(file: &[u8]) -> Vec<Row> {
        let mut reader = csv::Reader::from_reader(file);
        assert_eq!(reader.headers().unwrap(), vec!["name", "sku", "description"]);
        let row = |record: csv::StringRecord| Row {
            name: record[0].to_owned(),
            sku: record[1].to_owned(),
            description: record[2].to_owned(),
        };
        reader.into_records().map(|record| row(record.unwrap())).collect()
    }

    fn share(rows: &[Row], is: impl FnMut(&&Row) -> bool) -> f64 {
        let count = u32::try_from(rows.iter().filter(is).count()).unwrap();
        f64::from(count) / f64::from(ROWS)
    }

    #[test]
    fn same_seed_same_bytes() {
        assert_eq!(sample(2_000, 7), sample(2_000, 7));
        assert_ne!(sample(2_000, 7), sample(2_000, 8));
    }

    #[test]
    fn a_longer_file_begins_like_a_shorter_one() {
        assert!(sample(2_000, 7).starts_with(&sample(1_000, 7)));
    }

    /// Fails when an upgrade of `fake` or `rand` changes the file: figures measured before are then no longer
    /// comparable, which is worth knowing.
    #[test]
    fn bytes_are_the_same_everywhere() {
        let digest = STANDARD.encode(Sha1::digest(sample(1_000, 1)));
        assert_eq!(digest, "GSlzB/X+pQJy4YMRpyMMOiDn0Gg=");
    }

    #[test]
    fn no_word_embarrasses() {
        let words = words();
        for word in UNWANTED {
            assert!(!words.iter().any(|other| other == word), "{word}");
        }
        let file = String::from_utf8(sample(ROWS, 1)).unwrap().to_lowercase();
        let mut used = file.split(|letter: char| !letter.is_ascii_alphabetic());
        assert_eq!(used.find(|word| UNWANTED.contains(word)), None);
        // Two or three words are enough for the 92 of 100 rows that have them, up to 100 million.
        let count = words.len();
        assert!(count.pow(2) + count.pow(3) >= 92_000_000, "{count} words");
    }

    #[test]
    fn shape_is_that_of_a_real_export() {
        let file = sample(ROWS, 1);
        let rows = parsed(&file);
        assert_eq!(rows.len(), ROWS as usize);
        let mut seen = HashSet::new();
        let repeats = share(&rows, |row| !seen.insert(row.sku.to_lowercase()));
        assert!((0.062..0.072).contains(&repeats), "{repeats}");
        let capitals = share(&rows, |row| row.sku != row.sku.to_lowercase());
        assert!((0.001..0.006).contains(&capitals), "{capitals}");
        let several_lines = share(&rows, |row| row.description.contains('\n'));
        assert!((0.60..0.62).contains(&several_lines), "{several_lines}");
        let bytes_per_row = file.len() / rows.len();
        assert!((172..190).contains(&bytes_per_row), "{bytes_per_row}");
    }

    #[test]
    fn records_end_in_crlf_and_values_hold_bare_lf() {
        let file = sample(ROWS, 3);
        assert_eq!(
            file.windows(2).filter(|pair| pair == b"\r\n").count(),
            ROWS as usize + 1
        );
        for row in parsed(&file) {
            assert!(!row.description.contains('\r'));
            assert!((2..=4).contains(&row.sku.split('-').count()), "{}", row.sku);
            assert!(row.name.contains(' '), "{}", row.name);
        }
    }

    #[test]
    fn skus_are_distinct_but_for_repeats() {
        let words = words();
        let skus = Skus { seed: 5, words: &words };
        let mut seen = HashSet::new();
        // Far out, two words are used up: their rows take three like others, and still must not meet them.
        for row in (0..150_000)
            .chain(4_000_000..4_150_000)
            .filter(|row| !skus.repeats(*row))
        {
            let mut slug = String::new();
            skus.push_slug(&mut slug, row);
            assert!(seen.insert(slug), "row {row}");
        }
    }

    #[test]
    fn shuffling_is_one_to_one() {
        let skus = Skus { seed: 9, words: &[] };
        for size in [2, 3, 1_000, 4_097] {
            let targets: HashSet<u64> = (0..size).map(|number| skus.shuffled(number, size)).collect();
            assert_eq!(targets.len() as u64, size);
            assert!(targets.iter().all(|target| *target < size));
        }
    }
}
