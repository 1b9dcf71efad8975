//! A place in a file between two records, with all that reading on from there needs.
//!
//! It is kept as JSON in a checkpoint, so that a reader which starts over in another process goes on as if nothing
//! had happened.

use super::columns::Columns;
use super::encoding::Encoding;
use super::transcode::Form;
use super::warning::Warning;
use serde::{Deserialize, Serialize};

/// Where reading stands: always between two records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Bytes of the file before it.
    pub offset: u64,
    /// The line it is on, counted from 1.
    pub line: u64,
    /// Rows before it, without header and blank lines.
    pub rows_read: u64,
    /// How many of them were rejected.
    pub rejected: u64,
    /// Whether a CR was the last byte before it, so that an LF after it would begin no further line.
    pub(super) after_cr: bool,
    /// What the beginning of the file told; none before the first row.
    pub(super) format: Option<Format>,
    pub(super) warnings: Vec<Warning>,
}

/// How to read the rows of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Format {
    pub(super) form: Form,
    /// None as long as there was nothing but ASCII.
    pub(super) encoding: Option<Encoding>,
    pub(super) delimiter: u8,
    pub(super) columns: Columns,
}

impl Default for Position {
    /// The beginning of a file.
    fn default() -> Self {
        Self {
            offset: 0,
            line: 1,
            rows_read: 0,
            rejected: 0,
            after_cr: false,
            format: None,
            warnings: Vec::new(),
        }
    }
}

impl Position {
    pub(super) fn place(&self) -> Place {
        Place {
            offset: self.offset,
            line: self.line,
            after_cr: self.after_cr,
        }
    }

    pub(super) fn move_to(&mut self, place: Place) {
        Place {
            offset: self.offset,
            line: self.line,
            after_cr: self.after_cr,
        } = place;
    }
}

/// Any place in a file, within a record too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) line: u64,
    pub(super) after_cr: bool,
}

impl Place {
    /// Moves over bytes of text.
    pub(super) fn advance(&mut self, text: &[u8], form: Form) {
        self.offset += form.raw_len(text);
        self.line += count_line_ends(text, &mut self.after_cr);
    }
}

/// CRLF, LF and CR each end one line, within quotes too; a CRLF may be cut in two by the end of a chunk.
fn count_line_ends(text: &[u8], after_cr: &mut bool) -> u64 {
    let Some(&last) = text.last() else { return 0 };
    let mut count = 0;
    for at in memchr::memchr2_iter(b'\r', b'\n', text) {
        let follows_cr = if at == 0 { *after_cr } else { text[at - 1] == b'\r' };
        count += u64::from(text[at] == b'\r' || !follows_cr);
    }
    *after_cr = last == b'\r';
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts_once_wherever_it_is_cut() {
        let text = b"a\r\nb\nc\rd\r\r\n\n\re";
        for cut in 0..=text.len() {
            let mut place = Position::default().place();
            place.advance(&text[..cut], Form::Bytes);
            place.advance(&text[cut..], Form::Bytes);
            assert_eq!((place.line, place.offset), (8, text.len() as u64), "cut at {cut}");
        }
    }
}
