//! The page of changes to many products, newest first: how they ended, and what can still be undone or stopped.

use super::bulk_change::BulkChange;
use super::progress_page::in_short;
use crate::http::format::filters;
use crate::http::pages::{Layout, Pager, Section};
use askama::Template;

/// `/products/changes`.
#[derive(Template)]
#[template(path = "catalog/changes.html")]
pub struct RecentPage {
    /// The frame.
    pub layout: Layout,
    /// Each with what it did, in a line.
    changes: Vec<(BulkChange, String)>,
    pager: Pager,
}

impl RecentPage {
    /// The page of these changes.
    pub fn new(changes: Vec<BulkChange>, pager: Pager) -> Self {
        Self {
            layout: Layout::new(Section::Products, "Changes to many products"),
            changes: changes.into_iter().map(with_words).collect(),
            pager,
        }
    }
}

fn with_words(change: BulkChange) -> (BulkChange, String) {
    let words = in_short(&change);
    (change, words)
}

#[cfg(test)]
mod tests {
    use super::super::bulk_change::{BulkAction, BulkState};
    use super::super::progress_page::tests::change;
    use super::*;
    use crate::http::pages::assert_no_inline_code;

    fn page(changes: Vec<BulkChange>) -> String {
        let html = RecentPage::new(changes, Pager::default()).render().unwrap();
        assert_no_inline_code(&html);
        html
    }

    #[test]
    fn each_says_how_it_ended_and_what_can_be_done() {
        let html = page(vec![
            change(BulkAction::Delete, BulkState::Done),
            change(BulkAction::Activate, BulkState::Running),
            change(BulkAction::Deactivate, BulkState::Cancelled),
        ]);
        for shown in [
            "Deleted 5,000 products.",
            "action=\"/products/changes/7/restoration\"",
            "Making 12,345 products active: 48%",
            "Making 12,345 products inactive: stopped after 5,000",
        ] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        assert_eq!(html.matches("href=\"/products/changes/7\"").count(), 3);
    }

    #[test]
    fn where_nothing_was_changed_it_says_what_would_be_here() {
        let html = page(Vec::new());
        assert!(html.contains("Nothing yet") && !html.contains("<table"), "{html}");
    }
}
