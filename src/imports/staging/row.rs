//! A staged row as bytes: a fixed head, then the texts one after another.

use crate::imports::read::Row;

/// Where `sku` is its own key, it is not written twice.
const SAME_AS_KEY: u16 = u16::MAX;
const NO_DESCRIPTION: u32 = u32::MAX;
const HEAD_BYTES: usize = 8 + 4 + 4 + 2 + 2 + 2 + 1;

/// One acceptable row of a file, borrowed from the block it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagedRow<'a> {
    /// The folded SKU.
    pub key: &'a str,
    /// The line of the file where the row begins, which also orders the rows of a file.
    pub line: u64,
    /// How many earlier rows with this key it has already overruled.
    pub overruled: u32,
    /// The SKU as it was written.
    pub sku: &'a str,
    pub name: &'a str,
    /// `None` where the file has no such column.
    pub description: Option<&'a str>,
    /// `None` where the file does not say.
    pub active: Option<bool>,
}

impl<'a> StagedRow<'a> {
    /// The row as read, under its key.
    pub fn new(key: &'a str, row: &Row<'a>) -> Self {
        Self {
            key,
            line: row.line,
            overruled: 0,
            sku: row.sku,
            name: row.name,
            description: row.description,
            active: row.active,
        }
    }

    /// Appends the row to `out`. Lengths fit: the reader bounds every value (see `imports::read`).
    pub fn encode(&self, out: &mut Vec<u8>) {
        let description = self.description.unwrap_or_default();
        let sku_size = if self.sku == self.key {
            SAME_AS_KEY
        } else {
            narrow(self.sku.len())
        };
        let description_size = self.description.map_or(NO_DESCRIPTION, |text| text.len() as u32);
        out.extend_from_slice(&self.line.to_le_bytes());
        out.extend_from_slice(&self.overruled.to_le_bytes());
        out.extend_from_slice(&description_size.to_le_bytes());
        out.extend_from_slice(&narrow(self.key.len()).to_le_bytes());
        out.extend_from_slice(&sku_size.to_le_bytes());
        out.extend_from_slice(&narrow(self.name.len()).to_le_bytes());
        out.push(self.active.map_or(0, |active| if active { 1 } else { 2 }));
        out.extend_from_slice(self.key.as_bytes());
        if sku_size != SAME_AS_KEY {
            out.extend_from_slice(self.sku.as_bytes());
        }
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(description.as_bytes());
    }

    /// Reads the row at `offset`; `None` where the bytes are no row.
    pub fn decode(bytes: &'a [u8], offset: usize) -> Option<Self> {
        let head = Head::read(bytes, offset)?;
        let mut texts = Texts {
            bytes,
            offset: offset + HEAD_BYTES,
        };
        let key = texts.next(head.key_size.into())?;
        Some(Self {
            key,
            line: head.line,
            overruled: head.overruled,
            sku: if head.sku_size == SAME_AS_KEY {
                key
            } else {
                texts.next(head.sku_size.into())?
            },
            name: texts.next(head.name_size.into())?,
            description: match head.description_size {
                NO_DESCRIPTION => None,
                size => Some(texts.next(size as usize)?),
            },
            active: match head.active {
                0 => None,
                code => Some(code == 1),
            },
        })
    }
}

/// What sorting and copying need of an encoded row, without looking at its texts.
#[derive(Clone, Copy)]
pub struct RawRow<'a> {
    pub key: &'a [u8],
    pub line: u64,
    /// The whole row.
    pub bytes: &'a [u8],
}

