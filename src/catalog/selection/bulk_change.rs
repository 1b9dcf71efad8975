//! A change to many products: one row, which is the truth about how far it is.

use crate::catalog::Filter;
use crate::catalog::api::ListQuery;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

/// What is done to each product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BulkAction {
    /// It is shown.
    Activate,
    /// It is kept back.
    Deactivate,
    /// It goes.
    Delete,
    /// It comes back: a deletion is undone.
    Restore,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BulkState {
    /// No worker has begun.
    Queued,
    /// A worker has it.
    Running,
    /// Every product was looked at.
    Done,
    /// It ended for a reason told in `error`.
    Failed,
    /// Someone ended it.
    Cancelled,
}

/// A row of `bulk_changes`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BulkChange {
    /// Later changes have higher ones.
    pub id: i64,
    /// What is done to each product.
    pub action: BulkAction,
    /// How far it is.
    pub state: BulkState,
    /// Which products are meant; null where they were named by their ids.
    pub filter: Option<Json<Filter>>,
    /// The deletion that this one takes back; null for all others.
    pub undoes: Option<i64>,
    /// How many products were meant.
    pub expected: i64,
    /// How many have been looked at.
    pub done: i64,
    /// How many of them have become others, gone or come back.
    pub changed: i64,
    /// The SKU key of the last product that was looked at; null before the first, and without a filter.
    pub after_key: Option<String>,
    /// The same of a deletion that is taken back: the last of its pieces that came back.
    pub after_number: i64,
    /// Tries in a row that got no further, the one that is going on included.
    pub attempts: i32,
    /// Why it failed; null unless it did.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was over; null before.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether it deleted products that can still be brought back.
    pub can_be_undone: bool,
}

/// A change to many products.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BulkChange)]
pub struct BulkChangeJson {
    /// Its id.
    pub id: String,
    /// What is done to each product.
    pub action: BulkAction,
    /// How far it is.
    pub state: BulkState,
    /// How many products were meant.
    pub expected: i64,
    /// How many have been looked at.
    pub done: i64,
    /// How many of them have become others, gone or come back.
    pub changed: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether it deleted products that can still be brought back.
    pub can_be_undone: bool,
}

impl BulkAction {
    /// What may be asked for. Restoring is asked for by undoing.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "activate" => Some(Self::Activate),
            "deactivate" => Some(Self::Deactivate),
            "delete" => Some(Self::Delete),
            _ => None,
        }
    }
}

impl BulkChange {
    /// Whether nothing will change any more.
    pub fn is_over(&self) -> bool {
        !matches!(self.state, BulkState::Queued | BulkState::Running)
    }

    /// The address of its page.
    pub fn address(&self) -> String {
        format!("/products/changes/{}", self.id)
    }

    /// The list in which its products were chosen, as far as it is known.
    pub fn list_address(&self) -> String {
        let words = self.filter.as_ref().map(|filter| ListQuery::from(&filter.0));
        words.unwrap_or_default().address()
    }

    /// Where a form undoes it, while that can be done.
    pub fn undo_address(&self) -> Option<String> {
        self.can_be_undone.then(|| restoration_of(self.id))
    }

    /// Where a form lets it go on, when it is an undoing that was ended early.
    pub fn resume_address(&self) -> Option<String> {
        let ended_early = matches!(self.state, BulkState::Failed | BulkState::Cancelled);
        self.undoes.filter(|_| ended_early).map(restoration_of)
    }
}

fn restoration_of(deletion: i64) -> String {
    format!("/products/changes/{deletion}/restoration")
}

impl From<BulkChange> for BulkChangeJson {
    fn from(change: BulkChange) -> Self {
        Self {
            id: change.id.to_string(),
            action: change.action,
            state: change.state,
            expected: change.expected,
            done: change.done,
            changed: change.changed,
            error: change.error,
            created_at: change.created_at,
            finished_at: change.finished_at,
            can_be_undone: change.can_be_undone,
        }
    }
}
