//! The grams of the index: what is kept of a product, and what a term asks for.
//!
//! A gram is a byte for its kind and a piece of folded text (or a number). What is kept and what is asked for must
//! agree, so both stand here. For terms of up to three characters the grams answer exactly; for longer ones they give
//! candidates that the rule itself ([`super::terms`]) decides.

use super::fold::{beginning, words};
use super::terms::Term;

/// Three characters in a row, in the SKU or the name.
const TRIGRAM: u8 = b't';
/// The first one, two and three characters of the SKU.
const SKU_BEGINNING: u8 = b'k';
/// The first one and two characters of a word of the name.
const NAME_BEGINNING: u8 = b'n';
/// The first one, two and three characters of a word of the description; made of the next kind ([`beginnings_of_word`]).
const DESCRIPTION_BEGINNING: u8 = b'd';
/// The first characters of a word of the description; of a shorter one than three characters with what follows it.
const DESCRIPTION_WORD: u8 = b'w';
/// A description's word with the punctuation that is joined to it: few are.
const JOINED_WORD: u8 = b'j';
/// `a`ctive or `i`nactive.
const STATUS: u8 = b's';
/// The import that added it or was the last to change it.
const IMPORT: u8 = b'i';

/// How many characters of a description's word are kept.
const WORD_CHARS: usize = 12;

/// What a product is found by besides its description.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub sku: &'a str,
    pub name: &'a str,
    pub active: bool,
    pub import_id: Option<i64>,
}

/// Grams from one on and before another, in the order of their bytes.
pub type Span = (Vec<u8>, Vec<u8>);

/// What a term asks the index for.
#[derive(Clone, Debug, Default)]
pub struct TermPlan<Gram = Vec<u8>> {
    /// Products that have the term in the SKU or the name have all of these…
    pub inside: Vec<Gram>,
    /// …or this one.
    pub name: Option<Gram>,
    /// Those whose SKU begins with it have this one besides all of `inside`.
    pub sku_beginning: Option<Gram>,
    /// Products that have it in the description have this one…
    pub description: Option<Gram>,
    /// …or one of these…
    pub description_words: Option<Span>,
    /// …all of which have this one…
    pub description_beginning: Option<Gram>,
    /// …or, where the term goes beyond a word, all of these.
    pub description_parts: Vec<Gram>,
    /// Whether the grams alone decide about SKU and name.
    pub is_exact_in_names: bool,
    /// Whether the grams alone decide about the description.
    pub is_exact_in_description: bool,
}

impl<Gram> TermPlan<Gram> {
    /// The same with something else in the place of each gram.
    pub fn map<Other>(self, mut of: impl FnMut(Gram) -> Other) -> TermPlan<Other> {
        TermPlan {
            inside: self.inside.into_iter().map(&mut of).collect(),
            sku_beginning: self.sku_beginning.map(&mut of),
            name: self.name.map(&mut of),
            description: self.description.map(&mut of),
            description_words: self.description_words,
            description_beginning: self.description_beginning.map(&mut of),
            description_parts: self.description_parts.into_iter().map(&mut of).collect(),
            is_exact_in_names: self.is_exact_in_names,
            is_exact_in_description: self.is_exact_in_description,
        }
    }
}

/// Which text of a product a piece is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PieceOf {
    Name = b'n',
    Description = b'd',
}

/// What stands between the blanks of a text. Neither folding nor words reach across them, so a text has the grams of its
/// pieces.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_ascii_whitespace()
}

/// Tells the grams of a folded piece but the beginnings of a description's words, some of them more than once.
pub fn of_piece(of: PieceOf, piece: &str, mut tell: impl FnMut(u8, &[u8])) {
    match of {
        PieceOf::Name => {
            trigrams(piece, &mut tell);
            for (start, _) in words(piece) {
                beginnings(&piece[start..], 2, NAME_BEGINNING, &mut tell);
            }
        }
        PieceOf::Description => {
            for (start, word) in words(piece) {
                of_description_word(&piece[start..], word, &mut tell);
            }
        }
    }
}