impl<'a> RawRow<'a> {
    /// The row at `offset`; `None` where the bytes are no row.
    pub fn at(bytes: &'a [u8], offset: usize) -> Option<Self> {
        let head = Head::read(bytes, offset)?;
        let texts = offset + HEAD_BYTES;
        let sku_size = if head.sku_size == SAME_AS_KEY { 0 } else { head.sku_size };
        let description_size = if head.description_size == NO_DESCRIPTION {
            0
        } else {
            head.description_size
        };
        let size = HEAD_BYTES
            + usize::from(head.key_size)
            + usize::from(sku_size)
            + usize::from(head.name_size)
            + description_size as usize;
        Some(Self {
            key: bytes.get(texts..texts + usize::from(head.key_size))?,
            line: head.line,
            bytes: bytes.get(offset..offset + size)?,
        })
    }
}

/// Where the rows of a block begin.
pub fn offsets(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let offset = next;
        next += RawRow::at(bytes, offset)?.bytes.len();
        Some(offset)
    })
}

struct Head {
    line: u64,
    overruled: u32,
    description_size: u32,
    key_size: u16,
    sku_size: u16,
    name_size: u16,
    active: u8,
}

impl Head {
    fn read(bytes: &[u8], offset: usize) -> Option<Self> {
        let head = bytes.get(offset..offset + HEAD_BYTES)?;
        Some(Self {
            line: u64::from_le_bytes(head[..8].try_into().ok()?),
            overruled: u32::from_le_bytes(head[8..12].try_into().ok()?),
            description_size: u32::from_le_bytes(head[12..16].try_into().ok()?),
            key_size: u16::from_le_bytes(head[16..18].try_into().ok()?),
            sku_size: u16::from_le_bytes(head[18..20].try_into().ok()?),
            name_size: u16::from_le_bytes(head[20..22].try_into().ok()?),
            active: head[22],
        })
    }
}

/// Counts `more` overruled rows to the encoded row at `offset`.
pub fn add_overruled(bytes: &mut [u8], offset: usize, more: u32) {
    if let Some(field) = bytes.get_mut(offset + 8..offset + 12) {
        let before = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
        field.copy_from_slice(&(before + more).to_le_bytes());
    }
}

struct Texts<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Texts<'a> {
    fn next(&mut self, size: usize) -> Option<&'a str> {
        let text = self.bytes.get(self.offset..self.offset + size)?;
        self.offset += size;
        simdutf8::basic::from_utf8(text).ok()
    }
}

/// A length below [`SAME_AS_KEY`]: 1,000 characters of four bytes are the longest text that comes here.
fn narrow(size: usize) -> u16 {
    u16::try_from(size).unwrap_or(SAME_AS_KEY - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decoding_gives_back_what_was_encoded(
            line: u64,
            key in "\\PC{0,40}",
            sku in proptest::option::of("\\PC{0,40}"),
            name in "\\PC{0,100}",
            description in proptest::option::of("\\PC{0,300}"),
            active: Option<bool>,
            before in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let row = StagedRow {
                key: &key,
                line,
                overruled: 0,
                sku: sku.as_deref().unwrap_or(&key),
                name: &name,
                description: description.as_deref(),
                active,
            };
            let mut bytes = before.clone();
            row.encode(&mut bytes);
            let decoded = StagedRow::decode(&bytes, before.len()).unwrap();
            prop_assert_eq!(decoded, row);
            let raw = RawRow::at(&bytes, before.len()).unwrap();
            prop_assert_eq!((raw.key, raw.line, raw.bytes), (key.as_bytes(), line, &bytes[before.len()..]));
            add_overruled(&mut bytes, before.len(), 3);
            prop_assert_eq!(StagedRow::decode(&bytes, before.len()).unwrap().overruled, 3);
        }
    }

    #[test]
    fn bytes_that_end_too_early_are_no_row() {
        let row = StagedRow {
            key: "a",
            line: 1,
            overruled: 0,
            sku: "A",
            name: "n",
            description: None,
            active: None,
        };
        let mut bytes = Vec::new();
        row.encode(&mut bytes);
        assert!(StagedRow::decode(&bytes[..bytes.len() - 1], 0).is_none());
        assert!(StagedRow::decode(&bytes, 5).is_none());
    }
}
