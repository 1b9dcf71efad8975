//! Showing where a search matches: a text cut into pieces that match and pieces that do not.

use super::fold::{fold, words};
use super::terms::{INSIDE_MIN_CHARS, Terms};

/// A part of a text, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its characters.
    pub text: &'a str,
    /// Whether the search matches here.
    pub is_match: bool,
}

/// Cuts a SKU, a name or a description where `q` matches it. The pieces together are the text.
///
/// Terms of three characters and more are marked wherever they stand, shorter ones at the beginnings of words.
pub fn mark<'a>(text: &'a str, q: &str) -> Vec<Piece<'a>> {
    let terms = Terms::of(q);
    if terms.is_empty() || text.is_empty() {
        return vec![Piece { text, is_match: false }];
    }
    let folded = Folded::of(text);
    let mut is_match = vec![false; text.len()];
    for term in &terms.terms {
        for start in folded.places(&term.text, term.chars >= INSIDE_MIN_CHARS) {
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
            folded.push_str(&fold(character.encode_utf8(&mut buffer)));
            from.resize(folded.len(), (start, end));
        }
        Self { text: folded, from }
    }

    /// The bytes as written that became these.
    fn written(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        self.from[start].0..self.from[end - 1].1
    }

    fn places(&self, term: &str, is_inside_allowed: bool) -> Vec<usize> {
        if is_inside_allowed {
            return self.text.match_indices(term).map(|(start, _)| start).collect();
        }
        words(&self.text)
            .map(|(start, _)| start)
            .filter(|start| self.text[*start..].starts_with(term))
            .collect()
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
    use proptest::prelude::*;

    fn shown(text: &str, q: &str) -> String {
        mark(text, q)
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
        assert_eq!(shown("Crème Brûlée", "creme"), "[Crème] Brûlée");
        assert_eq!(shown("Cre\u{300}me Bru", "creme"), "[Cre\u{300}me] Bru");
        assert_eq!(shown("Lamp-100", "amp 1"), "L[amp]-[1]00");
        assert_eq!(shown("a ball", "a"), "[a] ball");
        assert_eq!(shown("Straße", "strasse"), "[Straße]");
        assert_eq!(shown("50% _x", "50% _"), "[50%] [_]x");
        assert_eq!(shown("plain", ""), "plain");
        assert_eq!(shown("", "x"), "");
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "\\PC{0,40}", q in "\\PC{0,5}") {
            let joined: String = mark(&text, &q).iter().map(|piece| piece.text).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