/// Tells the grams of a folded SKU.
pub fn of_sku(sku: &str, mut tell: impl FnMut(u8, &[u8])) {
    let sku = sku.trim_start();
    trigrams(sku, &mut tell);
    beginnings(sku, 3, SKU_BEGINNING, &mut tell);
}

/// Tells the grams of a product that it has from none of its texts.
pub fn of_rest(names: &Names<'_>, mut tell: impl FnMut(u8, &[u8])) {
    tell(STATUS, if names.active { b"a" } else { b"i" });
    if let Some(import_id) = names.import_id {
        tell(IMPORT, &import_id.to_be_bytes());
    }
}

/// `word` stands at the beginning of `text`.
fn of_description_word(text: &str, word: &str, tell: &mut impl FnMut(u8, &[u8])) {
    let kept = kept_of_word(text, word).as_bytes();
    tell(DESCRIPTION_WORD, kept);
    if let Some(mark) = joined_to(text, word) {
        tell(JOINED_WORD, &[kept, &[mark]].concat());
    }
}

/// What is kept of a word at the beginning of a text: the word, as far as it is not too long, or three characters where
/// it is shorter.
fn kept_of_word<'a>(text: &'a str, word: &'a str) -> &'a str {
    let is_short = word.len() < 3 || (!word.is_ascii() && word.chars().count() < 3);
    if is_short {
        beginning(text, 3)
    } else if word.len() <= WORD_CHARS {
        word
    } else {
        beginning(word, WORD_CHARS)
    }
}

/// The punctuation that stands right behind the word at the beginning of a text, where it surely ends the word
/// (UAX #29) and is not what ends most sentences.
fn joined_to(text: &str, word: &str) -> Option<u8> {
    let mark = *text.as_bytes().get(word.len())?;
    (mark.is_ascii_punctuation() && !b".,;:'_".contains(&mark)).then_some(mark)
}

/// Tells the grams of which a description's word is one among many: its first one, two and three characters. None for
/// grams of another kind.
pub fn of_word(gram: &[u8], mut tell: impl FnMut(u8, &[u8])) {
    if let Some((&DESCRIPTION_WORD, text)) = gram.split_first()
        && let Ok(text) = std::str::from_utf8(text)
    {
        beginnings(text, 3, DESCRIPTION_BEGINNING, &mut tell);
    }
}

fn trigrams(text: &str, tell: &mut impl FnMut(u8, &[u8])) {
    if text.is_ascii() {
        for window in text.as_bytes().windows(3) {
            if !window.iter().any(u8::is_ascii_whitespace) {
                tell(TRIGRAM, window);
            }
        }
        return;
    }
    for part in text.split_whitespace() {
        let ends = part.char_indices().map(|(start, _)| start).skip(3).chain([part.len()]);
        for ((start, _), end) in part.char_indices().zip(ends) {
            let window = &part[start..end];
            if window.chars().count() == 3 {
                tell(TRIGRAM, window.as_bytes());
            }
        }
    }
}

/// Tells the first one to `most` characters.
fn beginnings(text: &str, most: usize, kind: u8, tell: &mut impl FnMut(u8, &[u8])) {
    let bytes = text.as_bytes();
    if let Some(first) = bytes.get(..most)
        && first.iter().all(u8::is_ascii_graphic)
    {
        (1..=most).for_each(|chars| tell(kind, &first[..chars]));
        return;
    }
    let mut told = 0;
    for chars in 1..=most {
        let part = beginning(text, chars);
        if part.len() > told {
            told = part.len();
            tell(kind, part.as_bytes());
        }
    }
}

/// What to ask for, to find products that a term may match.
pub fn of_term(term: &Term) -> TermPlan {
    let text = term.text.as_str();
    let of = |kind: u8, text: &str| gram(kind, text.as_bytes());
    if term.chars < 3 {
        return TermPlan {
            inside: vec![of(SKU_BEGINNING, text)],
            sku_beginning: Some(of(SKU_BEGINNING, text)),
            name: Some(of(NAME_BEGINNING, text)),
            description: Some(of(DESCRIPTION_BEGINNING, text)),
            is_exact_in_names: true,
            is_exact_in_description: true,
            ..TermPlan::default()
        };
    }
    let mut inside = Vec::new();
    trigrams(text, &mut |kind, text: &[u8]| inside.push(gram(kind, text)));
    inside.sort_unstable();
    inside.dedup();
    let mut plan = TermPlan {
        inside,
        sku_beginning: Some(of(SKU_BEGINNING, term.beginning(3))),
        is_exact_in_names: term.chars == 3,
        ..TermPlan::default()
    };
    plan_description(term, &mut plan);
    plan
}

