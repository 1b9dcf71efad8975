//! What is told of a change: its data as JSON, never larger than receivers can be asked to take.

use super::change::Change;
use serde_json::{Map, Value, json};

/// The largest body. What stands around the data takes about a hundred bytes.
pub const BODY_MAX_BYTES: usize = 256 * 1024;
const DATA_MAX_BYTES: usize = BODY_MAX_BYTES - 1024;
/// What is left of a text, where everything together is too large. A description may be in it twice, new and old.
const CUT_BYTES: usize = 100 * 1024;

/// The data of a change. Where it would be too large, its longest texts are cut, and `truncated` names them.
pub fn data_of(change: Change) -> String {
    let Change { product, previous, .. } = change;
    let mut data = Map::new();
    data.insert("product".to_owned(), Value::Object(product));
    data.insert("previous".to_owned(), Value::Object(previous));
    let text = json!(data).to_string();
    if text.len() <= DATA_MAX_BYTES {
        return text;
    }
    let mut truncated = Vec::new();
    for (part, value) in &mut data {
        for (field, value) in value.as_object_mut().into_iter().flatten() {
            if let Value::String(text) = value
                && let Some(end) = end_within(text, CUT_BYTES)
            {
                text.truncate(end);
                truncated.push(format!("{part}.{field}"));
            }
        }
    }
    data.insert("truncated".to_owned(), json!(truncated));
    json!(data).to_string()
}

/// Where a text is to end so that it takes at most so many bytes as JSON; `None` where it does anyway.
fn end_within(text: &str, max_bytes: usize) -> Option<usize> {
    let mut bytes = 2;
    text.char_indices().find_map(|(at, character)| {
        bytes += bytes_of(character);
        (bytes > max_bytes).then_some(at)
    })
}

fn bytes_of(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::change::ChangeKind;
    use proptest::prelude::*;

    fn change(description: &str, previous: &str) -> Change {
        let object = |value: Value| value.as_object().cloned().unwrap();
        Change {
            product_id: 1,
            version: 2,
            kind: ChangeKind::Updated,
            product: object(json!({"id": "1", "name": "\u{1}".repeat(1_000), "description": description})),
            previous: object(json!({"description": previous})),
        }
    }

    #[test]
    fn what_fits_is_told_whole() {
        let data: Value = serde_json::from_str(&data_of(change("new", "old"))).unwrap();
        assert_eq!(data["product"]["description"], "new");
        assert_eq!(data["previous"], json!({"description": "old"}));
        assert_eq!(data.get("truncated"), None);
    }

    #[test]
    fn the_longest_descriptions_there_can_be_are_cut_and_named() {
        for character in ["\u{1}", "\u{1f642}", "\"", "é"] {
            let text = character.repeat(100_000);
            let told = data_of(change(&text, &text));
            assert!(told.len() <= DATA_MAX_BYTES, "{character:?}: {}", told.len());
            let data: Value = serde_json::from_str(&told).unwrap();
            if told.len() > 200_000 {
                assert_eq!(
                    data["truncated"],
                    json!(["previous.description", "product.description"])
                );
            }
            let kept = data["product"]["description"].as_str().unwrap();
            assert!(text.starts_with(kept) && kept.len() > 10_000);
        }
    }

    proptest! {
        #[test]
        fn texts_end_where_their_json_would_grow_too_large(text in any::<String>(), max_bytes in 2_usize..60) {
            let end = end_within(&text, max_bytes).unwrap_or(text.len());
            let bytes = |end: usize| json!(text[..end]).to_string().len();
            prop_assert!(bytes(end) <= max_bytes);
            if let Some(next) = text[end..].chars().next() {
                prop_assert!(bytes(end + next.len_utf8()) > max_bytes);
            }
        }
    }
}
