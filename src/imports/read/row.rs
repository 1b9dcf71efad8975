//! What makes a record a row that can be imported, and the plain words for what does not.

use super::columns::Columns;
use super::encoding::Text;
use super::failure::shorten;
use super::status::is_active;
use crate::catalog::{DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, SKU_MAX_CHARS};

/// A row that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Without blanks around it.
    pub sku: &'a str,
    /// As it stands in the file.
    pub name: &'a str,
    /// As it stands in the file; none when the file has no such column.
    pub description: Option<&'a str>,
    /// None when the file has no such column or the cell is blank.
    pub active: Option<bool>,
}

/// A row that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    /// Why, for a person.
    pub reason: String,
    /// All its values as they stand in the file.
    pub fields: Vec<String>,
}

/// Takes what a [`Reader`](super::Reader) reads, in the order of the file.
pub trait Sink {
    /// A row that can be imported.
    fn row(&mut self, row: Row<'_>);
    /// A row that cannot.
    fn reject(&mut self, rejected: Rejected);
}

/// Takes a record for a row, or says why it is none.
pub(super) fn judge<'a>(record: Text<'a>, columns: &Columns, line: u64) -> Result<Row<'a>, String> {
    if record.ends.len() != columns.count() {
        return Err(wrong_count(record.ends.len(), columns.count()));
    }
    if memchr::memchr(0, record.text.as_bytes()).is_some() {
        return Err("The row holds a NUL, an invisible character that no text may hold.".to_owned());
    }
    let places = columns.places;
    let (sku, name) = (record.field(places.sku).trim(), record.field(places.name));
    let description = places.description.map(|place| record.field(place));
    match (sku.is_empty(), name.trim().is_empty()) {
        (true, true) => return Err("The row has no SKU and no name.".to_owned()),
        (true, false) => return Err("The row has no SKU.".to_owned()),
        (false, true) => return Err("The row has no name.".to_owned()),
        (false, false) => {}
    }
    refuse_longer_than(SKU_MAX_CHARS, sku, "SKU")?;
    refuse_longer_than(NAME_MAX_CHARS, name, "name")?;
    refuse_longer_than(DESCRIPTION_MAX_CHARS, description.unwrap_or_default(), "description")?;
    let active = places.status.map_or(Ok(None), |place| status_of(record.field(place)))?;
    Ok(Row {
        line,
        sku,
        name,
        description,
        active,
    })
}

/// The reason to reject a row whose bytes are no text in the file's encoding.
pub(super) fn undecodable(encoding: &str) -> String {
    format!("The row holds characters that cannot be read: they are no {encoding} text, which the rest of the file is.")
}

fn wrong_count(found: usize, expected: usize) -> String {
    let values = |count| {
        if count == 1 {
            "1 value".to_owned()
        } else {
            format!("{count} values")
        }
    };
    let advice = if found > expected {
        " A value that holds a separator must stand in quotation marks."
    } else {
        ""
    };
    format!(
        "The row has {}, but the header line has {}.{advice}",
        values(found),
        expected
    )
}

fn refuse_longer_than(max: usize, value: &str, what: &str) -> Result<(), String> {
    // A character takes at least a byte, so most values need no counting.
    if value.len() <= max {
        return Ok(());
    }
    let count = value.chars().count();
    if count <= max {
        return Ok(());
    }
    Err(format!("The {what} has {count} characters; it may have {max}."))
}

fn status_of(cell: &str) -> Result<Option<bool>, String> {
    let word = cell.trim();
    if word.is_empty() {
        return Ok(None);
    }
    match is_active(word) {
        Some(active) => Ok(Some(active)),
        None => Err(format!(
            "The status “{}” is not known. Write active or inactive.",
            shorten(word)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns::of(["sku", "name", "description", "status"].map(str::to_owned).to_vec()).expect("a good header")
    }

    fn judged(fields: &[&str]) -> Result<(String, String, Option<String>, Option<bool>), String> {
        let ends: Vec<_> = (1..=fields.len()).map(|count| fields[..count].concat().len()).collect();
        let text = fields.concat();
        let row = judge(
            Text {
                text: &text,
                ends: &ends,
            },
            &columns(),
            7,
        )?;
        Ok((
            row.sku.to_owned(),
            row.name.to_owned(),
            row.description.map(str::to_owned),
            row.active,
        ))
    }

    #[test]
    fn a_sku_is_trimmed_and_the_rest_kept_to_the_byte() {
        let row = judged(&[" a-1\t", " Cup ", "\nred ", " Yes "]).expect("a good row");
        assert_eq!(
            row,
            (
                "a-1".to_owned(),
                " Cup ".to_owned(),
                Some("\nred ".to_owned()),
                Some(true)
            )
        );
        assert_eq!(judged(&["a", "b", "", " "]).expect("a good row").3, None);
    }

    #[test]
    fn every_reason_is_named() {
        let long = |count: usize| "é".repeat(count);
        for (fields, reason) in [
            (vec!["", "b", "", ""], "no SKU."),
            (vec![" \u{a0}", "b", "", ""], "no SKU."),
            (vec!["a", " ", "", ""], "no name."),
            (vec!["", "", "", ""], "no SKU and no name."),
            (vec!["a", "b", ""], "has 3 values, but the header line has 4."),
            (vec!["a"], "has 1 value, but the header line has 4."),
            (
                vec!["a", "b", "", "", "c"],
                "has 5 values, but the header line has 4. A value",
            ),
            (vec!["a", "b", "x\0y", ""], "NUL"),
            (vec!["a", "b", "", "maybe"], "“maybe”"),
            (
                vec![&long(256), "b", "", ""],
                "The SKU has 256 characters; it may have 255.",
            ),
            (vec!["a", &long(1_001), "", ""], "The name has 1001 characters"),
            (
                vec!["a", "b", &long(100_001), ""],
                "The description has 100001 characters",
            ),
        ] {
            let told = judged(&fields).expect_err(reason);
            assert!(told.contains(reason), "{told}");
        }
        judged(&[&long(255), &long(1_000), &long(100_000), "on"]).expect("as long as may be");
    }
}