fn plan_description(term: &Term, plan: &mut TermPlan) {
    let mut words = words(&term.text);
    let word = words.next().filter(|(start, _)| *start == 0).map(|(_, word)| word);
    let goes_beyond = |word| words.next().is_some() || joined_to(&term.text, word).is_some();
    if term.chars > 3 && word.is_some_and(goes_beyond) {
        plan.description_parts = description_parts(&term.text);
        return;
    }
    let kept = word.map(|word| beginning(word, WORD_CHARS));
    match kept {
        Some(kept) if term.chars > 3 && kept.chars().count() > 3 => {
            plan.description_words = Some(span(DESCRIPTION_WORD, kept));
            plan.description_beginning = Some(gram(DESCRIPTION_BEGINNING, term.beginning(3).as_bytes()));
            plan.is_exact_in_description = kept.len() == term.text.len();
        }
        // Underlines alone are no word, but a word may begin with them.
        _ => {
            plan.description = Some(gram(DESCRIPTION_BEGINNING, term.beginning(3).as_bytes()));
            plan.is_exact_in_description = term.chars == 3;
        }
    }
}

/// What a description must have to have a term that goes beyond a word: each word as it is, with what is joined to it,
/// but for a last one that may go on there. Where a word ends is decided by what stands before the next one at the
/// latest (UAX #29, rules 6 to 12).
fn description_parts(term: &str) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut words = words(term).peekable();
    while let Some((start, word)) = words.next() {
        let (text, is_last) = (&term[start..], words.peek().is_none());
        let kept = kept_of_word(text, word);
        // Of a shorter one there may be more in the description.
        let is_whole = kept.chars().nth(2).is_some();
        match joined_to(text, word) {
            Some(mark) if is_whole => parts.push(gram(JOINED_WORD, &[kept.as_bytes(), &[mark]].concat())),
            None if is_whole && !is_last => parts.push(gram(DESCRIPTION_WORD, kept.as_bytes())),
            _ if is_last => parts.push(gram(DESCRIPTION_BEGINNING, beginning(text, 3).as_bytes())),
            _ => {}
        }
    }
    parts
}

/// The gram of products that are active, or not.
pub fn of_status(active: bool) -> Vec<u8> {
    gram(STATUS, if active { b"a" } else { b"i" })
}

/// The gram of products that an import wrote last.
pub fn of_import(import_id: i64) -> Vec<u8> {
    gram(IMPORT, &import_id.to_be_bytes())
}

fn gram(kind: u8, text: &[u8]) -> Vec<u8> {
    [&[kind], text].concat()
}

/// All grams of a kind that begin with a text.
fn span(kind: u8, text: &str) -> Span {
    let first = gram(kind, text.as_bytes());
    // No UTF-8 has this byte.
    let after = [&first[..], &[0xff]].concat();
    (first, after)
}

