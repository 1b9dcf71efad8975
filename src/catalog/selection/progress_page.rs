//! The page of one change to many products: how far it is, and what it did.

use super::bulk_change::{BulkAction, BulkChange, BulkState};
use crate::catalog::{Filter, Status};
use crate::http::format::{self, filters};
use crate::http::pages::{Layout, Section};
use askama::Template;
use chrono::{DateTime, Utc};

/// `/products/changes/{id}`.
#[derive(Template)]
#[template(path = "catalog/bulk_change.html")]
pub struct ProgressPage {
    /// The frame.
    pub layout: Layout,
    /// What changes while one looks.
    pub progress: Progress,
}

/// What changes while one looks.
#[derive(Template)]
#[template(path = "catalog/_bulk_change.html")]
pub struct Progress {
    /// The change.
    pub change: BulkChange,
}

impl ProgressPage {
    /// The page of a change.
    pub fn new(progress: Progress) -> Self {
        Self {
            layout: Layout::new(Section::Products, progress.headline()),
            progress,
        }
    }
}

impl Progress {
    /// What is shown of a change.
    pub fn of(change: BulkChange) -> Self {
        Self { change }
    }

    fn headline(&self) -> String {
        match self.change.state {
            BulkState::Queued | BulkState::Running => going_on(&self.change),
            BulkState::Done => summary(&self.change),
            BulkState::Failed => "It could not be finished".to_owned(),
            BulkState::Cancelled => "Cancelled".to_owned(),
        }
    }

    fn percent(&self) -> i64 {
        format::percent(self.change.done, self.change.expected)
    }

    /// Which products were meant, where a filter said so.
    fn of_which(&self) -> Vec<Which> {
        self.change
            .filter
            .as_ref()
            .map(|filter| which(&filter.0))
            .unwrap_or_default()
    }

    /// Whether some products may not have been looked at, and never will be.
    fn ended_early(&self) -> bool {
        matches!(self.change.state, BulkState::Failed | BulkState::Cancelled)
    }

    /// See [`left_alone`].
    fn left_alone(&self) -> Option<String> {
        left_alone(&self.change)
    }
}

