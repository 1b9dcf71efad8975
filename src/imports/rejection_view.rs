//! A rejected row as it is told: where it stood, why it was not taken, and what was in it.
//!
//! Rows can be as long as a file is broken, so what is told of one has a limit; the download has them whole.

use super::queries::Rejection;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

const VALUE_MAX_LETTERS: usize = 200;
const MOST_VALUES: usize = 100;
/// So many letters fill the line of a page on which a row is shown.
const ROW_MAX_LETTERS: usize = 300;

/// A rejected row, for pages and live viewers.
#[derive(Clone, Debug, Serialize)]
pub struct RejectionView {
    /// The line of the file where it began.
    pub line: i64,
    /// Why it was not taken, in plain words.
    pub reason: String,
    /// Its fields as they stood; long ones are cut, and so is a long list of them.
    pub values: Vec<String>,
}

impl TryFrom<Rejection> for RejectionView {
    type Error = serde_json::Error;

    fn try_from(rejection: Rejection) -> Result<Self, Self::Error> {
        let CutValues(values) = serde_json::from_slice(&rejection.fields)?;
        Ok(Self {
            line: rejection.line,
            reason: rejection.reason,
            values,
        })
    }
}

/// The values of a row, cut while they are read.
struct CutValues(Vec<String>);

impl<'de> Deserialize<'de> for CutValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Cutting)
    }
}

struct Cutting;

impl<'de> Visitor<'de> for Cutting {
    type Value = CutValues;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<CutValues, A::Error> {
        let mut values = Vec::new();
        while values.len() < MOST_VALUES {
            let Some(value) = list.next_element::<String>()? else {
                return Ok(CutValues(values));
            };
            values.push(cut(value, VALUE_MAX_LETTERS));
        }
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        values.extend(more.then(|| "…".to_owned()));
        Ok(CutValues(values))
    }
}

/// The first `letters` letters, and a sign if there were more.
fn cut(text: String, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        // Not cut in place: that would keep the room of the long one.
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl RejectionView {
    /// As many of the values as a line of a page has room for; the download has all of them.
    pub fn row(&self) -> impl Iterator<Item = &str> {
        let mut letters = 0;
        let named = self.values.iter().map(|value| match value.trim() {
            "" => "(empty)",
            _ => value.as_str(),
        });
        named.take_while(move |value| {
            let has_room = letters < ROW_MAX_LETTERS;
            letters += value.chars().count();
            has_room
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_row_the_first_values_are_shown() {
        let row = RejectionView {
            line: 2,
            reason: String::new(),
            values: ["é".repeat(200), " ".into(), "é".repeat(200), "more".into()].into(),
        };
        assert_eq!(row.row().count(), 3);
        assert_eq!(row.row().nth(1), Some("(empty)"));
    }

    #[test]
    fn what_is_told_of_a_row_has_a_limit() -> serde_json::Result<()> {
        let told = |fields: &[String]| {
            let rejection = Rejection {
                number: 1,
                line: 2,
                reason: String::new(),
                fields: serde_json::to_vec(fields)?,
            };
            RejectionView::try_from(rejection).map(|view| view.values)
        };
        let fits = vec!["é".repeat(200); 100];
        assert_eq!(told(&fits)?, fits);
        let cut = told(&vec!["é".repeat(201); 1_000])?;
        assert_eq!(cut.len(), 101);
        assert_eq!(cut[99], format!("{}…", "é".repeat(200)));
        assert_eq!(cut[100], "…");
        Ok(())
    }
}
