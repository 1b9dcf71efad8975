//! Files that are no CSV whatever they are called, told by their first bytes.
//!
//! People rename workbooks and upload the picture beside the table; each kind gets a sentence that says how to get to
//! a CSV from there.

use std::fmt;

/// How much of a file is looked at.
pub(super) const SIGNATURE_BYTES: usize = 4096;

/// A kind of file that holds no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// xlsx, xlsm, or the older xls.
    Excel,
    /// A workbook of LibreOffice or OpenOffice.
    OpenDocument,
    /// An archive or a compressed file.
    Archive,
    /// A picture.
    Picture,
    /// A PDF.
    Pdf,
    /// A web page or XML.
    Markup,
    /// JSON.
    Json,
    /// A database file or a columnar file.
    Database,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excel => {
                "This is an Excel workbook. In Excel choose File > Save As > CSV UTF-8 and upload that file."
            }
            Self::OpenDocument => {
                "This is a LibreOffice workbook. In LibreOffice choose File > Save As > Text CSV and upload that file."
            }
            Self::Archive => "This is a compressed archive. Unpack it and upload the CSV file that is in it.",
            Self::Picture => "This is a picture, not a table. Upload the products as a CSV file.",
            Self::Pdf => {
                "This is a PDF. Export the products as CSV from the program that made it, and upload that file."
            }
            Self::Markup => {
                "This is a web page or XML, not CSV, perhaps because a download asked for a sign-in. Open it in a \
                 spreadsheet, save it as CSV UTF-8 and upload that file."
            }
            Self::Json => "This is JSON, not CSV. Export the products as CSV and upload that file.",
            Self::Database => "This is a database file, not CSV. Export the products as CSV and upload that file.",
        })
    }
}

const SIGNATURES: [(&[u8], Foreign); 20] = [
    (b"\x89PNG\r\n\x1a\n", Foreign::Picture),
    (b"\xFF\xD8\xFF", Foreign::Picture),
    (b"GIF87a", Foreign::Picture),
    (b"GIF89a", Foreign::Picture),
    (b"II*\0", Foreign::Picture),
    (b"MM\0*", Foreign::Picture),
    (b"%PDF-", Foreign::Pdf),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Foreign::Excel),
    (b"PK\x05\x06", Foreign::Archive),
    (b"\x1F\x8B", Foreign::Archive),
    (b"\x28\xB5\x2F\xFD", Foreign::Archive),
    (b"7z\xBC\xAF\x27\x1C", Foreign::Archive),
    (b"Rar!\x1A\x07", Foreign::Archive),
    (b"BZh91AY&SY", Foreign::Archive),
    (b"\xFD7zXZ\0", Foreign::Archive),
    (b"\x04\x22\x4D\x18", Foreign::Archive),
    (b"SQLite format 3\0", Foreign::Database),
    (b"PAR1", Foreign::Database),
    (b"<?xml", Foreign::Markup),
    (b"{\\rtf", Foreign::Markup),
];

/// What the file is when it is no CSV, told from up to [`SIGNATURE_BYTES`] at its beginning.
pub(super) fn foreign_kind(head: &[u8]) -> Option<Foreign> {
    if head.starts_with(b"PK\x03\x04") {
        return Some(kind_of_zip(head));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(Foreign::Picture);
    }
    let known = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature));
    known.map(|&(_, kind)| kind).or_else(|| kind_of_text(head))
}

fn kind_of_zip(head: &[u8]) -> Foreign {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if holds(b"[Content_Types].xml") || holds(b"xl/") || holds(b"docProps/") || holds(b"_rels/.rels") {
        Foreign::Excel
    } else if holds(b"application/vnd.oasis.opendocument") {
        Foreign::OpenDocument
    } else {
        Foreign::Archive
    }
}

fn kind_of_text(head: &[u8]) -> Option<Foreign> {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let begins_with = |tag: &[u8]| {
        text.get(..tag.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(tag))
    };
    if [&b"<!doctype"[..], b"<html", b"<table", b"<?xml", b"<head", b"<body"]
        .into_iter()
        .any(begins_with)
    {
        return Some(Foreign::Markup);
    }
    is_json(text).then_some(Foreign::Json)
}

/// Whether a bracket is followed by what JSON has there. A CSV can begin with a bracket, but not with these.
fn is_json(text: &[u8]) -> bool {
    let Some((&bracket, rest)) = text.split_first() else {
        return false;
    };
    match (bracket, rest.trim_ascii_start().first()) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{' | b'[' | b']')) => true,
        (b'[', Some(b'"')) => !rest.starts_with(b"\"\""),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_kinds_of_files_are_recognised() {
        for (head, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Foreign::Picture),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", Foreign::Picture),
            (b"GIF89a\x01\0", Foreign::Picture),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Foreign::Picture),
            (b"%PDF-1.7\n", Foreign::Pdf),
            (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", Foreign::Excel),
            (
                b"PK\x03\x04\x14\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                Foreign::OpenDocument,
            ),
            (b"PK\x03\x04\x14\0\0\0products.csv", Foreign::Archive),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Foreign::Excel),
            (b"\x1F\x8B\x08\0", Foreign::Archive),
            (b"\x28\xB5\x2F\xFD\x04", Foreign::Archive),
            (b"7z\xBC\xAF\x27\x1C", Foreign::Archive),
            (b"Rar!\x1A\x07\x01\0", Foreign::Archive),
            (b"\xEF\xBB\xBF\n<!DOCTYPE html>", Foreign::Markup),
            (b"<HTML>", Foreign::Markup),
            (b"[\n  {\"sku\": 1}]", Foreign::Json),
            (b"{\"items\": []}", Foreign::Json),
        ] {
            assert_eq!(foreign_kind(head), Some(kind), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn tables_are_not() {
        for head in [
            &b"sku,name\n1,a"[..],
            b"",
            b"PK,name,sku",
            b"[sku],[name]",
            b"<sku>;name",
            b"{sku}\tname",
        ] {
            assert_eq!(foreign_kind(head), None, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn the_way_out_is_named() {
        assert!(Foreign::Excel.to_string().contains("Save As > CSV UTF-8"));
    }
}
