//! Byte strings, each kept once and known by a number from zero on.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher as _, Hasher as _};

/// Strings of a kind (one byte) and a text, together at most 255 bytes long.
#[derive(Default)]
pub struct Interned {
    /// Each string with its length before it.
    bytes: Vec<u8>,
    /// Where each of these begins.
    starts: Vec<u32>,
    /// Most are so short that they are numbers themselves ([`key_of`]), each here with the number it is known by.
    short: HashTable<(u64, u32)>,
    long: HashTable<Long>,
    hasher: DefaultHashBuilder,
}

/// The longest texts that are numbers.
const SHORT: usize = 6;

/// What is compared before the string itself is.
struct Long {
    hash: u64,
    start: u32,
    number: u32,
}

impl Interned {
    /// The number of a string, which is [`Interned::len`] as it was if the string is new.
    pub fn number(&mut self, kind: u8, text: &[u8]) -> u32 {
        if text.len() <= SHORT {
            self.short_number(kind, text)
        } else {
            self.long_number(kind, text)
        }
    }

    fn short_number(&mut self, kind: u8, text: &[u8]) -> u32 {
        let key = key_of(kind, text);
        let hash = self.hasher.hash_one(key);
        if let Some((_, number)) = self.short.find(hash, |(known, _)| *known == key) {
            return *number;
        }
        let (number, _) = self.add(kind, text);
        let hasher = &self.hasher;
        self.short
            .insert_unique(hash, (key, number), |(key, _)| hasher.hash_one(key));
        number
    }

    fn long_number(&mut self, kind: u8, text: &[u8]) -> u32 {
        let hash = hash(&self.hasher, kind, text);
        let is_it =
            |known: &Long| known.hash == hash && string(&self.bytes, known.start).split_first() == Some((&kind, text));
        if let Some(known) = self.long.find(hash, is_it) {
            return known.number;
        }
        let (number, start) = self.add(kind, text);
        let known = Long { hash, start, number };
        self.long.insert_unique(hash, known, |known| known.hash);
        number
    }

    /// Keeps a string, and gives its number and where it begins.
    fn add(&mut self, kind: u8, text: &[u8]) -> (u32, u32) {
        let (number, start) = (self.starts.len() as u32, self.bytes.len() as u32);
        self.bytes.push(text.len() as u8 + 1);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(text);
        self.starts.push(start);
        (number, start)
    }

    /// The string with a number, its kind first.
    pub fn get(&self, number: u32) -> &[u8] {
        string(&self.bytes, self.starts[number as usize])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// How much memory they take.
    pub fn size_bytes(&self) -> usize {
        self.bytes.capacity()
            + self.starts.capacity() * size_of::<u32>()
            + self.short.allocation_size()
            + self.long.allocation_size()
    }

    /// All numbers in the order of their strings' bytes.
    pub fn sorted(&self) -> Vec<u32> {
        // Most differ in their first eight bytes, which are compared as one number.
        let numbers = 0..self.starts.len() as u32;
        let mut sorted: Vec<(u64, u32)> = numbers.map(|number| (head(self.get(number)), number)).collect();
        sorted.sort_unstable_by(|(one_head, one), (other_head, other)| {
            one_head
                .cmp(other_head)
                .then_with(|| self.get(*one).cmp(self.get(*other)))
        });
        sorted.into_iter().map(|(_, number)| number).collect()
    }
}

/// The first eight bytes as a number that sorts as they do.
pub fn head(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let size = bytes.len().min(8);
    first[..size].copy_from_slice(&bytes[..size]);
    u64::from_be_bytes(first)
}

/// The kind, the length and the bytes of a text of up to [`SHORT`] bytes, as one number.
fn key_of(kind: u8, text: &[u8]) -> u64 {
    let before = u64::from(kind) << 8 | text.len() as u64;
    text.iter().fold(before, |key, byte| key << 8 | u64::from(*byte))
}

fn string(bytes: &[u8], start: u32) -> &[u8] {
    let start = start as usize;
    &bytes[start + 1..start + 1 + usize::from(bytes[start])]
}

pub fn hash(hasher: &DefaultHashBuilder, kind: u8, text: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u8(kind);
    hasher.write(text);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_number() {
        let mut strings = Interned::default();
        let texts: Vec<String> = (0..10_000).map(|number| format!("text {}", number % 3000)).collect();
        for (at, text) in texts.iter().enumerate() {
            assert_eq!(strings.number(b'k', text.as_bytes()) as usize, at % 3000);
        }
        assert_eq!(strings.number(b'o', b"text 7"), 3000, "another kind");
        for round in 0..3 {
            for short in 0..20_000_u32 {
                let text = &short.to_le_bytes()[..3];
                assert_eq!(strings.number(b's', text), 3001 + short, "round {round}");
            }
        }
        let cut_off = &"日本語".as_bytes()[1..];
        for text in [
            &b""[..],
            b"\0",
            b"\0\0",
            b"t\0",
            b"\x06ttttt",
            b"tttttt",
            b"ttttttt",
            b"ttttttttt",
            cut_off,
        ] {
            let number = strings.number(b't', text);
            assert_eq!(number as usize + 1, strings.len(), "{text:?} is new");
            assert_eq!(strings.number(b't', text), number);
        }
        for text in ["日本語", "本日語", "कखग", "日本語日本語", "日本語t"].map(str::as_bytes) {
            let number = strings.number(b't', text);
            assert_eq!(number as usize + 1, strings.len(), "{text:?} is new");
            assert_eq!(strings.number(b't', text), number);
            assert_eq!(strings.get(number)[1..], *text);
        }
        assert_eq!(strings.get(7), b"ktext 7");
        let sorted: Vec<&[u8]> = strings.sorted().into_iter().map(|number| strings.get(number)).collect();
        assert_eq!(sorted.len(), 23_015);
        assert!(sorted.is_sorted());
    }
}
