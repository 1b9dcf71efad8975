//! Files that people really send, each with what must come of it.

use super::{Event, Outcome, read, read_in_two_lives, read_on};
use product_importer::imports::read::{FileFailure, Foreign, Reader};

const MEBIBYTE: usize = 1 << 20;

fn read_text(text: &str) -> Outcome {
    read(text.as_bytes())
}

#[test]
fn blank_lines_are_no_rows_but_bare_separators_are() {
    let outcome = read_text("\n\nsku,name,x\n\n  \n\t\nA,Cup,\n,,\n\r\n , , \n\"\"\nB,Mug,");
    assert_eq!((outcome.position.rows_read, outcome.position.rejected), (4, 2));
    assert_eq!(outcome.rejected()[0].line, 8);
    assert_eq!(outcome.rejected()[1].fields, [" ", " ", " "]);
    assert_eq!(outcome.failure, None);
}

#[test]
fn a_file_of_nothing_but_a_header_has_no_rows() {
    for text in ["sku,name", "sku,name\r\n", "\u{feff}sku;name\r", "sep=|\nsku|name\n"] {
        let outcome = read_text(text);
        assert_eq!((outcome.failure, outcome.position.rows_read), (None, 0), "{text:?}");
        assert_eq!(outcome.position.offset, text.len() as u64);
    }
}

#[test]
fn a_bad_row_is_given_back_and_the_rest_goes_on() {
    let outcome =
        read(b"sku,name,description\nA,Caf\xC3\xA9,\nB,Caf\xFF,x\nC,\xC3,\xA9\nD,a\0b,\nE,Th\xC3\xA9,\xC3\xA0 l\xE2\x80\x99\xC3\xA9t\xC3\xA9\nF\n");
    assert_eq!(outcome.names(), ["Café", "Thé"]);
    let lines: Vec<_> = outcome.rejected().iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 4, 5, 7]);
    assert_eq!(outcome.rejected()[0].fields, ["B", "Cafÿ", "x"]);
    assert!(outcome.rejected()[0].reason.contains("UTF-8"));
    assert_eq!(outcome.rejected()[1].fields, ["C", "Ã", "©"]);
    assert_eq!(outcome.rejected()[2].fields, ["D", "a\0b", ""]);
    assert_eq!(
        outcome.rejected()[3].reason,
        "The row has 1 value, but the header line has 3."
    );
}

#[test]
fn half_a_surrogate_pair_costs_its_row_only() {
    let mut units: Vec<u16> = "sku,name\nA,x".encode_utf16().collect();
    units.push(0xD83D);
    units.extend("\nB,😀\n".encode_utf16());
    let file: Vec<_> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let outcome = read(&file);
    assert_eq!(outcome.names(), ["😀"]);
    assert_eq!(
        (outcome.rejected()[0].line, outcome.position.offset),
        (2, file.len() as u64)
    );
}

#[test]
fn a_bom_after_the_first_belongs_to_the_text() {
    let outcome = read_text("\u{feff}sku,name\nA,Cup\n\u{feff}B,Mug\n");
    assert!(matches!(&outcome.events[1], Event::Row { sku, .. } if sku == "\u{feff}B"));
}

#[test]
fn an_unclosed_quote_fails_the_import_and_names_its_line() {
    let at_the_end = read_text("sku,name\r\nA,\"two\r\nlines\"\r\nB,\"Mug\r\nC,Cup\r\n");
    assert_eq!(at_the_end.failure, Some(FileFailure::UnclosedQuote { line: 4 }));
    assert_eq!(at_the_end.names(), ["two\r\nlines"]);
    let rows = "C,Cup\n".repeat(MEBIBYTE / 3);
    for chunk in [1000, MEBIBYTE, 3 * MEBIBYTE] {
        let file = format!("sku,name\nA,Cup\nB,\"Mug\n{rows}");
        let outcome = read_on(Reader::new(), file.as_bytes().chunks(chunk));
        assert_eq!(outcome.failure, Some(FileFailure::UnclosedQuote { line: 3 }));
        assert_eq!((outcome.names(), outcome.position.offset), (vec!["Cup"], 15));
    }
}

