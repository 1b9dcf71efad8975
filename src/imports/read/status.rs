//! The words by which files say that a product is active or not.
//!
//! What shops, spreadsheets and their translations write; anything else is for a person to clear up, since guessing
//! could put a withdrawn product on sale.

#[rustfmt::skip]
const ACTIVE: [&str; 20] = [
    "active", "yes", "true", "1", "on", "enabled", "published", "y", "t", "visible", "live", "aktiv", "ja",
    "wahr", "actif", "oui", "vrai", "activo", "si", "verdadero",
];

#[rustfmt::skip]
const INACTIVE: [&str; 24] = [
    "inactive", "no", "false", "0", "off", "disabled", "draft", "archived", "unpublished", "n", "f", "hidden",
    "deactivated", "discontinued", "-1", "inaktiv", "nein", "falsch", "inactif", "non", "faux", "inactivo",
    "falso", "private",
];

/// Whether the word means active; none when it is not known.
pub(super) fn is_active(word: &str) -> Option<bool> {
    let is_among = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is_among(&ACTIVE) {
        Some(true)
    } else if is_among(&INACTIVE) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case() {
        for word in ["active", "YES", "True", "1", "on", "Enabled", "published"] {
            assert_eq!(is_active(word), Some(true), "{word}");
        }
        for word in ["inactive", "NO", "False", "0", "off", "Disabled", "draft", "archived"] {
            assert_eq!(is_active(word), Some(false), "{word}");
        }
        for word in ["maybe", "2", "activee", ""] {
            assert_eq!(is_active(word), None, "{word}");
        }
    }
}
