//! What a batch overwrote, packed into one value, so that a product's history costs an import next to nothing.
//!
//! The value begins with [`FORMAT`] and the number of an import that the others are told from, since most products of
//! a batch come from the same one. Each product follows, in the order of the batch: its id, the length of the rest,
//! flags, the version that was overwritten, where that came from, and the old values of what changed. An old value is
//! told by what it shares with the new one at both ends, and what stood between. Numbers are LEB128.

use super::writer::{BulkRow, Existing};
use crate::catalog::product::Product;

const FORMAT: u8 = 1;

const SKU: u8 = 1;
const NAME: u8 = 2;
const DESCRIPTION: u8 = 4;
const ACTIVE: u8 = 8;
const IMPORTED: u8 = 16;

/// Gathers what a batch overwrites.
#[derive(Default)]
pub struct Overwritten<'a> {
    keys: Option<(&'a str, &'a str)>,
    base_import: i64,
    bytes: Vec<u8>,
    entry: Vec<u8>,
}

impl<'a> Overwritten<'a> {
    /// Adds a product that `row` is about to change. Products come in the order of their keys.
    pub fn add(&mut self, product: &Existing<'_>, row: &BulkRow<'a>) {
        if let Some((_, last)) = &mut self.keys {
            *last = row.key;
        } else {
            self.keys = Some((row.key, row.key));
            self.base_import = product.import_id.unwrap_or_default();
            self.bytes.push(FORMAT);
            put_signed(&mut self.bytes, self.base_import);
        }
        self.entry.clear();
        self.encode(product, row);
        put(&mut self.bytes, product.id as u64);
        put(&mut self.bytes, self.entry.len() as u64);
        self.bytes.extend_from_slice(&self.entry);
    }

    fn encode(&mut self, product: &Existing<'_>, row: &BulkRow<'_>) {
        let values = [
            (SKU, product.sku, Some(row.sku)),
            (NAME, product.name, Some(row.name)),
            (DESCRIPTION, product.description, row.description),
        ];
        let changed = values
            .into_iter()
            .filter_map(|(flag, old, new)| new.filter(|new| *new != old).map(|new| (flag, old, new)));
        let mut flags = changed.clone().fold(0, |flags, (flag, ..)| flags | flag);
        if row.active.is_some_and(|active| active != product.active) {
            flags |= ACTIVE;
        }
        // Without a line it was changed by hand since; the history by hand says what was before that.
        let imported = product.import_id.zip(product.import_line);
        if imported.is_some() {
            flags |= IMPORTED;
        }
        self.entry.push(flags);
        put(&mut self.entry, u64::from(product.version.unsigned_abs()));
        if let Some((import_id, line)) = imported {
            put_signed(&mut self.entry, import_id.wrapping_sub(self.base_import));
            put_signed(&mut self.entry, line);
        }
        for (_, old, new) in changed {
            put_difference(&mut self.entry, old.as_bytes(), new.as_bytes());
        }
    }

    /// The first and the last key, and the packed value; none if nothing was added.
    pub fn finish(self) -> Option<(&'a str, &'a str, Vec<u8>)> {
        self.keys.map(|(first, last)| (first, last, self.bytes))
    }
}

/// The product as it was before a batch changed it, reckoned from `after`, which must be as the batch left it; only
/// the time of its change before stays unknown. `None` where the batch did not lead to this version.
pub fn product_before(packed: &[u8], after: &Product) -> Option<Product> {
    let mut packed = packed.strip_prefix(&[FORMAT])?;
    let base_import = take_signed(&mut packed)?;
    while !packed.is_empty() {
        let id = take(&mut packed)? as i64;
        let length = take(&mut packed)? as usize;
        let entry = take_bytes(&mut packed, length)?;
        if id == after.id {
            return undo(entry, base_import, after);
        }
    }
    None
}

fn undo(mut entry: &[u8], base_import: i64, after: &Product) -> Option<Product> {
    let flags = *take_bytes(&mut entry, 1)?.first()?;
    let version = i32::try_from(take(&mut entry)?).ok()?;
    if version.checked_add(1)? != after.version {
        return None;
    }
    let mut before = after.clone();
    before.version = version;
    (before.import_id, before.import_line) = (None, None);
    if flags & IMPORTED != 0 {
        before.import_id = Some(base_import.wrapping_add(take_signed(&mut entry)?));
        before.import_line = Some(take_signed(&mut entry)?);
    }
    for (flag, value) in [
        (SKU, &mut before.sku),
        (NAME, &mut before.name),
        (DESCRIPTION, &mut before.description),
    ] {
        if flags & flag != 0 {
            *value = take_difference(&mut entry, value.as_bytes())?;
        }
    }
    before.active ^= flags & ACTIVE != 0;
    Some(before)
}

