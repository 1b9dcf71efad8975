//! Which part of a list an address asks for. Empty words count as left out.

use super::Error;
use serde::Deserialize;

/// How many a page has unless the address says.
const USUAL_LIMIT: u64 = 50;
/// How many one of [`PageQuery`] has at most.
const MOST_LIMIT: u64 = 200;

/// Which page is asked for of a list that begins with the newest.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where the page begins: the `next_cursor` of the page before it.
    cursor: String,
    /// How many a page has at most: 50 unless said, never more than 200.
    #[param(value_type = u64, example = 50)]
    limit: String,
}

impl PageQuery {
    /// How many are asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] where that is no number.
    pub fn limit(&self) -> Result<u64, Error> {
        limit(&self.limit, MOST_LIMIT)
    }

    /// Which ids are asked for: those below.
    ///
    /// # Errors
    /// [`Error::Invalid`] where that is no place in the list.
    pub fn before(&self) -> Result<Option<i64>, Error> {
        before(&self.cursor)
    }
}

/// How many a page is to have: 50 unless said, never more than `most`.
///
/// # Errors
/// [`Error::Invalid`] where that is no number.
pub fn limit(word: &str, most: u64) -> Result<u64, Error> {
    if word.is_empty() {
        return Ok(USUAL_LIMIT);
    }
    let number = word.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    let limit = number.ok_or_else(|| Error::invalid("limit", format!("Say how many, from 1 to {most}.")))?;
    Ok(limit.clamp(1, most))
}

/// The id below which a list that begins with the newest goes on; none where it is to begin.
///
/// # Errors
/// [`Error::Invalid`] where that is no place in the list.
pub fn before(cursor: &str) -> Result<Option<i64>, Error> {
    let cursor = Some(cursor).filter(|cursor| !cursor.is_empty());
    cursor.map(parse_cursor).transpose()
}

/// The same of a cursor that is there.
///
/// # Errors
/// [`Error::Invalid`] where that is no place in the list.
pub fn parse_cursor(cursor: &str) -> Result<i64, Error> {
    let wrong = "This address leads to no page of the list. Leave the cursor out to start from the newest.";
    cursor.parse().map_err(|_| Error::invalid("cursor", wrong))
}

/// Cuts off the one more than `limit` that was asked for: the last that stays, where there are more.
pub fn cut<T>(found: &mut Vec<T>, limit: u64) -> Option<&T> {
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    found.last().filter(|_| has_more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_where_one_more_was_found() {
        let mut found = vec![9, 8, 7];
        assert_eq!(cut(&mut found, 2), Some(&8));
        assert_eq!(cut(&mut found, 2), None);
        assert_eq!(found, [9, 8]);
        assert_eq!(cut(&mut Vec::<i64>::new(), 2), None);
    }

    #[test]
    fn limits_are_kept_within_bounds() {
        for (word, expected) in [("", 50), ("0", 1), ("7", 7), ("200", 200), ("9999", 200)] {
            assert_eq!(limit(word, 200).unwrap(), expected, "{word}");
        }
        for bad in ["x", "-1", "1.5", " 1", "9999999999999999999999"] {
            assert_eq!(
                limit(bad, 200).unwrap_err().detail(),
                "Say how many, from 1 to 200.",
                "{bad}"
            );
        }
    }

    #[test]
    fn cursors_are_ids() {
        assert_eq!((before("").unwrap(), before("17").unwrap()), (None, Some(17)));
        assert!(before("x").is_err() && parse_cursor("").is_err());
    }
}
