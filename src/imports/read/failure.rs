//! Why a whole file cannot be imported, each in a sentence that says where and what to do about it.
//!
//! Only what leaves no trustworthy rows ends up here; a single bad row is data and becomes a
//! [`Rejected`](super::Rejected).

use super::signature::Foreign;
use std::fmt;

const LISTED_COLUMNS_MAX: usize = 20;
const LISTED_CHARS_MAX: usize = 40;
const WHAT_IS_NEEDED: &str = "The first line must name the columns: sku and name, and, if you like, description and \
                              status.";

/// Why a file cannot be read as products.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are the columns found and the line where it began"
)]
pub enum FileFailure {
    /// Nothing but blanks and line ends.
    Empty,
    /// A file of another kind.
    Foreign(Foreign),
    /// Bytes that are no text at all.
    NotText,
    /// The first line names no column that is known.
    NoHeader { found: Vec<String> },
    /// No column for the SKU.
    NoSkuColumn { found: Vec<String> },
    /// No column for the name.
    NoNameColumn { found: Vec<String> },
    /// A quote is not closed within a mebibyte or before the end of the file.
    UnclosedQuote { line: u64 },
    /// A record goes on for more than a mebibyte, without a quote to blame.
    RecordTooLong { line: u64 },
}

impl std::error::Error for FileFailure {}

impl fmt::Display for FileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "The file is empty. {WHAT_IS_NEEDED}"),
            Self::Foreign(kind) => kind.fmt(f),
            Self::NotText => {
                write!(
                    f,
                    "The file is not text. Export the products as CSV (comma-separated values) and upload that."
                )
            }
            Self::NoHeader { found } => {
                write!(
                    f,
                    "The file has no line with column names that are known here: it begins with "
                )?;
                list(f, found)?;
                write!(f, ". {WHAT_IS_NEEDED}")
            }
            Self::NoSkuColumn { found } => no_column(f, "SKU", "sku", found),
            Self::NoNameColumn { found } => no_column(f, "name", "name", found),
            Self::UnclosedQuote { line } => write!(
                f,
                "A quotation mark is opened in the row that begins on line {line} and never closed, so it is unclear \
                 where that row ends. Close it (or double it, if it belongs to the text) and upload the file again."
            ),
            Self::RecordTooLong { line } => write!(
                f,
                "The row that begins on line {line} is longer than a row can be (1 MB). Check that its line ends where \
                 it should, and upload the file again."
            ),
        }
    }
}

fn no_column(f: &mut fmt::Formatter<'_>, what: &str, header: &str, found: &[String]) -> fmt::Result {
    write!(f, "The file has no column for the {what}. Its columns are ")?;
    list(f, found)?;
    write!(
        f,
        ". Write “{header}” above the right column in the file's first line and upload it again."
    )
}

fn list(f: &mut fmt::Formatter<'_>, found: &[String]) -> fmt::Result {
    for (number, header) in found.iter().take(LISTED_COLUMNS_MAX).enumerate() {
        write!(f, "{}“{}”", if number == 0 { "" } else { ", " }, shorten(header))?;
    }
    if found.len() > LISTED_COLUMNS_MAX {
        write!(f, " and {} more", found.len() - LISTED_COLUMNS_MAX)?;
    }
    Ok(())
}

/// A value short enough to be quoted in a sentence.
pub(super) fn shorten(value: &str) -> String {
    let value = value.trim();
    match value.char_indices().nth(LISTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_listed_within_reason() {
        let found = (0..30)
            .map(|number| format!("column {number} {}", "x".repeat(100)))
            .collect();
        let text = FileFailure::NoSkuColumn { found }.to_string();
        assert!(
            text.contains("“column 0 xxx") && text.contains("x…”") && text.contains(" and 10 more"),
            "{text}"
        );
        assert!(text.len() < 1500, "{}", text.len());
    }

    #[test]
    fn a_quote_is_told_with_its_line() {
        assert!(FileFailure::UnclosedQuote { line: 17 }.to_string().contains("line 17"));
        assert!(FileFailure::RecordTooLong { line: 17 }.to_string().contains("line 17"));
    }
}