#[test]
fn an_endless_line_fails_the_import_in_its_own_words() {
    let file = format!("sku,name\nA,Cup\nB,{}\n", "x".repeat(MEBIBYTE));
    assert_eq!(read_text(&file).failure, Some(FileFailure::RecordTooLong { line: 3 }));
    assert_eq!(
        read_text(&"x".repeat(3 * MEBIBYTE)).failure,
        Some(FileFailure::RecordTooLong { line: 1 })
    );
}

#[test]
fn files_that_are_no_table_are_refused() {
    assert_eq!(read(b"").failure, Some(FileFailure::Empty));
    assert_eq!(read(b"\xEF\xBB\xBF\r\n").failure, Some(FileFailure::Empty));
    assert_eq!(
        read(b"PK\x03\x04\x14\0\x06\0[Content_Types].xml").failure,
        Some(FileFailure::Foreign(Foreign::Excel))
    );
    assert_eq!(
        read(b"\x89PNG\r\n\x1a\n").failure,
        Some(FileFailure::Foreign(Foreign::Picture))
    );
    let found = vec!["price".to_owned(), "Name".to_owned()];
    assert_eq!(
        read(b"price;Name\n1;Cup\n").failure,
        Some(FileFailure::NoSkuColumn { found })
    );
}

#[test]
fn a_failed_reader_stays_failed() {
    let (mut reader, mut events) = (Reader::new(), super::Events::default());
    assert_eq!(reader.finish(&mut events), Err(FileFailure::Empty));
    assert_eq!(reader.feed(b"sku,name\nA,Cup\n", &mut events), Err(FileFailure::Empty));
    assert!(events.0.is_empty());
}

#[test]
fn mangled_skus_are_imported_with_a_warning_that_survives_starting_over() {
    let rows: String = (0..9).map(|number| number.to_string() + ".23E+12,Cup\n").collect();
    let file = format!("sku,name\nA,Cup\n{rows}1.5E+3,\n");
    for death in 0..file.len() {
        let outcome = read_in_two_lives(file.as_bytes(), 7, death);
        let reader = Reader::resume(outcome.position);
        let warnings = reader.warnings();
        assert_eq!(
            (warnings.len(), warnings[0].count, warnings[0].examples.len()),
            (1, 9, 5)
        );
        assert_eq!(
            (warnings[0].examples[0].line, &*warnings[0].examples[0].value),
            (3, "0.23E+12")
        );
        assert!(reader.columns().is_some_and(|columns| columns.ignored.is_empty()));
    }
}

#[test]
fn an_encoding_that_shows_late_is_told_the_same_wherever_reading_starts_over() {
    let plain = "A,Cup,plain\r\n".repeat(MEBIBYTE / 13);
    for late in [
        &b"B,Th\x82i\x8Are \x82maill\x82e,x\r\n"[..],
        b"B,Th\xE9i\xE8re,x\r\n",
        b"B,Th\xC3\xA9i\xC3\xA8re,\xFF\r\n",
    ] {
        let file = [
            b"sku,name,x\r\n",
            plain.as_bytes(),
            late,
            plain.as_bytes(),
            late,
            plain.as_bytes(),
        ]
        .concat();
        let whole = read(&file);
        assert_eq!(whole.position.rows_read, 2 + 3 * (MEBIBYTE as u64 / 13));
        assert!(!late.contains(&b'\x82') || whole.names().contains(&"Théière émaillée"));
        assert_eq!(read_on(Reader::new(), file.chunks(997)), whole);
        for death in [
            MEBIBYTE / 2,
            MEBIBYTE + 17,
            2 * MEBIBYTE,
            2 * MEBIBYTE + 40,
            file.len() - 3,
        ] {
            assert_eq!(read_in_two_lives(&file, 64 << 10, death), whole, "after {death} bytes");
        }
    }
}
