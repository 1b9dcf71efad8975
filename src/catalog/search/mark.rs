//! Showing where a search matches: a text cut into pieces that match and pieces that do not.

use super::fold::{fold_into, words};
use super::terms::{INSIDE_MIN_CHARS, Term, Terms};
use crate::catalog::sku::SkuKey;

/// A part of a text, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its characters.
    pub text: &'a str,
    /// Whether the search matches here.
    pub is_match: bool,
}

/// Which of a product's texts it is: each has places of its own at which a term matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// At its beginning; inside from three characters on. Or the whole of it, in whatever pieces it is typed.
    Sku,
    /// At the beginning of a word; inside from three characters on.
    Name,
    /// At the beginning of a word.
    Description,
}

/// Cuts a text of a product where `q` matches it, by the rule of [`super::terms`]. The pieces together are the text.
pub fn mark<'a>(text: &'a str, field: Field, q: &str) -> Vec<Piece<'a>> {
    let terms = Terms::of(q);
    if terms.is_empty() || text.is_empty() {
        return vec![Piece { text, is_match: false }];
    }
    if field == Field::Sku && SkuKey::of(text).as_str() == terms.sku_key {
        return vec![Piece { text, is_match: true }];
    }
    let folded = Folded::of(text);
    let mut is_match = vec![false; text.len()];
    for term in &terms.terms {
        for start in folded.places(term, field) {
            is_match[folded.written(start, start + term.text.len())].fill(true);
        }
    }
    pieces(text, &is_match)
}

/// A folded text that knows which character as written each of its bytes comes from.
struct Folded {
    text: String,
    /// Of each byte of `text`: where the character it comes from begins and ends.
    from: Vec<(usize, usize)>,
}

impl Folded {
    fn of(text: &str) -> Self {
        let (mut folded, mut from) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut buffer = [0; 4];
        for (start, character) in text.char_indices() {
            let end = start + character.len_utf8();
            fold_into(&mut folded, character.encode_utf8(&mut buffer));
            from.resize(folded.len(), (start, end));
        }
        Self { text: folded, from }
    }

    /// The bytes as written that became these.
    fn written(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        self.from[start].0..self.from[end - 1].1
    }

    fn places(&self, term: &Term, field: Field) -> Vec<usize> {
        let text = self.text.as_str();
        if field != Field::Description && term.chars >= INSIDE_MIN_CHARS {
            return text.match_indices(&term.text).map(|(start, _)| start).collect();
        }
        let beginnings = match field {
            Field::Sku => vec![text.len() - text.trim_start().len()],
            Field::Name | Field::Description => words(text).map(|(start, _)| start).collect(),
        };
        let begins = |start: &usize| text[*start..].starts_with(&term.text);
        beginnings.into_iter().filter(begins).collect()
    }
}

/// Neighbours that agree become one piece. A mark after a letter goes with it.
fn pieces<'a>(text: &'a str, is_match: &[bool]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices().skip(1) {
        let is_mark = unicode_normalization::char::is_combining_mark(character);
        if is_match[at] != is_match[start] && !is_mark {
            pieces.push((start, at));
            start = at;
        }
    }
    pieces.push((start, text.len()));
    pieces
        .into_iter()
        .map(|(start, end)| Piece {
            text: &text[start..end],
            is_match: is_match[start],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::search::terms::Texts;
    use proptest::prelude::*;

    const FIELDS: [Field; 3] = [Field::Sku, Field::Name, Field::Description];

    fn shown(field: Field, text: &str, q: &str) -> String {
        mark(text, field, q)
            .iter()
            .map(|piece| {
                if piece.is_match {
                    format!("[{}]", piece.text)
                } else {
                    piece.text.to_owned()
                }
            })
            .collect()
    }

    #[test]
    fn matches_are_marked_as_they_are_written() {
        let shown = |text, q| shown(Field::Name, text, q);
        assert_eq!(shown("Crème Brûlée", "creme"), "[Crème] Brûlée");
        assert_eq!(shown("Cre\u{300}me Bru", "creme"), "[Cre\u{300}me] Bru");
        assert_eq!(shown("a ball", "a"), "[a] ball");
        assert_eq!(shown("Straße", "strasse"), "[Straße]");
        assert_eq!(shown("50% _x", "50% _"), "[50%] [_]x");
        assert_eq!(shown("plain", ""), "plain");
        assert_eq!(shown("", "x"), "");
    }

    #[test]
    fn each_field_is_marked_where_it_matches() {
        for (q, sku, name, description) in [
            ("la", "[LA]MP-420", "[La]mp-420", "[la]mp-420"),
            ("42", "LAMP-420", "Lamp-[42]0", "lamp-[42]0"),
            ("420", "LAMP-[420]", "Lamp-[420]", "lamp-[420]"),
            ("amp", "L[AMP]-420", "L[amp]-420", "lamp-420"),
            ("mp", "LAMP-420", "Lamp-420", "lamp-420"),
            ("lamp-420", "[LAMP-420]", "[Lamp-420]", "[lamp-420]"),
        ] {
            let marked = ["LAMP-420", "Lamp-420", "lamp-420"];
            let marked = [0, 1, 2].map(|at| shown(FIELDS[at], marked[at], q));
            assert_eq!(marked, [sku, name, description], "{q}");
        }
        assert_eq!(shown(Field::Sku, "A 1", "a 1"), "[A 1]");
        assert_eq!(shown(Field::Sku, "A 1", "1"), "A 1");
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "\\PC{0,40}", q in "\\PC{0,5}") {
            for field in FIELDS {
                let joined: String = mark(&text, field, &q).iter().map(|piece| piece.text).collect();
                prop_assert_eq!(&joined, &text);
            }
        }

        /// Of one term: what matches is marked, and what does not match is not.
        #[test]
        fn what_matches_is_marked(text in "[abA\u{301}é -]{1,12}", q in "[abé-]{1,4}") {
            let terms = Terms::of(&q);
            let texts = |sku, name, description| Texts { sku, sku_key: "", name, description };
            for (field, texts) in FIELDS.into_iter().zip([texts(&text, "", ""), texts("", &text, ""), texts("", "", &text)]) {
                let is_whole = field == Field::Sku && SkuKey::of(&text).as_str() == terms.sku_key;
                let is_marked = mark(&text, field, &q).iter().any(|piece| piece.is_match);
                prop_assert_eq!(is_marked, is_whole || terms.class_of_terms(texts).is_some(), "{:?}", field);
            }
        }
    }
}