/// How many bytes both sides share, counted from where the iterators begin.
fn shared<'b>(old: impl Iterator<Item = &'b u8>, new: impl Iterator<Item = &'b u8>) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}

fn put_difference(bytes: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let start = shared(old.iter(), new.iter());
    let end = shared(old[start..].iter().rev(), new[start..].iter().rev());
    let middle = &old[start..old.len() - end];
    put(bytes, start as u64);
    put(bytes, end as u64);
    put(bytes, middle.len() as u64);
    bytes.extend_from_slice(middle);
}

fn take_difference(bytes: &mut &[u8], new: &[u8]) -> Option<String> {
    let (start, end) = (take(bytes)? as usize, take(bytes)? as usize);
    let length = take(bytes)? as usize;
    let middle = take_bytes(bytes, length)?;
    let rest = new.get(start..)?;
    let tail = &rest[rest.len().checked_sub(end)?..];
    String::from_utf8([&new[..start], middle, tail].concat()).ok()
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Small numbers of either sign become small ones.
fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, ((number << 1) ^ (number >> 63)) as u64);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take_bytes(bytes, 1)?.first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let number = take(bytes)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

fn take_bytes<'b>(bytes: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    type Values = (i64, Option<(i64, i64)>, i32, [String; 3], bool);
    type New = (String, String, Option<String>, Option<bool>);

    fn product((id, import, version, values, active): &Values) -> Product {
        let [sku, name, description] = values.clone();
        Product {
            id: *id,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            import_id: import.map(|(id, _)| id),
            import_line: import.map(|(_, line)| line),
            version: *version,
            active: *active,
            sku_key: String::new(),
            sku,
            name,
            description,
        }
    }

    fn existing(product: &Product) -> Existing<'_> {
        Existing {
            id: product.id,
            key: &product.sku_key,
            sku: &product.sku,
            name: &product.name,
            description: &product.description,
            active: product.active,
            version: product.version,
            import_id: product.import_id,
            import_line: product.import_line,
        }
    }

    fn written(product: &Product, (sku, name, description, active): &New) -> Product {
        Product {
            import_id: Some(77),
            import_line: Some(8),
            version: product.version + 1,
            sku: sku.clone(),
            name: name.clone(),
            description: description.clone().unwrap_or_else(|| product.description.clone()),
            active: active.unwrap_or(product.active),
            ..product.clone()
        }
    }

    fn values() -> impl Strategy<Value = (Values, New)> {
        let text = "[a-cäé€ ]{0,12}";
        let old = (
            1..i64::MAX,
            proptest::option::of((any::<i64>(), any::<i64>())),
            1..i32::MAX - 1,
            [text, text, text],
            any::<bool>(),
        );
        let new = (
            text,
            text,
            proptest::option::of(text),
            proptest::option::of(any::<bool>()),
        );
        (old, new)
    }

    proptest! {
        #[test]
        fn every_product_of_a_batch_is_found_as_it_was(batch in proptest::collection::vec(values(), 1..20)) {
            let mut seen = std::collections::BTreeSet::new();
            let batch: Vec<_> = batch.into_iter().filter(|(old, _)| seen.insert(old.0)).collect();
            let products: Vec<Product> = batch.iter().map(|(old, _)| product(old)).collect();
            let mut overwritten = Overwritten::default();
            for (product, (_, new)) in products.iter().zip(&batch) {
                let (sku, name, description, active) = new;
                let row = BulkRow {
                    key: "key", sku, name, description: description.as_deref(), active: *active, line: 8,
                };
                overwritten.add(&existing(product), &row);
            }
            let (_, _, packed) = overwritten.finish().expect("there is a product");
            for (product, (_, new)) in products.iter().zip(&batch) {
                let after = written(product, new);
                prop_assert_eq!(product_before(&packed, &after), Some(product.clone()));
                let later = Product { version: after.version.wrapping_add(1), ..after };
                prop_assert_eq!(product_before(&packed, &later), None);
            }
        }

        #[test]
        fn damaged_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), id in 0..4_i64) {
            let after = product(&(id, None, 2, [String::new(), "ä".into(), "b".into()], true));
            let packed = [&[FORMAT], &bytes[..]].concat();
            let _ = product_before(&packed, &after);
        }
    }

    #[test]
    fn a_small_change_to_a_long_text_takes_few_bytes() {
        let old = product(&(
            490_000,
            Some((12, 400_000)),
            3,
            ["SKU-1".into(), "Lamp".into(), "word ".repeat(60)],
            true,
        ));
        let new = [&old.description, " Now in a new edition."].concat();
        let row = BulkRow {
            key: "sku-1",
            sku: "SKU-1",
            name: "Lamp",
            description: Some(&new),
            active: None,
            line: 1,
        };
        let mut overwritten = Overwritten::default();
        overwritten.add(&existing(&old), &row);
        assert!(overwritten.bytes.len() < 20, "{} bytes", overwritten.bytes.len());
    }
}