#[cfg(test)]
mod tests {
    use super::super::fold::fold;
    use super::*;
    use crate::catalog::search::terms::{Terms, Texts};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[derive(Debug)]
    struct Doc<'a> {
        sku: &'a str,
        name: &'a str,
        description: &'a str,
    }

    fn doc<'a>(sku: &'a str, name: &'a str, description: &'a str) -> Doc<'a> {
        Doc { sku, name, description }
    }

    fn grams(doc: &Doc<'_>) -> BTreeSet<Vec<u8>> {
        let mut grams = BTreeSet::new();
        let mut tell = |kind: u8, text: &[u8]| {
            let gram = gram(kind, text);
            of_word(&gram, |kind, text| {
                grams.insert(super::gram(kind, text));
            });
            grams.insert(gram);
        };
        let names = Names {
            sku: doc.sku,
            name: doc.name,
            active: true,
            import_id: Some(7),
        };
        of_sku(&fold(names.sku), &mut tell);
        of_rest(&names, &mut tell);
        pieces(doc.name).for_each(|piece| of_piece(PieceOf::Name, &fold(piece), &mut tell));
        pieces(doc.description).for_each(|piece| of_piece(PieceOf::Description, &fold(piece), &mut tell));
        grams
    }

    /// Whether the grams of a product let a term through: by the SKU's beginning, the names, the description.
    fn let_through(grams: &BTreeSet<Vec<u8>>, plan: &TermPlan) -> [bool; 3] {
        let has_all = |wanted: &[Vec<u8>]| wanted.iter().all(|gram| grams.contains(gram));
        let has = |wanted: &Option<Vec<u8>>| wanted.as_ref().is_some_and(|gram| grams.contains(gram));
        let in_span = |(from, to): &Span| grams.range(from.clone()..to.clone()).next().is_some();
        [
            has_all(&plan.inside) && has(&plan.sku_beginning),
            has_all(&plan.inside) || has(&plan.name),
            has(&plan.description)
                || plan.description_words.as_ref().is_some_and(in_span)
                || (!plan.description_parts.is_empty() && has_all(&plan.description_parts)),
        ]
    }

    fn check(doc: &Doc<'_>, q: &str) -> Result<(), TestCaseError> {
        let kept = grams(doc);
        for term in Terms::of(q).terms {
            let alone = Terms {
                terms: vec![term.clone()],
                sku_key: "\0".into(),
            };
            let plan = of_term(&term);
            let [sku, names, description] = let_through(&kept, &plan);
            let class = |sku: &str, name: &str, description: &str| {
                alone.classify(Texts {
                    sku,
                    sku_key: "",
                    name,
                    description,
                })
            };
            let by_sku = class(doc.sku, "", "") == Some(1);
            let by_names = class(doc.sku, doc.name, "").is_some();
            let by_description = class("", "", doc.description).is_some();
            prop_assert!(!by_sku || sku, "{term:?} begins the SKU of {doc:?}");
            prop_assert!(!by_names || names, "{term:?} is in the names of {doc:?}");
            prop_assert!(
                !by_description || description,
                "{term:?} is in the description of {doc:?}"
            );
            if plan.is_exact_in_names {
                // What is in the better place is not looked for in the other ones.
                prop_assert_eq!(by_sku, sku, "SKU: {:?} {:?}", term, doc);
                prop_assert_eq!(by_names, names, "names: {:?} {:?}", term, doc);
            }
            if plan.is_exact_in_description {
                prop_assert_eq!(by_description, description, "description: {:?} {:?}", term, doc);
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn whatever_matches_is_let_through(
            // Blanks and joiners of several kinds, which folding and words treat each in their own way.
            sku in "[a-cA-C1 ./-]{0,8}|\\PC{0,6}|[a-c\u{a0}\u{3000}\u{85}\u{b}\u{200c}\u{200d}\u{ad}\u{2060}¨]{0,6}",
            name in "[a-cäé'.,_ -]{0,16}|\\PC{0,12}|[a-c\u{a0}\u{3000}\u{85}\u{b}\u{200c}\u{200d}\u{ad}\u{2060}¨ ]{0,9}",
            description in "[a-c1é'.,:_ \\n-]{0,30}|\\PC{0,20}",
            q in "[a-cé'.:_ -]{1,6}|\\PC{1,4}",
            at in 0_usize..30,
        ) {
            let doc = doc(&sku, &name, &description);
            check(&doc, &q)?;
            // Parts of the texts themselves match more often.
            for text in [&sku, &name, &description] {
                let part: String = text.chars().skip(at % 7).take(1 + at % 15).collect();
                check(&doc, &part)?;
            }
        }
    }

    #[test]
    fn a_word_may_begin_with_what_is_none() {
        check(&doc("s", "n", "_,,___1"), "___").unwrap();
        check(&doc("s", "n", "____abc"), "____").unwrap();
    }
}
