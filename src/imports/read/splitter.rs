//! Cuts text into records and fields, keeping its state between chunks.
//!
//! Delimiters, quotes and line ends are single ASCII bytes in every encoding that gets here, so records are cut before
//! they are decoded. `csv-core` does the cutting; this module bounds it and notices quotes that are never closed.

use csv_core::{ReadRecordResult, ReaderBuilder};

/// A record longer than this is taken for a quote that somebody forgot to close.
pub(super) const RECORD_MAX_BYTES: usize = 1 << 20;

const FIRST_TEXT_BYTES: usize = 16 << 10;
const FIRST_FIELDS: usize = 32;

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// A record is complete and stays until [`Splitter::forget`].
    Record,
    /// All bytes were taken and the record goes on.
    More,
    /// The record is longer than [`RECORD_MAX_BYTES`].
    TooLong,
}

/// A record whose quotes are undone: its fields lie one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) text: &'a [u8],
    pub(super) ends: &'a [usize],
}

impl<'a> Record<'a> {
    /// The bytes of every field.
    pub(super) fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let field = &self.text[start..end];
            start = end;
            field
        })
    }
}

pub(super) struct Splitter {
    core: csv_core::Reader,
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    /// Bytes of the record so far, quotes and delimiters included.
    taken: usize,
}

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        let mut core = ReaderBuilder::new().delimiter(delimiter).build();
        // The first call drops a byte order mark when it happens to see one whole, which would make the result depend
        // on the chunks. The file's own mark is gone already, so spend that first call on nothing.
        core.read_record(&[], &mut [], &mut []);
        Self {
            core,
            text: vec![0; FIRST_TEXT_BYTES],
            text_len: 0,
            ends: vec![0; FIRST_FIELDS],
            ends_len: 0,
            taken: 0,
        }
    }

    /// Whether a record has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        self.taken > 0
    }

    /// Takes bytes (at least one) up to the end of a record, whose first byte must not be a line end.
    pub(super) fn read(&mut self, input: &[u8]) -> (Progress, usize) {
        let mut used = 0;
        loop {
            let room = input.len().min(used + RECORD_MAX_BYTES + 1 - self.taken);
            let (result, read, text, ends) = self.core.read_record(
                &input[used..room],
                &mut self.text[self.text_len..],
                &mut self.ends[self.ends_len..],
            );
            used += read;
            self.taken += read;
            self.text_len += text;
            self.ends_len += ends;
            match result {
                ReadRecordResult::Record => return (Progress::Record, used),
                _ if self.taken > RECORD_MAX_BYTES => return (Progress::TooLong, used),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return (Progress::More, used),
            }
        }
    }

    /// Ends the record at the end of the file; false when a quote is still open.
    pub(super) fn end(&mut self) -> bool {
        // A last newline may end one field, and puts out no byte unless a quote is open.
        self.text.resize(self.text_len + 1, 0);
        self.ends.resize(self.ends_len + 1, 0);
        let (result, _, text, ends) =
            self.core
                .read_record(b"\n", &mut self.text[self.text_len..], &mut self.ends[self.ends_len..]);
        self.text_len += text;
        self.ends_len += ends;
        matches!(result, ReadRecordResult::Record)
    }

    /// The record that is complete.
    pub(super) fn record(&self) -> Record<'_> {
        Record {
            text: &self.text[..self.text_len],
            ends: &self.ends[..self.ends_len],
        }
    }

    /// What the unfinished record's last field holds so far.
    pub(super) fn open_field(&self) -> &[u8] {
        let start = if self.ends_len == 0 {
            0
        } else {
            self.ends[self.ends_len - 1]
        };
        &self.text[start..self.text_len]
    }

    /// Makes ready for the next record.
    pub(super) fn forget(&mut self) {
        self.text_len = 0;
        self.ends_len = 0;
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(splitter: &Splitter) -> Vec<String> {
        splitter
            .record()
            .fields()
            .map(|field| String::from_utf8_lossy(field).into_owned())
            .collect()
    }

    #[test]
    fn the_end_of_the_file_ends_a_record_unless_a_quote_is_open() {
        for (bytes, closed) in [
            ("a,b", true),
            ("a,", true),
            ("a,\"b\"", true),
            ("a,\"b\"\"", false),
            ("a,\"b\"\"\"", true),
            ("a,\"b", false),
            ("a,\"", false),
            ("a,b\"c", true),
            ("a,\"b\"c", true),
        ] {
            let mut splitter = Splitter::new(b',');
            assert_eq!(
                splitter.read(bytes.as_bytes()),
                (Progress::More, bytes.len()),
                "{bytes}"
            );
            assert_eq!(splitter.end(), closed, "{bytes}");
        }
    }

    #[test]
    fn buffers_grow_with_fields_and_text() {
        let wide = format!("{}\n", vec!["x"; 1000].join(","));
        let long = format!("{}\n", "y".repeat(FIRST_TEXT_BYTES * 3));
        for chunk in [1, 7, FIRST_TEXT_BYTES, usize::MAX] {
            for text in [&wide, &long] {
                let mut splitter = Splitter::new(b',');
                let mut progress = Progress::More;
                for piece in text.as_bytes().chunks(chunk.min(text.len())) {
                    progress = splitter.read(piece).0;
                }
                assert_eq!(progress, Progress::Record);
                assert_eq!(fields(&splitter).join(","), text.trim_end());
            }
        }
    }

    #[test]
    fn a_record_may_have_a_mebibyte_and_not_a_byte_more() {
        let mut text = vec![b'x'; RECORD_MAX_BYTES];
        text.push(b'\n');
        assert_eq!(Splitter::new(b',').read(&text).0, Progress::Record);
        text.insert(0, b'x');
        assert_eq!(Splitter::new(b',').read(&text).0, Progress::TooLong);
        assert_eq!(
            Splitter::new(b',').read(&text[..=RECORD_MAX_BYTES]).0,
            Progress::TooLong
        );
    }
}
