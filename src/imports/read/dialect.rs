//! Which character separates the fields, told by the header line or by Excel's `sep=` line before it.
//!
//! The right one is that under which the header names both a SKU and a name. Whole header records are compared, not
//! lines, because a column's name may hold a line break.

use super::columns::Columns;
use super::splitter::{Progress, Splitter};

/// All that are tried, in order of preference.
pub(super) const DELIMITERS: [u8; 4] = *b",;\t|";

/// The delimiter that a first line such as `sep=;` declares, and how long that line is without the byte that ends it.
/// It may stand in quotes. None while `text` holds no whole line and more is to come.
pub(super) fn declared_delimiter(text: &[u8]) -> Option<(u8, usize)> {
    let length = memchr::memchr2(b'\r', b'\n', text).unwrap_or(text.len());
    let line = &text[..length];
    let unquoted = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
        .unwrap_or(line);
    let (word, delimiter) = unquoted.split_at_checked(4)?;
    match *delimiter {
        [delimiter] if word.eq_ignore_ascii_case(b"sep=") && DELIMITERS.contains(&delimiter) => {
            Some((delimiter, length))
        }
        _ => None,
    }
}

/// How the header record looks under one delimiter.
pub(super) enum Header {
    /// Its fields, as bytes, and where it ends in the text.
    Whole {
        delimiter: u8,
        fields: Vec<Vec<u8>>,
        end: usize,
    },
    /// It goes on beyond the text.
    Unfinished,
    /// There is none up to the end of the file.
    Missing,
    /// A quote is never closed, or it is too long; where it begins.
    Broken { start: usize, quote_is_open: bool },
}

impl Header {
    /// Finds the first record with something in it: spreadsheets write empty rows above a table as bare separators.
    pub(super) fn find(text: &[u8], delimiter: u8, is_whole: bool) -> Self {
        let mut at = 0;
        let mut splitter = Splitter::new(delimiter);
        loop {
            at += text[at..]
                .iter()
                .take_while(|&&byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let start = at;
            if start == text.len() {
                return if is_whole { Self::Missing } else { Self::Unfinished };
            }
            let (progress, used) = splitter.read(&text[start..]);
            at += used;
            match progress {
                Progress::TooLong => {
                    return Self::Broken {
                        start,
                        quote_is_open: !splitter.end(),
                    };
                }
                Progress::More if !is_whole => return Self::Unfinished,
                Progress::More if !splitter.end() => {
                    return Self::Broken {
                        start,
                        quote_is_open: true,
                    };
                }
                Progress::More | Progress::Record => {}
            }
            let fields: Vec<_> = splitter.record().fields().map(<[u8]>::to_vec).collect();
            let is_empty = |byte: &u8| byte.is_ascii_whitespace() || DELIMITERS.contains(byte);
            if !fields.iter().flatten().all(is_empty) {
                return Self::Whole {
                    delimiter,
                    fields,
                    end: at,
                };
            }
            splitter.forget();
        }
    }
}

/// A header that has been decoded.
pub(super) struct Candidate {
    pub(super) delimiter: u8,
    pub(super) header: Vec<String>,
    pub(super) end: usize,
}

/// The best of several ways to read the header: one with a SKU and a name, else the one with the most columns.
pub(super) fn choose(candidates: Vec<Candidate>) -> Option<Candidate> {
    let mut best: Option<(Candidate, (bool, usize))> = None;
    for candidate in candidates {
        let worth = (Columns::are_in(&candidate.header), candidate.header.len());
        if best.as_ref().is_none_or(|(_, most)| worth > *most) {
            best = Some((candidate, worth));
        }
    }
    best.map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excels_first_line_declares_a_delimiter() {
        assert_eq!(declared_delimiter(b"sep=;\r\nsku;name"), Some((b';', 5)));
        assert_eq!(declared_delimiter(b"SEP=\t\nsku"), Some((b'\t', 5)));
        assert_eq!(declared_delimiter(b"\"sep=|\"\rsku"), Some((b'|', 7)));
        assert_eq!(declared_delimiter(b"sep=x\nsku"), None);
        assert_eq!(declared_delimiter(b"separator,name\n"), None);
        assert_eq!(declared_delimiter(b"se"), None);
    }

    #[test]
    fn the_delimiter_that_yields_sku_and_name_wins() {
        let text = b"sku;name;a,b,c,d,e\n";
        let candidates = DELIMITERS
            .iter()
            .filter_map(|&delimiter| match Header::find(text, delimiter, true) {
                Header::Whole { delimiter, fields, end } => {
                    let header = fields
                        .into_iter()
                        .map(|field| String::from_utf8_lossy(&field).into_owned())
                        .collect();
                    Some(Candidate { delimiter, header, end })
                }
                _ => None,
            });
        assert_eq!(choose(candidates.collect()).map(|best| best.delimiter), Some(b';'));
    }

    #[test]
    fn a_header_may_span_lines() {
        assert!(matches!(
            Header::find(b"\n\nsku,\"na\nme\"\nx", b',', false),
            Header::Whole { end: 14, .. }
        ));
        assert!(matches!(Header::find(b"sku,\"na\nme", b',', false), Header::Unfinished));
        let open = Header::find(b"\nsku,\"na\nme", b',', true);
        assert!(matches!(
            open,
            Header::Broken {
                start: 1,
                quote_is_open: true
            }
        ));
        assert!(matches!(Header::find(b" \n\r\n", b',', true), Header::Missing));
    }
}
