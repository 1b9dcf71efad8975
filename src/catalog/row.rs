//! A line of the list of products: its texts, cut where the search matches.
//!
//! A description is shown in one line, so of a long one the part around the first match is shown.

use super::product::Product;
use super::search::{Field, Piece, mark};

/// A description is shown in one line; more of it than this fits on no screen.
const EXCERPT_MAX_CHARS: usize = 280;
/// A match further in than this would not be seen, so the excerpt begins shortly before it.
const MATCH_SEEN_WITHIN_CHARS: usize = 32;
const BEFORE_MATCH_CHARS: usize = 18;

/// One line of the list.
#[derive(Clone, Debug)]
pub struct ProductRow {
    /// What it shows.
    pub product: Product,
    /// What was searched for.
    pub q: String,
}

/// As much of a description as a line shows.
#[derive(Clone, Debug)]
pub struct Excerpt<'a> {
    /// Its text, cut where the search matches.
    pub pieces: Vec<Piece<'a>>,
    /// Whether the search matches, so that narrow screens show it as well.
    pub is_found: bool,
}

impl ProductRow {
    /// Its name, cut where the search matches.
    pub fn name(&self) -> Vec<Piece<'_>> {
        mark(&self.product.name, Field::Name, &self.q)
    }

    /// Its SKU, cut where the search matches.
    pub fn sku(&self) -> Vec<Piece<'_>> {
        mark(&self.product.sku, Field::Sku, &self.q)
    }

    /// As much of its description as a line shows, from where the search matches.
    pub fn excerpt(&self) -> Excerpt<'_> {
        let pieces = excerpt(&self.product.description, &self.q);
        Excerpt {
            is_found: pieces.iter().any(|piece| piece.is_match),
            pieces,
        }
    }
}

/// The beginning of a text, or of its part around the first match if that lies further in.
fn excerpt<'a>(text: &'a str, q: &str) -> Vec<Piece<'a>> {
    let pieces = mark(text, Field::Description, q);
    let before = pieces
        .iter()
        .take_while(|piece| !piece.is_match)
        .map(|piece| piece.text.len());
    let first_match = before.sum::<usize>();
    let lead = &text[..first_match];
    let mut start = 0;
    if first_match < text.len() && lead.chars().count() > MATCH_SEEN_WITHIN_CHARS {
        let nearby = lead
            .char_indices()
            .rev()
            .nth(BEFORE_MATCH_CHARS)
            .map_or(0, |(at, _)| at);
        // From a word's beginning on, if one is near.
        start = lead[nearby..]
            .find(char::is_whitespace)
            .map_or(nearby, |at| nearby + at);
    }
    let end = text[start..]
        .char_indices()
        .nth(EXCERPT_MAX_CHARS)
        .map_or(text.len(), |(at, _)| start + at);
    let mut shown = Vec::new();
    if start > 0 {
        shown.push(Piece {
            text: "…",
            is_match: false,
        });
    }
    let mut place = 0;
    for piece in pieces {
        let (from, to) = (place.max(start), (place + piece.text.len()).min(end));
        place += piece.text.len();
        if from < to {
            shown.push(Piece {
                text: &text[from..to],
                ..piece
            });
        }
    }
    if end < text.len() {
        shown.push(Piece {
            text: "…",
            is_match: false,
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[Piece<'_>]) -> String {
        let mark = |piece: &Piece<'_>| {
            if piece.is_match {
                format!("[{}]", piece.text)
            } else {
                piece.text.to_owned()
            }
        };
        pieces.iter().map(mark).collect()
    }

    #[test]
    fn an_excerpt_begins_near_the_match() {
        let long = "A lamp of brass, made by hand in a village where nobody makes anything else but lamps, with a shade of silk";
        assert_eq!(written(&excerpt("A brass lamp", "lamp")), "A brass [lamp]");
        assert_eq!(written(&excerpt(long, "silk")), "… with a shade of [silk]");
        assert_eq!(written(&excerpt(long, "ilk")), long);
        assert_eq!(written(&excerpt(long, "")), long);
        assert_eq!(written(&excerpt("", "silk")), "");
        let endless = "é".repeat(2000);
        let shown = written(&excerpt(&endless, ""));
        assert_eq!(shown.chars().count(), EXCERPT_MAX_CHARS + 1);
        let found = format!("{endless} silk{endless}");
        assert!(written(&excerpt(&found, "silk")).contains("[silk]"));
    }
}
