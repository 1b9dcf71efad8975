//! How a segment's grams are kept: in pages, in the order of their bytes.
//!
//! Most grams stand in a handful of products, so a row for each would cost far more than it says. A page has as many as
//! fit into a row that PostgreSQL keeps in one piece, each with its products: few as a list, others as what is called a bitmap
//! here and is read as one, though most are written as differences. A long bitmap is a row of its own. The first gram of each
//! page is kept apart, to find the page of a gram.

use super::columns::{self, Chunk, Column};
use super::deltas;
use super::lists::Ordinals;
use roaring::RoaringBitmap;
use std::collections::VecDeque;
use std::io;

/// The most that PostgreSQL leaves in place is about 2,000 bytes.
const PAGE_BYTES: usize = 1_900;
/// A longer bitmap is a row of its own.
const BITMAP_BYTES: usize = 400;
/// Up to this many products may be written as a list, which begins with their number; the next two mark other forms.
const LISTED: usize = 32;
const BITMAP: u8 = 254;
const CHUNK: u8 = 255;
const NUMBER_BYTES: usize = 4;
/// What an entry with a bitmap has before it: its mark, how many products, and how long it is.
const BITMAP_HEAD_BYTES: usize = 7;
/// A bitmap that begins with this goes on as [`deltas`], which most are shorter as. Roaring bitmaps never begin so: the first
/// byte of their cookie is 0x3a or 0x3b (Roaring format specification).
const DELTAS: u8 = 0;

/// Grams with their products on the way to pages, written as these have them. They are added at the end and moved from the
/// beginning.
#[derive(Debug, Default)]
pub struct Entries {
    bytes: Vec<u8>,
    /// Bitmaps that are too long for a page, in the order of their grams.
    bitmaps: VecDeque<Vec<u8>>,
    bitmaps_bytes: usize,
    /// Where the first begins that has not been moved.
    start: usize,
}

/// Cuts grams into pages.
#[derive(Default)]
pub struct Cutter {
    page: Vec<u8>,
    pages: i32,
    bitmaps: i32,
    fences: Vec<u8>,
}

/// A gram in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub gram: &'a [u8],
    pub posting: Posting<'a>,
}

/// The products of a gram: how many, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posting<'a> {
    /// Their ordinals, of four bytes each.
    List(&'a [u8]),
    /// What [`bitmap`] reads.
    Bitmap(u32, &'a [u8]),
    /// The same in [`Column::Bitmaps`].
    Chunk(u32, i32),
}

/// The first grams of a segment's pages.
#[derive(Debug, Default)]
pub struct Fences {
    bytes: Vec<u8>,
    /// Where each begins and ends.
    places: Vec<(u32, u32)>,
}

impl Entries {
    /// Adds the next gram.
    pub fn add(&mut self, gram: &[u8], ordinals: Ordinals) -> io::Result<()> {
        self.bytes.push(gram.len() as u8);
        self.bytes.extend_from_slice(gram);
        match ordinals {
            Ordinals::Deltas(count, bytes) if is_listed(count, bytes) => {
                self.bytes.push(count as u8);
                let ordinals = deltas::read(bytes);
                self.bytes.extend(ordinals.flat_map(u32::to_le_bytes));
            }
            Ordinals::Deltas(count, bytes) => self.put_bitmap(count as u32, 1 + bytes.len(), |place| {
                place.push(DELTAS);
                place.extend_from_slice(bytes);
                Ok(())
            })?,
            Ordinals::Bitmap(bitmap) => {
                let (count, size) = (bitmap.len() as u32, bitmap.serialized_size());
                self.put_bitmap(count, size, |place| bitmap.serialize_into(place))?;
            }
        }
        Ok(())
    }

    /// Puts a bitmap of that many products and bytes into an entry, or room for the number of one that is too long.
    fn put_bitmap(
        &mut self,
        count: u32,
        size: usize,
        put: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        if size <= BITMAP_BYTES {
            self.bytes.push(BITMAP);
            self.bytes.extend_from_slice(&count.to_le_bytes());
            self.bytes.extend_from_slice(&(size as u16).to_le_bytes());
            return put(&mut self.bytes);
        }
        self.bytes.push(CHUNK);
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(&[0; NUMBER_BYTES]);
        let mut bytes = Vec::with_capacity(size);
        put(&mut bytes)?;
        self.bitmaps_bytes += bytes.len();
        self.bitmaps.push_back(bytes);
        Ok(())
    }

    /// About how much memory they take.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len() + self.bitmaps_bytes
    }

    /// The next gram to be moved.
    pub fn next_gram(&self) -> Option<&[u8]> {
        take_entry(&mut &self.bytes[self.start..]).map(|entry| entry.gram)
    }

    /// Moves the next gram to a page, and tells the rows that are complete.
    pub fn move_to(&mut self, cutter: &mut Cutter, tell: impl FnMut(Chunk)) {
        let mut rest = &self.bytes[self.start..];
        let Some(entry) = take_entry(&mut rest) else {
            return;
        };
        let bitmap = match entry.posting {
            Posting::Chunk(..) => self.bitmaps.pop_front(),
            _ => None,
        };
        let end = self.bytes.len() - rest.len();
        cutter.add(&mut self.bytes[self.start..end], bitmap, tell);
        self.start = end;
    }
}

