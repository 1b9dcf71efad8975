//! What is asked for: by a form, or by JSON.

use super::bulk_change::BulkAction;
use crate::catalog::Filter;
use crate::catalog::api::ListQuery;
use crate::http::Error;
use crate::http::json::JsonFields;
use serde_json::Value;

/// Products that may be named in one request.
pub const MOST_IDS: usize = 1_000;

/// What is to be done to many products: to those of `ids`, or to those that match `filter`.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBulkChange, example = json!({"action": "deactivate", "filter": {"q": "lamp"}, "expected": 120}))]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct RequestJson {
    /// `activate`, `deactivate` or `delete`.
    #[schema(pattern = "^(activate|deactivate|delete)$")]
    action: String,
    /// Ids of products. Those that are not there are left out.
    #[schema(required = false, min_items = 1, max_items = 1000)]
    ids: Vec<String>,
    /// The words of a list's address.
    #[schema(required = false)]
    filter: FilterJson,
    /// How many products match `filter`: nothing is changed unless the number is right.
    #[schema(required = false, minimum = 0)]
    expected: i32,
}

/// The words of a list's address; what is left out matches everything.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkFilter)]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct FilterJson {
    /// What is searched for.
    #[schema(required = false, max_length = 500)]
    q: String,
    /// `all`, `active` or `inactive`.
    #[schema(required = false, pattern = "^(all|active|inactive)$")]
    status: String,
    /// Changed then or later: a day or a time.
    #[schema(required = false)]
    changed_since: String,
    /// Changed before then.
    #[schema(required = false)]
    changed_before: String,
    /// The id of the import that added them or was the last to change them.
    #[schema(required = false)]
    import: String,
}

/// A change that is wanted.
#[derive(Debug)]
pub struct Request {
    /// What is to be done.
    pub action: BulkAction,
    /// To which products.
    pub target: Target,
}

/// Which products are meant.
#[derive(Debug)]
pub enum Target {
    /// These.
    Named(Vec<i64>),
    /// Everything that matches.
    Matching {
        /// What has to match.
        filter: Filter,
        /// How many they are, as far as whoever asks knows.
        expected: i64,
    },
}

impl Request {
    /// Reads a form: `action` and `ids` (separated by commas, or several times), or `action`, `filter=1`, the words
    /// of a list's address, and `expected`.
    pub fn from_form(body: &[u8]) -> Result<Self, Error> {
        let mut words = ListQuery::default();
        let (mut action, mut ids, mut expected, mut is_filter) = (String::new(), Vec::new(), None, false);
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "action" => action = value.into_owned(),
                "ids" => ids.extend(value.split(',').filter(|id| !id.is_empty()).map(str::to_owned)),
                "expected" => expected = value.trim().parse().ok(),
                "filter" => is_filter = true,
                name => set_word(&mut words, name, value.into_owned()),
            }
        }
        let action = action_of(&action)?;
        let target = if is_filter {
            matching(&words, expected)?
        } else {
            Target::Named(ids_of(ids.iter().map(String::as_str))?)
        };
        Ok(Self { action, target })
    }

    /// Reads `{action, ids: […]}` or `{action, filter: {…}, expected}`.
    pub fn from_json(mut fields: JsonFields) -> Result<Self, Error> {
        let action = fields.text("action").unwrap_or_default();
        let (ids, filter) = (fields.value("ids"), fields.value("filter"));
        let expected = fields.whole_number("expected").map(i64::from);
        fields.finish()?;
        let action = action_of(&action)?;
        let target = match (ids, filter) {
            (Some(ids), None) => Target::Named(json_ids(&ids)?),
            (None, Some(filter)) => matching(&json_words(&filter)?, expected)?,
            _ => {
                return Err(Error::invalid(
                    "ids",
                    "Name the products by ids, or by a filter and how many are expected to match it: one of both.",
                ));
            }
        };
        Ok(Self { action, target })
    }
}

fn set_word(words: &mut ListQuery, name: &str, value: String) {
    let place = match name {
        "q" => &mut words.q,
        "status" => &mut words.status,
        "changed_since" => &mut words.changed_since,
        "changed_before" => &mut words.changed_before,
        "import" => &mut words.import,
        _ => return,
    };
    *place = value;
}

fn action_of(word: &str) -> Result<BulkAction, Error> {
    BulkAction::from_word(word)
        .ok_or_else(|| Error::invalid("action", "Choose one of activate, deactivate and delete."))
}

fn matching(words: &ListQuery, expected: Option<i64>) -> Result<Target, Error> {
    let expected = expected.filter(|number| *number >= 0).ok_or_else(|| {
        Error::invalid(
            "expected",
            "Say how many products match: nothing is changed unless the number is right.",
        )
    })?;
    Ok(Target::Matching {
        filter: words.filter()?,
        expected,
    })
}

/// Reads ids of products, each once.
pub fn ids_of<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<i64>, Error> {
    let ids: Result<Vec<i64>, _> = words.map(|word| word.trim().parse::<i64>()).collect();
    let mut ids = ids.map_err(|_| Error::invalid("ids", "This is no product's id."))?;
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(Error::invalid("ids", "Select at least one product."));
    }
    if ids.len() > MOST_IDS {
        return Err(Error::invalid(
            "ids",
            format!("Select at most {MOST_IDS} products one by one, or everything that matches a filter."),
        ));
    }
    Ok(ids)
}

fn json_ids(ids: &Value) -> Result<Vec<i64>, Error> {
    let words = ids
        .as_array()
        .and_then(|ids| ids.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    ids_of(
        words
            .ok_or_else(|| Error::invalid("ids", "Give a list of ids, each a text in quotation marks."))?
            .into_iter(),
    )
}

fn json_words(filter: &Value) -> Result<ListQuery, Error> {
    const WORDS: [&str; 5] = ["q", "status", "changed_since", "changed_before", "import"];
    let wrong = || Error::invalid("filter", format!("Give an object of texts: {}.", WORDS.join(", ")));
    let mut words = ListQuery::default();
    for (name, value) in filter.as_object().ok_or_else(wrong)? {
        let value = value
            .as_str()
            .filter(|_| WORDS.contains(&name.as_str()))
            .ok_or_else(wrong)?;
        set_word(&mut words, name, value.to_owned());
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Status;

    #[test]
    fn a_form_names_products_or_what_matches() {
        let named = Request::from_form(b"action=delete&ids=3%2C1&ids=3&q=lamp").unwrap();
        assert!(matches!(&named.target, Target::Named(ids) if *ids == [1, 3]));
        let matching = Request::from_form(b"action=activate&filter=1&q=lamp&status=inactive&expected=12").unwrap();
        let Target::Matching { filter, expected } = matching.target else {
            panic!("{:?}", matching.target)
        };
        assert_eq!((&*filter.q, filter.status, expected), ("lamp", Status::Inactive, 12));
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        for form in [
            "action=delete",
            "action=delete&ids=",
            "action=delete&ids=x",
            "action=sell&ids=1",
            "action=delete&filter=1",
            "action=delete&filter=1&expected=-1",
            "action=delete&filter=1&expected=1&status=some",
        ] {
            assert!(Request::from_form(form.as_bytes()).is_err(), "{form}");
        }
        let many: Vec<String> = (0..=MOST_IDS).map(|id| id.to_string()).collect();
        assert!(Request::from_form(format!("action=delete&ids={}", many.join(",")).as_bytes()).is_err());
    }
}
