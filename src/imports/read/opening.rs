//! The beginning of a file: what form its bytes have, and what its header line settles for all rows.
//!
//! Each answer depends on a fixed stretch of the file, never on how much happens to be there: where that stretch is not
//! complete, there is no answer yet.

use super::columns::Columns;
use super::dialect::{Candidate, DELIMITERS, Header, choose, declared_delimiter};
use super::encoding::{Encoding, LOOK_AHEAD_BYTES};
use super::failure::FileFailure;
use super::position::{Format, Position};
use super::signature::foreign_kind;
use super::transcode::Form;

/// How much of the beginning tells UTF-16 without a byte order mark: the header's first eight letters.
const UTF16_BYTES: usize = 16;
/// How much of the beginning is searched for bytes that no text has.
const TEXT_BYTES: usize = 1024;

/// What a file's first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) form: Form,
    /// None when only the content can tell.
    pub(super) encoding: Option<Encoding>,
    /// The length of the byte order mark.
    pub(super) skip: usize,
}

impl Beginning {
    /// Looks at up to [`SIGNATURE_BYTES`](super::signature::SIGNATURE_BYTES).
    pub(super) fn of(head: &[u8]) -> Result<Self, FileFailure> {
        if let Some(kind) = foreign_kind(head) {
            return Err(FileFailure::Foreign(kind));
        }
        let utf8 = Some(Encoding::UTF_8);
        Ok(match head {
            [0xEF, 0xBB, 0xBF, ..] => Self {
                form: Form::Bytes,
                encoding: utf8,
                skip: 3,
            },
            [0xFF, 0xFE, ..] => Self {
                form: Form::Utf16Le,
                encoding: utf8,
                skip: 2,
            },
            [0xFE, 0xFF, ..] => Self {
                form: Form::Utf16Be,
                encoding: utf8,
                skip: 2,
            },
            _ => match utf16_by_zeros(head) {
                Some(form) => Self {
                    form,
                    encoding: utf8,
                    skip: 0,
                },
                None => Self {
                    form: Form::Bytes,
                    encoding: None,
                    skip: 0,
                },
            },
        })
    }
}

/// In UTF-16 every second byte of western letters is zero, and a header is made of these mostly.
fn utf16_by_zeros(head: &[u8]) -> Option<Form> {
    let (units, _) = head[..head.len().min(UTF16_BYTES)].as_chunks::<2>();
    let zeros_at = |place: usize| units.iter().filter(|unit| unit[place] == 0).count();
    let mostly = units.len() - units.len() / 4;
    match (zeros_at(0), zeros_at(1)) {
        _ if units.len() < 2 => None,
        (0, zeros) if zeros >= mostly => Some(Form::Utf16Le),
        (zeros, 0) if zeros >= mostly => Some(Form::Utf16Be),
        _ => None,
    }
}

/// Settles how to read the rows, and how long the text up to the end of the header is. None: more text is needed,
/// which cannot be when the text `is_whole`.
pub(super) fn open(text: &[u8], is_whole: bool, beginning: Beginning) -> Result<Option<(Format, usize)>, FileFailure> {
    match find_format(text, is_whole, beginning) {
        Err(failure) if failure != FileFailure::Empty && is_binary(text) => Err(FileFailure::NotText),
        other => other,
    }
}

fn find_format(text: &[u8], is_whole: bool, beginning: Beginning) -> Result<Option<(Format, usize)>, FileFailure> {
    let declared = declared_delimiter(text);
    let body = declared.map_or(0, |(_, length)| length);
    let delimiters = declared.map_or(DELIMITERS.to_vec(), |(delimiter, _)| vec![delimiter]);
    let headers: Vec<_> = delimiters
        .iter()
        .map(|&delimiter| Header::find(&text[body..], delimiter, is_whole))
        .collect();
    if headers.iter().any(|header| matches!(header, Header::Unfinished)) {
        return Ok(None);
    }
    let mut encoding = beginning.encoding;
    let strange = text[..body + longest(&headers)]
        .iter()
        .position(|byte| !byte.is_ascii());
    if let (None, Some(strange)) = (encoding, strange) {
        encoding = encoding_from(text, strange, is_whole);
        if encoding.is_none() {
            return Ok(None);
        }
    }
    let broken = headers.iter().find_map(|header| broken(header, text, body));
    let best = choose(
        headers
            .into_iter()
            .filter_map(|header| decode(header, encoding))
            .collect(),
    );
    let Some(Candidate { delimiter, header, end }) = best else {
        return Err(broken.unwrap_or(FileFailure::Empty));
    };
    let columns = Columns::of(header).map_err(|failure| broken.unwrap_or(failure))?;
    Ok(Some((
        Format {
            form: beginning.form,
            encoding,
            delimiter,
            columns,
        },
        body + end,
    )))
}