impl Cutter {
    /// Adds a gram. A bitmap that is elsewhere gets its number, which is what the entry ends with.
    fn add(&mut self, entry: &mut [u8], bitmap: Option<Vec<u8>>, mut tell: impl FnMut(Chunk)) {
        if let (Some(bitmap), Some(place)) = (bitmap, entry.last_chunk_mut::<NUMBER_BYTES>()) {
            *place = self.bitmaps.to_le_bytes();
            tell((Column::Bitmaps, self.bitmaps, bitmap));
            self.bitmaps += 1;
        }
        if self.page.len() + entry.len() > PAGE_BYTES {
            tell(self.cut());
        }
        if self.page.is_empty() {
            self.fences.extend_from_slice(&entry[..=usize::from(entry[0])]);
        }
        self.page.extend_from_slice(entry);
    }

    /// The rest.
    pub fn finish(mut self) -> [Chunk; 2] {
        [self.cut(), (Column::GramFences, 0, self.fences)]
    }

    fn cut(&mut self) -> Chunk {
        let number = self.pages;
        self.pages += 1;
        (Column::Grams, number, std::mem::take(&mut self.page))
    }
}

/// Whether ordinals are shorter as a list than as a bitmap.
fn is_listed(count: usize, deltas: &[u8]) -> bool {
    count <= LISTED && count * NUMBER_BYTES <= BITMAP_HEAD_BYTES + deltas.len()
}

/// Reads a bitmap.
pub fn bitmap(bytes: &[u8]) -> io::Result<RoaringBitmap> {
    match bytes.split_first() {
        Some((&DELTAS, deltas)) => deltas::bitmap(deltas),
        _ => RoaringBitmap::deserialize_unchecked_from(bytes),
    }
}

/// Reads a page.
pub fn read(mut page: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || take_entry(&mut page))
}

fn take_entry<'a>(page: &mut &'a [u8]) -> Option<Entry<'a>> {
    let size = *page.split_off_first()?;
    let gram = page.split_off(..usize::from(size))?;
    let posting = match *page.split_off_first()? {
        BITMAP => {
            let count = take_number(page)?;
            let (size, rest) = page.split_first_chunk::<2>()?;
            *page = rest;
            Posting::Bitmap(count, page.split_off(..usize::from(u16::from_le_bytes(*size)))?)
        }
        CHUNK => Posting::Chunk(take_number(page)?, take_number(page)? as i32),
        listed => Posting::List(page.split_off(..usize::from(listed) * 4)?),
    };
    Some(Entry { gram, posting })
}

fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

impl Posting<'_> {
    /// The products, unless they are elsewhere.
    pub fn bitmap(self) -> io::Result<Option<RoaringBitmap>> {
        Ok(match self {
            Self::List(bytes) => Some(columns::ordinals(bytes).collect()),
            Self::Bitmap(_, bytes) => Some(bitmap(bytes)?),
            Self::Chunk(..) => None,
        })
    }

    /// How many products there are.
    pub fn count(self) -> u32 {
        match self {
            Self::List(bytes) => (bytes.len() / NUMBER_BYTES) as u32,
            Self::Bitmap(count, _) | Self::Chunk(count, _) => count,
        }
    }

    /// The number of a bitmap that is elsewhere.
    pub fn number(self) -> Option<i32> {
        match self {
            Self::Chunk(_, number) => Some(number),
            Self::List(_) | Self::Bitmap(..) => None,
        }
    }
}

