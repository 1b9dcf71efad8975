//! A product's history in plain words.

use super::history::{FieldChange, Origin, Step};
use super::record::Action;
use crate::catalog::product::Product;
use chrono::{DateTime, Utc};

/// Texts longer than this are shown around what differs.
const SHORT_CHARS: usize = 120;
/// So much of what both share is shown beside what differs.
const CONTEXT_CHARS: usize = 30;
/// No more than this of a text is shown.
const MOST_CHARS: usize = 400;

/// A step as a page tells it.
#[derive(Clone, Debug)]
pub struct StepView {
    /// `Changed`, `Added` and so on.
    pub what: &'static str,
    /// The import that did it; none for a change by hand.
    pub import: Option<ImportView>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// One line a field.
    pub changes: Vec<ChangeView>,
}

/// An import as a link.
#[derive(Clone, Copy, Debug)]
pub struct ImportView {
    /// Which.
    pub id: i64,
    /// The line of its file.
    pub line: Option<i64>,
}

/// A changed field.
#[derive(Clone, Debug)]
pub enum ChangeView {
    /// A text became another.
    Text {
        /// What the field is called.
        label: &'static str,
        /// What it was, or the part of it that changed.
        from: String,
        /// What it became.
        to: String,
    },
    /// It is shown or kept back now.
    Status {
        /// Whether it is shown.
        active: bool,
    },
}

impl From<&Step> for StepView {
    fn from(step: &Step) -> Self {
        let what = match step.action {
            Action::Created => "Added",
            Action::Changed => "Changed",
            Action::Deleted => "Deleted",
            Action::Restored => "Restored",
        };
        let import = match step.origin {
            Origin::Hand => None,
            Origin::Import { id, line } => Some(ImportView { id, line }),
        };
        Self {
            what,
            import,
            at: step.at,
            changes: step.changes.iter().map(ChangeView::from).collect(),
        }
    }
}

impl StepView {
    /// What a product itself knows of where it came from, when its story does not go back so far.
    pub fn last_import(product: &Product) -> Option<Self> {
        Some(Self {
            what: "Last imported",
            import: Some(ImportView {
                id: product.import_id?,
                line: product.import_line,
            }),
            at: None,
            changes: Vec::new(),
        })
    }
}

impl From<&FieldChange> for ChangeView {
    fn from(change: &FieldChange) -> Self {
        let label = match change.field {
            "sku" => "SKU",
            "name" => "Name",
            "description" => "Description",
            _ => {
                return Self::Status {
                    active: change.to.as_bool().unwrap_or_default(),
                };
            }
        };
        let (from, to) = what_differs(
            change.from.as_str().unwrap_or_default(),
            change.to.as_str().unwrap_or_default(),
        );
        Self::Text { label, from, to }
    }
}

/// Both texts, cut down to where they differ when they are long.
fn what_differs(from: &str, to: &str) -> (String, String) {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len().max(to.len()) <= SHORT_CHARS {
        return (from.iter().collect(), to.iter().collect());
    }
    let start = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let ends = from[start..].iter().rev().zip(to[start..].iter().rev());
    let end = ends.take_while(|(from, to)| from == to).count();
    let (skipped, left) = (start.saturating_sub(CONTEXT_CHARS), end.saturating_sub(CONTEXT_CHARS));
    (excerpt(&from, skipped, left), excerpt(&to, skipped, left))
}

/// The text without so many characters at its beginning and end.
fn excerpt(text: &[char], skipped: usize, left: usize) -> String {
    let shown = &text[skipped..text.len() - left];
    let cut = shown.len().min(MOST_CHARS);
    let is_cut = left > 0 || cut < shown.len();
    let words: String = shown[..cut].iter().collect();
    format!(
        "{}{words}{}",
        if skipped > 0 { "…" } else { "" },
        if is_cut { "…" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_texts_are_whole_and_long_ones_cut_to_what_differs() {
        assert_eq!(what_differs("Lamp", "Lantern"), ("Lamp".into(), "Lantern".into()));
        let long = "word ".repeat(100);
        let (from, to) = what_differs(&format!("{long}old {long}"), &format!("{long}new {long}"));
        assert!(
            from.starts_with('…') && from.ends_with('…') && from.contains("old"),
            "{from}"
        );
        assert!(to.chars().count() < 80 && to.contains("new"), "{to}");
    }

    proptest! {
        #[test]
        fn no_pair_of_texts_is_too_odd(from in "[aä]{0,200}", to in "[aä]{0,200}") {
            let (from, to) = what_differs(&from, &to);
            prop_assert!(from.chars().count() <= MOST_CHARS + 2 && to.chars().count() <= MOST_CHARS + 2);
        }
    }
}
