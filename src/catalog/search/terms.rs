//! What matches a search, and how well: the rule itself, without any index.
//!
//! What is searched for is folded like the text it is looked for in (compatibility decomposition, no marks, no case) and
//! split at white space into terms. Every term must be inside the SKU or the name (from three characters on), or at the
//! beginning of the SKU, of a word of the name or of a word of the description (words as Unicode bounds them). Besides,
//! a whole SKU always finds its product, in whatever pieces it is typed.

use super::fold::{beginning, fold, has_word_beginning};
use crate::catalog::sku::SkuKey;

/// From how many characters on a term may be inside the SKU or the name.
pub const INSIDE_MIN_CHARS: usize = 3;

/// Classes of relevance, the best first.
pub const CLASSES: [u8; 4] = [Class::EXACT, Class::SKU, Class::NAME, Class::DESCRIPTION];

/// How well a product matches: the class of its worst term.
pub struct Class;

impl Class {
    /// The search is this very SKU.
    pub const EXACT: u8 = 0;
    /// At the beginning of the SKU.
    pub const SKU: u8 = 1;
    /// In the name, or inside the SKU.
    pub const NAME: u8 = 2;
    /// In the description only.
    pub const DESCRIPTION: u8 = 3;
}

/// One word that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Folded; without white space, and not empty.
    pub text: String,
    /// How long that is, in characters.
    pub chars: usize,
}

/// A search: nothing, or terms of which every one must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Each once.
    pub terms: Vec<Term>,
    /// The key of the product that has the whole search as its SKU.
    pub sku_key: String,
}

/// The texts of a product that are searched, as they are written.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    pub sku: &'a str,
    pub sku_key: &'a str,
    pub name: &'a str,
    pub description: &'a str,
}

impl Terms {
    /// Reads what was typed.
    pub fn of(q: &str) -> Self {
        let mut terms: Vec<Term> = Vec::new();
        for text in fold(q).split_whitespace() {
            if terms.iter().all(|term| term.text != text) {
                terms.push(Term {
                    text: text.to_owned(),
                    chars: text.chars().count(),
                });
            }
        }
        Self {
            terms,
            sku_key: SkuKey::of(q).as_str().to_owned(),
        }
    }

    /// Whether nothing is searched for.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// How well a product matches; `None` where it does not.
    pub fn classify(&self, texts: Texts<'_>) -> Option<u8> {
        if texts.sku_key == self.sku_key {
            return Some(Class::EXACT);
        }
        self.class_of_terms(texts)
    }

    /// The same by the terms alone.
    pub fn class_of_terms(&self, texts: Texts<'_>) -> Option<u8> {
        let sku = fold(texts.sku);
        let sku = sku.trim_start();
        let name = fold(texts.name);
        let mut description = None;
        let mut worst = Class::SKU;
        for term in &self.terms {
            let class = term.class_in_names(sku, &name).or_else(|| {
                let description = description.get_or_insert_with(|| fold(texts.description));
                has_word_beginning(description, &term.text).then_some(Class::DESCRIPTION)
            })?;
            worst = worst.max(class);
        }
        Some(worst)
    }
}

impl Term {
    fn class_in_names(&self, sku: &str, name: &str) -> Option<u8> {
        let text = self.text.as_str();
        if sku.starts_with(text) {
            return Some(Class::SKU);
        }
        let is_inside = self.chars >= INSIDE_MIN_CHARS && (sku.contains(text) || name.contains(text));
        (is_inside || has_word_beginning(name, text)).then_some(Class::NAME)
    }

    /// The first characters of the term.
    pub fn beginning(&self, chars: usize) -> &str {
        beginning(&self.text, chars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(q: &str) -> Option<u8> {
        Terms::of(q).classify(Texts {
            sku: "Lamp-100 X",
            sku_key: "lamp-100 x",
            name: "Crème Desk-Lamp 50%",
            description: "Doesn't flicker; e-mail us at 3.14 o'clock.\nNot a_b.",
        })
    }

    #[test]
    fn each_place_has_its_class() {
        for (q, expected) in [
            ("LAMP-100 x", Some(0)),
            ("lamp", Some(1)),
            ("l", Some(1)),
            ("amp", Some(2)),
            ("am", None),
            ("100", Some(2)),
            ("x", None),
            ("creme", Some(2)),
            ("CRÈME lamp", Some(2)),
            ("desk-l", Some(2)),
            ("50%", Some(2)),
            ("0%", None),
            ("flick", Some(3)),
            ("licker", None),
            ("doesn't", Some(3)),
            ("t", None),
            ("mail", Some(3)),
            ("e-mail", Some(3)),
            ("3.1", Some(3)),
            ("14", None),
            ("a_b", Some(3)),
            ("lamp flicker", Some(3)),
            ("lamp nothing", None),
            ("\\", None),
            ("_", None),
        ] {
            assert_eq!(class(q), expected, "{q}");
        }
    }

    #[test]
    fn blanks_are_no_terms_and_each_term_counts_once() {
        assert!(Terms::of(" \u{3000}\t").is_empty());
        assert_eq!(Terms::of("A a Ａ b").terms.len(), 2);
    }
}