impl Fences {
    /// Reads [`Column::GramFences`].
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let mut places = Vec::new();
        let mut start = 0;
        while let Some(size) = bytes.get(start) {
            let end = start + 1 + usize::from(*size);
            places.push((start as u32 + 1, end as u32));
            start = end;
        }
        (start == bytes.len()).then_some(Self { bytes, places })
    }

    /// The page where a gram is, if it is anywhere; before all of them, the first.
    pub fn page_of(&self, gram: &[u8]) -> i32 {
        let is_before = |(start, end): &(u32, u32)| &self.bytes[*start as usize..*end as usize] <= gram;
        self.places.partition_point(is_before).saturating_sub(1) as i32
    }

    /// How much memory they take.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn pages_give_back_what_was_put_into_them() {
        let (mut entries, mut cutter) = (Entries::default(), Cutter::default());
        let mut chunks = Vec::new();
        let gram = |at: u32| format!("w{at:05}").into_bytes();
        let products = |at: u32| (0..=at * at % 700).map(move |step| at + step * 101);
        for at in 0..3000 {
            let ordinals: Vec<u32> = products(at).collect();
            let mut deltas = Vec::new();
            deltas::put(&mut deltas, &ordinals);
            let ordinals = if at % 3 == 0 {
                Ordinals::Bitmap(products(at).collect())
            } else {
                Ordinals::Deltas(ordinals.len(), &deltas)
            };
            entries.add(&gram(at), ordinals).unwrap();
        }
        assert!(entries.size_bytes() > 3000 * 11);
        for at in 0..3000 {
            assert_eq!(entries.next_gram(), Some(&*gram(at)));
            entries.move_to(&mut cutter, |chunk| chunks.push(chunk));
        }
        assert_eq!(entries.next_gram(), None);
        entries.move_to(&mut cutter, |_| panic!("nothing is left"));
        chunks.extend(cutter.finish());
        // Rows of both kinds, and none that an entry has room for.
        let rows = chunks.iter().filter(|(column, ..)| *column == Column::Bitmaps);
        let (deltas, roaring): (Vec<_>, Vec<_>) = rows.partition(|(_, _, bytes)| bytes[0] == DELTAS);
        assert!(deltas.len() > 100 && roaring.len() > 100);
        assert!(deltas.iter().all(|(_, _, bytes)| bytes.len() > BITMAP_BYTES));
        let chunks: BTreeMap<(Column, i32), Vec<u8>> = chunks
            .into_iter()
            .map(|(column, number, bytes)| ((column, number), bytes))
            .collect();
        let fences = Fences::read(chunks[&(Column::GramFences, 0)].clone()).unwrap();
        for at in 0..3000 {
            let gram = gram(at);
            let page = &chunks[&(Column::Grams, fences.page_of(&gram))];
            assert!(page.len() <= PAGE_BYTES);
            let found = read(page).find(|entry| entry.gram == gram).unwrap().posting;
            let bitmap = match found {
                Posting::Chunk(_, number) => bitmap(&chunks[&(Column::Bitmaps, number)]).unwrap(),
                here => here.bitmap().unwrap().unwrap(),
            };
            assert!(bitmap.into_iter().eq(products(at)), "{at}");
        }
        assert_eq!(fences.page_of(b"a"), 0);
        assert!(read(&chunks[&(Column::Grams, 0)][..7]).next().is_none(), "cut off");
    }

    #[test]
    fn what_was_written_before_there_were_differences_is_read() {
        // 1, 2 and 3 as the Roaring format specification has them: cookie, containers, key and size, offset, values.
        let roaring = [58, 48, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 1, 0, 2, 0, 3, 0];
        assert!(bitmap(&roaring).unwrap().into_iter().eq(1..=3));
        let page = [&b"\x02ab\xfe\x03\0\0\0\x16\0"[..], &roaring, b"\x02ac\x01\x07\0\0\0"].concat();
        let ordinals = |entry: Entry| entry.posting.bitmap().unwrap().unwrap().into_iter().collect();
        let found: Vec<Vec<u32>> = read(&page).map(ordinals).collect();
        assert_eq!(found, [vec![1, 2, 3], vec![7]]);
    }
}
