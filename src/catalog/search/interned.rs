//! Byte strings, each kept once and known by a number from zero on.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::{BuildHasher as _, Hasher as _};

/// What a string costs besides its bytes, about: its end and its place in the table.
const STRING_BYTES: usize = 12;

/// Strings of a kind (one byte) and a text.
#[derive(Default)]
pub struct Interned {
    bytes: Vec<u8>,
    /// Where each string ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Interned {
    /// The number of a string, which is [`Interned::len`] as it was if the string is new.
    pub fn number(&mut self, kind: u8, text: &[u8]) -> u32 {
        let hash = hash(&self.hasher, kind, text);
        let is_it = |number: &u32| self.get(*number).split_first() == Some((&kind, text));
        if let Some(number) = self.numbers.find(hash, is_it) {
            return *number;
        }
        let number = self.ends.len() as u32;
        self.bytes.push(kind);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        let Self {
            bytes,
            ends,
            numbers,
            hasher,
        } = self;
        numbers.insert_unique(hash, number, |number| {
            let string = string(bytes, ends, *number);
            hash_of(hasher, string)
        });
        number
    }

    /// The string with a number, its kind first.
    pub fn get(&self, number: u32) -> &[u8] {
        string(&self.bytes, &self.ends, number)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// About how much memory they take.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * STRING_BYTES
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.numbers.clear();
    }

    /// All numbers in the order of their strings' bytes.
    pub fn sorted(&self) -> Vec<u32> {
        // Most differ in their first eight bytes, which are compared as one number.
        let numbers = 0..self.ends.len() as u32;
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

fn string<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before] as usize);
    &bytes[start..ends[number] as usize]
}

fn hash_of(hasher: &DefaultHashBuilder, string: &[u8]) -> u64 {
    string.split_first().map_or(0, |(kind, text)| hash(hasher, *kind, text))
}

fn hash(hasher: &DefaultHashBuilder, kind: u8, text: &[u8]) -> u64 {
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
        assert_eq!(strings.get(7), b"ktext 7");
        let sorted: Vec<&[u8]> = strings.sorted().into_iter().map(|number| strings.get(number)).collect();
        assert_eq!(sorted.len(), 3001);
        assert!(sorted.is_sorted());
    }
}
