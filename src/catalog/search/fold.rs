//! Folding text for searching, and where its words begin.
//!
//! Folding is compatibility decomposition (NFKD), removal of marks (General_Category Mark) and full case folding, in
//! this order: `Crème` and `ＣＲＥＭＥ` both become `creme`. Words are those of Unicode's text segmentation (UAX #29).
//!
//! What a character becomes does not depend on those beside it: decomposition orders nothing but marks. So it is looked
//! up in a table.

use crate::catalog::sku::fold_case;
use std::borrow::Cow;
use std::iter::once;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// The text as it is searched; borrowed where it is that already.
pub fn fold(text: &str) -> Cow<'_, str> {
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len() + text.len() / 4);
    fold_into(&mut folded, text);
    Cow::Owned(folded)
}

/// Folds a text and puts it behind what is there.
pub fn fold_into(folded: &mut String, text: &str) {
    if text.is_ascii() {
        let start = folded.len();
        folded.push_str(text);
        folded[start..].make_ascii_lowercase();
        return;
    }
    for character in text.chars() {
        match FOLDED.of(character) {
            Some(text) => folded.push_str(text),
            None => folded.push_str(&fold_char(character)),
        }
    }
}

/// Whether folding surely changes nothing.
fn is_folded(text: &str) -> bool {
    text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// The longest text whose memory is kept for the next one.
const KEPT_BYTES: usize = 64 << 10;

/// Folds one text after the other, in the same memory.
#[derive(Default)]
pub struct Folding(String);

impl Folding {
    /// The text as it is searched.
    pub fn of<'a>(&'a mut self, text: &'a str) -> &'a str {
        if is_folded(text) {
            return text;
        }
        // Of a long one not only the text is let go.
        if self.0.capacity() > KEPT_BYTES {
            self.0 = String::new();
        }
        self.0.clear();
        fold_into(&mut self.0, text);
        &self.0
    }
}

/// What the characters of Unicode's first plane become, made when it is first needed: some milliseconds of work.
static FOLDED: LazyLock<Folded> = LazyLock::new(Folded::new);

/// What characters become, one after the other.
struct Folded {
    texts: String,
    /// Where the text of each character ends.
    ends: Vec<u32>,
}

impl Folded {
    fn new() -> Self {
        let mut folded = Self {
            texts: String::new(),
            ends: Vec::new(),
        };
        for code in 0..=u32::from(u16::MAX) {
            // Surrogates are no characters.
            let text = char::from_u32(code).map(fold_char).unwrap_or_default();
            folded.texts.push_str(&text);
            folded.ends.push(folded.texts.len() as u32);
        }
        folded
    }

    fn of(&self, character: char) -> Option<&str> {
        let place = character as usize;
        let end = *self.ends.get(place)? as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        Some(&self.texts[start..end])
    }
}

fn fold_char(character: char) -> String {
    let plain: String = once(character)
        .nfkd()
        .filter(|part| !is_combining_mark(*part))
        .collect();
    fold_case(&plain).into_owned()
}

/// The words of a folded text, each with the byte at which it begins.
pub fn words(folded: &str) -> impl Iterator<Item = (usize, &str)> {
    folded.unicode_word_indices()
}

/// Whether `term` stands at the beginning of a word of a folded text. It may reach beyond that word.
pub fn has_word_beginning(folded: &str, term: &str) -> bool {
    if !folded.contains(term) {
        return false;
    }
    words(folded).any(|(start, _)| folded[start..].starts_with(term))
}

/// The first `count` characters of a text, or as many as there are before white space.
pub fn beginning(text: &str, count: usize) -> &str {
    let end = text
        .char_indices()
        .take(count)
        .take_while(|(_, character)| !character.is_whitespace())
        .last()
        .map_or(0, |(start, character)| start + character.len_utf8());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn characters_are_folded_as_texts_are(text in "\\PC*|[a-cÀ-ỹΐ-ώ가-힣ﬁ-ﬆ\u{300}-\u{345} ]*") {
            let plain: String = text.nfkd().filter(|character| !is_combining_mark(*character)).collect();
            prop_assert_eq!(fold(&text), fold_case(&plain));
            let (mut folding, mut behind) = (Folding::default(), "before".to_owned());
            folding.of("What was there before");
            prop_assert_eq!(folding.of(&text), fold(&text));
            fold_into(&mut behind, &text);
            prop_assert_eq!(behind, format!("before{}", fold(&text)));
        }
    }

    #[test]
    fn marks_case_and_compatibility_do_not_count() {
        for (one, other) in [
            ("Crème", "creme"),
            ("ＣＲＥＭＥ", "creme"),
            ("STRASSE", "straße"),
            ("ﬁlter", "FILTER"),
            ("Ёлка", "елка"),
            ("ガラス", "ｶﾞﾗｽ"),
            ("№ 5²", "no 52"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert!(matches!(fold("plain text"), Cow::Borrowed(_)));
    }

    #[test]
    fn words_begin_where_unicode_says() {
        assert!(has_word_beginning("a foo-bar, it's", "bar"));
        assert!(has_word_beginning("a foo-bar, it's", "foo-b"));
        assert!(!has_word_beginning("a foo-bar, it's", "oo"));
        assert!(!has_word_beginning("a foo-bar, it's", "s"));
        assert!(!has_word_beginning("a foo-bar, it's", "-bar"));
        assert!(has_word_beginning("日本語", "本"));
    }

    #[test]
    fn beginnings_end_at_white_space() {
        assert_eq!(beginning("äbc", 2), "äb");
        assert_eq!(beginning("a b", 3), "a");
        assert_eq!(beginning("", 3), "");
    }
}
