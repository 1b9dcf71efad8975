//! Showing where a search matches.

/// A part of a text, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its characters.
    pub text: &'a str,
    /// Whether the search matches here.
    pub is_match: bool,
}

/// Cuts a text where `q` matches it. The pieces together are the text.
pub fn mark<'a>(text: &'a str, q: &str) -> Vec<Piece<'a>> {
    let (lower, terms) = (text.to_ascii_lowercase(), q.to_ascii_lowercase());
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = terms
        .split_whitespace()
        .filter_map(|term| lower[from..].find(term).map(|at| (from + at, from + at + term.len())))
        .min()
    {
        pieces.push(Piece {
            text: &text[from..start],
            is_match: false,
        });
        pieces.push(Piece {
            text: &text[start..end],
            is_match: true,
        });
        from = end;
    }
    pieces.push(Piece {
        text: &text[from..],
        is_match: false,
    });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}