/// What the products that are meant have in common, as the list's chips say it.
enum Which {
    Words(String),
    Changed(&'static str, DateTime<Utc>),
    From(i64),
}

fn which(filter: &Filter) -> Vec<Which> {
    let q = filter.q.trim();
    let words = (!q.is_empty()).then(|| Which::Words(format!("that match “{q}”")));
    let status = match filter.status {
        Status::All => None,
        Status::Active => Some(Which::Words("that were active".to_owned())),
        Status::Inactive => Some(Which::Words("that were inactive".to_owned())),
    };
    let since = filter.changed_since.map(|at| Which::Changed("since", at));
    let before = filter.changed_before.map(|at| Which::Changed("before", at));
    let import = filter.import_id.map(Which::From);
    [words, status, since, before, import].into_iter().flatten().collect()
}

/// What became of products that were looked at and stayed as they were.
fn left_alone(change: &BulkChange) -> Option<String> {
    let left = change.done - change.changed;
    if left <= 0 {
        return None;
    }
    let products = format::count(left, "product", "products");
    Some(match change.action {
        BulkAction::Activate => format!("{products} had been active already."),
        BulkAction::Deactivate => format!("{products} had been inactive already."),
        BulkAction::Delete => format!("{products} had been changed or deleted by somebody else meanwhile."),
        BulkAction::Restore => format!(
            "{products} could not be brought back: meanwhile their SKUs have been given to other products, or they \
             are back already."
        ),
    })
}

fn going_on(change: &BulkChange) -> String {
    let products = format::count(change.expected, "product", "products");
    match change.action {
        BulkAction::Activate => format!("Making {products} active"),
        BulkAction::Deactivate => format!("Making {products} inactive"),
        BulkAction::Delete => format!("Deleting {products}"),
        BulkAction::Restore => format!("Bringing {products} back"),
    }
}

/// What a change did, in a sentence.
fn summary(change: &BulkChange) -> String {
    let products = format::count(change.changed, "product", "products");
    let is = if change.changed == 1 { "is" } else { "are" };
    match change.action {
        BulkAction::Activate => format!("{products} made active."),
        BulkAction::Deactivate => format!("{products} made inactive."),
        BulkAction::Delete => format!("Deleted {products}."),
        BulkAction::Restore => format!("{products} {is} back."),
    }
}

/// A change in a line of a list: what it did, or how far it came.
pub fn in_short(change: &BulkChange) -> String {
    let what = going_on(change);
    match change.state {
        BulkState::Queued | BulkState::Running => format!("{what}: {}%", format::percent(change.done, change.expected)),
        BulkState::Done => summary(change),
        BulkState::Failed => format!("{what}: failed after {}", format::number(change.changed)),
        BulkState::Cancelled => format!("{what}: stopped after {}", format::number(change.changed)),
    }
}

/// What a change did and what it left as it was, for where nothing else is told about it.
pub fn whole_summary(change: &BulkChange) -> String {
    let parts = [Some(summary(change)), left_alone(change)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;
    use sqlx::types::Json;

    pub fn change(action: BulkAction, state: BulkState) -> BulkChange {
        BulkChange {
            id: 7,
            action,
            state,
            filter: Some(Json(Filter {
                q: "<lamp>".into(),
                status: Status::Inactive,
                ..Filter::default()
            })),
            undoes: None,
            expected: 12_345,
            done: 6_000,
            changed: 5_000,
            after_key: None,
            after_number: 0,
            attempts: 0,
            error: (state == BulkState::Failed).then(|| "The disk is <full>.".into()),
            created_at: DateTime::from_timestamp(1_795_376_460, 0).unwrap(),
            finished_at: None,
            can_be_undone: action == BulkAction::Delete && state == BulkState::Done,
        }
    }

    fn page(action: BulkAction, state: BulkState) -> String {
        let html = ProgressPage::new(Progress::of(change(action, state))).render().unwrap();
        assert_no_inline_code(&html);
        html
    }

    #[test]
    fn what_goes_on_shows_how_far_it_is_and_can_be_cancelled() {
        let html = page(BulkAction::Deactivate, BulkState::Running);
        for shown in [
            "Making 12,345 products inactive",
            "that match “<bdi>&#60;lamp&#62;</bdi>” and that were inactive",
            "6,000",
            "/products/changes/7/cancellation",
            "http-equiv=\"refresh\"",
        ] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        assert!(!html.contains("/restoration"));
    }

    #[test]
    fn all_that_the_filter_says_is_named() {
        let filter = Filter {
            q: "lamp".into(),
            changed_since: DateTime::from_timestamp(1_795_376_460, 0),
            import_id: Some(12),
            ..Filter::default()
        };
        let named = |filter| {
            let change = BulkChange {
                filter,
                ..change(BulkAction::Activate, BulkState::Running)
            };
            Progress::of(change).render().unwrap()
        };
        let html = named(Some(Json(filter)));
        for shown in [
            "Products that match “<bdi>lamp</bdi>”, changed since <time",
            "</time> and from <a href=\"/imports/12\" dir=\"auto\" data-import-name=\"12\">import 12</a>.",
        ] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        for filter in [None, Some(Json(Filter::default()))] {
            assert!(!named(filter).contains("Products that"));
        }
    }

    #[test]
    fn what_is_over_tells_what_it_did() {
        let html = page(BulkAction::Delete, BulkState::Done);
        assert!(
            html.contains("Deleted 5,000 products.") && html.contains("/products/changes/7/restoration"),
            "{html}"
        );
        assert!(html.contains("1,000 products had been changed or deleted by somebody else"));
        assert!(!html.contains("What was done stays"), "{html}");
        assert!(!html.contains("http-equiv=\"refresh\""));
        let html = page(BulkAction::Restore, BulkState::Done);
        assert!(
            html.contains("5,000 products are back.") && html.contains("SKUs have been given"),
            "{html}"
        );
        let html = page(BulkAction::Activate, BulkState::Failed);
        assert!(html.contains("The disk is &#60;full&#62;."), "{html}");
        assert!(
            html.contains("5,000 of 12,345 were changed. What was done stays"),
            "{html}"
        );
    }

    #[test]
    fn what_is_over_leads_back_to_the_list_it_was_chosen_in() {
        let html = page(BulkAction::Deactivate, BulkState::Done);
        let list = "href=\"/products?q=%3Clamp%3E&#38;status=inactive\"";
        assert_eq!(html.matches(list).count(), 2, "{html}");
        let named = BulkChange {
            filter: None,
            ..change(BulkAction::Activate, BulkState::Done)
        };
        assert_eq!(named.list_address(), "/products");
    }

    #[test]
    fn a_message_tells_what_was_left_as_it_was() {
        let told = |done| {
            whole_summary(&BulkChange {
                done,
                changed: 3,
                ..change(BulkAction::Activate, BulkState::Done)
            })
        };
        assert_eq!(told(3), "3 products made active.");
        assert_eq!(told(5), "3 products made active. 2 products had been active already.");
    }
}
