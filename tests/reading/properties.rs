//! What holds for every file: it is read as it was written, however it is cut and wherever reading starts over.

use super::naive::{self, Record};
use super::writer::{Dialect, dialect};
use super::{Event, read, read_in_two_lives, read_on};
use product_importer::imports::read::{FileFailure, Reader, Rejected};
use proptest::prelude::*;
use proptest::sample::Index;

/// A language sample that makes an 8-bit encoding recognisable.
const TELLING: &str = "Théière émaillée à fleurs; größere Schüssel für Suppe; pequeña cuchara de cerámica";

fn table() -> impl Strategy<Value = (Dialect, Vec<Vec<String>>)> {
    dialect().prop_flat_map(|dialect| {
        let value = dialect.coding.value();
        let row = (
            value.clone(),
            value.clone(),
            value.clone(),
            prop::sample::select(vec!["yes", "0", "", " Draft "]),
            value,
        );
        (Just(dialect), prop::collection::vec(row, 0..8)).prop_map(|(dialect, rows)| {
            let mut table = vec![
                ["Item No.", " NAME", "extra", "status", "Description"]
                    .map(str::to_owned)
                    .to_vec(),
            ];
            table.push(["T-1", TELLING, "", "", TELLING].map(str::to_owned).to_vec());
            table.extend(
                rows.into_iter().map(|(sku, name, description, status, extra)| {
                    vec![sku, name, extra, status.to_owned(), description]
                }),
            );
            (dialect, table)
        })
    })
}

fn expected_of(row: &[String], line: u64) -> Event {
    let sku = row[0].trim();
    if sku.is_empty() || row[1].trim().is_empty() {
        return Event::Rejected(Rejected {
            line,
            reason: String::new(),
            fields: row.to_vec(),
        });
    }
    let active = match row[3].trim() {
        "" => None,
        word => Some(word == "yes"),
    };
    Event::Row {
        line,
        sku: sku.to_owned(),
        name: row[1].clone(),
        description: Some(row[4].clone()),
        active,
    }
}

/// Reasons are compared where they are made.
fn without_reasons(events: Vec<Event>) -> Vec<Event> {
    let without = |event| match event {
        Event::Rejected(row) => Event::Rejected(Rejected {
            reason: String::new(),
            ..row
        }),
        row @ Event::Row { .. } => row,
    };
    events.into_iter().map(without).collect()
}

/// What the naive reading makes of a file with the header `sku,name,x`.
fn naively(text: &str) -> (Vec<Event>, Option<FileFailure>) {
    let (records, open) = naive::records(text, ',');
    let is_blank = |record: &Record| matches!(&record.fields[..], [field] if field.trim().is_empty());
    let rows = records.into_iter().skip(1).filter(|record| !is_blank(record));
    let events = rows.map(|Record { line, fields }| match &fields[..] {
        [sku, name, _] if !sku.trim().is_empty() && !name.trim().is_empty() => Event::Row {
            line,
            sku: sku.trim().to_owned(),
            name: name.clone(),
            description: None,
            active: None,
        },
        _ => Event::Rejected(Rejected {
            line,
            reason: String::new(),
            fields,
        }),
    });
    (events.collect(), open.map(|line| FileFailure::UnclosedQuote { line }))
}

fn cut<'a>(file: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut chunks) = (file, Vec::new());
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// Files as programs write them, and some that nothing should ever have written.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(
        prop::sample::select(b"ab,;\"\r\n \0\x82\xC3\xA9\xFF\xD8".to_vec()),
        0..200,
    );
    let heads = prop::sample::select(vec![
        &b"sku,name\n"[..],
        b"sep=;\r\nname;sku\r\n",
        b"\xEF\xBB\xBFsku,name\r",
        b"\xFF\xFEs\0k\0u\0,\0n\0a\0m\0e\0\n\0",
        b"\xFE\xFF\0s\0k\0u\0,\0n\0a\0m\0e\0\r\0\n",
        b"sku\tname\xE9\r\n",
        b"",
    ]);
    let ragged = (heads, noise).prop_map(|(head, noise)| [head, &noise].concat());
    prop_oneof![2 => ragged, 3 => table().prop_map(|(dialect, table)| dialect.write(&table).0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_written_is_read((dialect, table) in table()) {
        let (file, lines) = dialect.write(&table);
        let outcome = read(&file);
        let expected: Vec<_> = table.iter().zip(lines).skip(1).map(|(row, line)| expected_of(row, line)).collect();
        prop_assert_eq!(outcome.failure, None);
        prop_assert_eq!(outcome.position.offset, file.len() as u64);
        prop_assert_eq!(outcome.position.rows_read, expected.len() as u64);
        prop_assert_eq!(without_reasons(outcome.events), expected);
    }

    #[test]
    fn a_naive_reading_agrees_on_the_strangest_quoting(body in "[ab\", \r\n]{0,60}") {
        let text = format!("sku,name,x\n{body}");
        let outcome = read(text.as_bytes());
        let (events, failure) = naively(&text);
        prop_assert_eq!(without_reasons(outcome.events), events);
        prop_assert_eq!(outcome.failure, failure);
    }

    #[test]
    fn chunks_do_not_matter(file in any_file(), sizes in prop::collection::vec(1_usize..40, 1..6)) {
        let whole = read(&file);
        prop_assert_eq!(&read_on(Reader::new(), cut(&file, &sizes)), &whole);
        prop_assert_eq!(&read_on(Reader::new(), cut(&file, &[1])), &whole);
        prop_assert_eq!(whole.position.rows_read, whole.events.len() as u64);
        prop_assert_eq!(whole.position.rejected, whole.rejected().len() as u64);
    }

    #[test]
    fn starting_over_does_not_matter(file in any_file(), chunk in 1_usize..40, death in any::<Index>()) {
        prop_assert_eq!(read_in_two_lives(&file, chunk, death.index(file.len() + 1)), read(&file));
    }
}