fn longest(headers: &[Header]) -> usize {
    let end = |header: &Header| {
        if let Header::Whole { end, .. } = header {
            *end
        } else {
            0
        }
    };
    headers.iter().map(end).max().unwrap_or(0)
}

/// The file's encoding, told from its first byte beyond ASCII on. None: more text is needed.
fn encoding_from(text: &[u8], strange: usize, is_whole: bool) -> Option<Encoding> {
    let until = strange + LOOK_AHEAD_BYTES;
    if until > text.len() && !is_whole {
        return None;
    }
    // Two bytes before it tell whether it stands in a word.
    let sample = &text[strange.saturating_sub(2)..until.min(text.len())];
    Some(Encoding::of(sample, until > text.len()))
}

fn broken(header: &Header, text: &[u8], body: usize) -> Option<FileFailure> {
    let &Header::Broken { start, quote_is_open } = header else {
        return None;
    };
    let mut place = Position::default().place();
    place.advance(&text[..body + start], Form::Bytes);
    let line = place.line;
    Some(if quote_is_open {
        FileFailure::UnclosedQuote { line }
    } else {
        FileFailure::RecordTooLong { line }
    })
}

fn decode(header: Header, encoding: Option<Encoding>) -> Option<Candidate> {
    let Header::Whole { delimiter, fields, end } = header else {
        return None;
    };
    let encoding = encoding.unwrap_or(Encoding::UTF_8);
    let header = fields.iter().map(|field| encoding.decode_anyway(field)).collect();
    Some(Candidate { delimiter, header, end })
}

/// Whether control characters stand where a header should be.
fn is_binary(text: &[u8]) -> bool {
    text.iter()
        .take(TEXT_BYTES)
        .any(|byte| matches!(byte, 0..=8 | 14..=25 | 28..=31))
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1252;

    fn bytes_of(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn byte_order_marks_and_zeros_tell_the_form() {
        let form = |head: &[u8]| Beginning::of(head).map(|beginning| (beginning.form, beginning.skip));
        assert_eq!(form(b"\xEF\xBB\xBFsku,name"), Ok((Form::Bytes, 3)));
        assert_eq!(form(b"\xFF\xFEs\0k\0"), Ok((Form::Utf16Le, 2)));
        assert_eq!(form(b"\xFE\xFF\0s\0k"), Ok((Form::Utf16Be, 2)));
        assert_eq!(form(&bytes_of("sku,name")), Ok((Form::Utf16Le, 0)));
        assert_eq!(form(b"\0s\0k\0u\0,\0n"), Ok((Form::Utf16Be, 0)));
        assert_eq!(form(b"sku,name"), Ok((Form::Bytes, 0)));
        assert_eq!(form(b""), Ok((Form::Bytes, 0)));
    }

    fn opened(text: &[u8]) -> Result<Option<(Format, usize)>, FileFailure> {
        open(text, true, Beginning::of(text)?)
    }

    #[test]
    fn a_header_beyond_ascii_asks_for_the_encoding() {
        let (format, length) = opened(b"R\xE9f\xE9rence;D\xE9signation\n1;2")
            .expect("fine")
            .expect("whole");
        assert_eq!(format.columns.header, ["Référence", "Désignation"]);
        assert_eq!((format.encoding, length), (Some(Encoding::Web(WINDOWS_1252)), 22));
        let beginning = Beginning {
            form: Form::Bytes,
            encoding: None,
            skip: 0,
        };
        assert_eq!(open(b"R\xE9f\xE9rence;D\xE9signation\n1;2", false, beginning), Ok(None));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in ["", " \r\n\t \n", "sep=;\n", ",,,\n,,,\n"] {
            assert_eq!(opened(text.as_bytes()).err(), Some(FileFailure::Empty), "{text:?}");
        }
        assert_eq!(opened(b"\x01\x02\x03\x04,\0\0\0").err(), Some(FileFailure::NotText));
        assert_eq!(
            opened(b"\n\nsku,\"name\n1,2\n").err(),
            Some(FileFailure::UnclosedQuote { line: 3 })
        );
        assert!(matches!(opened(b"A-1,Cup\nA-2,Mug").err(), Some(FileFailure::NoHeader { found }) if found.len() == 2));
    }

    #[test]
    fn empty_rows_above_the_table_are_no_header() {
        let (format, length) = opened(b",,\r\n\r\nsku,name,\r\n").expect("fine").expect("whole");
        assert_eq!((format.columns.header.len(), length), (3, 16));
    }
}
