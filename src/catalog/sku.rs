//! What makes two SKUs the same: blanks around them and letter case do not count.
//!
//! Every path that writes or looks up a SKU goes through [`SkuKey`], and only its text is compared and indexed.
//! Folding is Unicode full case folding (the Unicode Standard, section 3.13, `toCasefold`) without normalisation.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use std::borrow::Cow;

/// The longest SKU, in characters.
pub const SKU_MAX_CHARS: usize = 255;

const CASE_MAPPER: CaseMapperBorrowed<'static> = CaseMapper::new();

/// A folded SKU, as stored in `products.sku_key`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkuKey(String);

impl SkuKey {
    /// Folds a SKU as it was written.
    pub fn of(sku: &str) -> Self {
        Self(fold(sku).into_owned())
    }

    /// The folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of the key of `sku`; borrowed where the SKU is its own key.
pub fn fold(sku: &str) -> Cow<'_, str> {
    let trimmed = sku.trim();
    if trimmed.is_ascii() {
        if trimmed.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(trimmed.to_ascii_lowercase());
        }
        return Cow::Borrowed(trimmed);
    }
    fold_case(trimmed)
}

/// Full case folding and nothing else.
pub fn fold_case(text: &str) -> Cow<'_, str> {
    CASE_MAPPER.fold_string(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blanks_and_case_do_not_count() {
        for (one, other) in [
            (" Abc-1\t", "aBC-1"),
            ("STRASSE", "straße"),
            ("ÉTÉ", "été"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ] {
            assert_eq!(SkuKey::of(one), SkuKey::of(other), "{one} {other}");
        }
    }

    #[test]
    fn composed_and_decomposed_letters_differ() {
        assert_ne!(SkuKey::of("\u{e9}"), SkuKey::of("e\u{301}"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(sku in "\\PC*") {
            let once = SkuKey::of(&sku);
            prop_assert_eq!(SkuKey::of(once.as_str()), once);
        }

        #[test]
        fn ascii_shortcut_agrees_with_unicode(sku in "[ -~]*") {
            let folded = CASE_MAPPER.fold_string(sku.trim()).into_owned();
            let key = SkuKey::of(&sku);
            prop_assert_eq!(key.as_str(), folded);
        }

        #[test]
        fn other_case_has_the_same_key(sku in "[a-zA-Z0-9äöüÄÖÜéÉßñÑ-]{0,20}") {
            prop_assert_eq!(SkuKey::of(&sku), SkuKey::of(&sku.to_uppercase()));
        }
    }
}
