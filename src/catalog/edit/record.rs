//! The one place through which every change by hand goes, of one product or of a thousand at once.
//!
//! It writes, in the transaction of whoever changes the products, all that follows from the change: the history, the
//! note for the search index, the counts, and what is told to webhooks.

use super::queries;
use crate::catalog::product::{Product, ProductJson};
use crate::catalog::{counts, search};
use crate::webhooks::{self, Change, ChangeKind};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

/// What was done to a product by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was added.
    Created,
    /// Some of its fields became others.
    Changed,
    /// It was taken away.
    Deleted,
    /// Its deletion was undone.
    Restored,
}

/// A change that has just been made to a product.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    before: Option<&'a Product>,
    after: Option<&'a Product>,
    action: Action,
}

/// A row of the history.
pub struct NewRow {
    pub product_id: i64,
    pub version: i32,
    pub action: &'static str,
    pub before: Value,
    pub import_id: Option<i64>,
    pub import_line: Option<i64>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl Action {
    /// The word for it in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }

    /// The action behind a word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Created, Self::Changed, Self::Deleted, Self::Restored]
            .into_iter()
            .find(|action| action.as_str() == word)
    }
}

impl<'a> Edit<'a> {
    /// A product that was not there before.
    pub fn created(product: &'a Product) -> Self {
        Self {
            before: None,
            after: Some(product),
            action: Action::Created,
        }
    }

    /// A product that was `before` and is `after`.
    pub fn changed(before: &'a Product, after: &'a Product) -> Self {
        Self {
            before: Some(before),
            after: Some(after),
            action: Action::Changed,
        }
    }

    /// A product that is no more.
    pub fn deleted(product: &'a Product) -> Self {
        Self {
            before: Some(product),
            after: None,
            action: Action::Deleted,
        }
    }

    /// A product that was deleted as `before` and is back as `after`.
    pub fn restored(before: &'a Product, after: &'a Product) -> Self {
        Self {
            before: Some(before),
            after: Some(after),
            action: Action::Restored,
        }
    }

    fn product(&self) -> Option<&'a Product> {
        self.after.or(self.before)
    }

    fn row(&self) -> Option<NewRow> {
        let product = self.product()?;
        Some(NewRow {
            product_id: product.id,
            version: product.version,
            action: self.action.as_str(),
            before: Value::Object(self.old_values()),
            import_id: self.before.and_then(|before| before.import_id),
            import_line: self.before.and_then(|before| before.import_line),
            updated_at: self.before.map(|before| before.updated_at),
        })
    }

    fn old_values(&self) -> Map<String, Value> {
        let (Some(before), Some(after)) = (self.before, self.after) else {
            return Map::new();
        };
        let mut old = Map::new();
        for (field, was, is) in [
            ("sku", &before.sku, &after.sku),
            ("name", &before.name, &after.name),
            ("description", &before.description, &after.description),
        ] {
            if was != is {
                old.insert(field.to_owned(), was.as_str().into());
            }
        }
        if before.active != after.active {
            old.insert("active".to_owned(), before.active.into());
        }
        old
    }

    /// What webhooks are told. A product that is back is new to whoever was told that it is gone.
    fn told(&self) -> Option<Change> {
        let product = self.product()?;
        let kind = match self.action {
            Action::Created | Action::Restored => ChangeKind::Created,
            Action::Changed => ChangeKind::Updated,
            Action::Deleted => ChangeKind::Deleted,
        };
        let previous = match kind {
            ChangeKind::Updated => self.old_values(),
            ChangeKind::Created | ChangeKind::Deleted => Map::new(),
        };
        let Value::Object(fields) = json!(ProductJson::from(product.clone())) else {
            return None;
        };
        Some(Change {
            product_id: product.id,
            version: product.version,
            kind,
            product: fields,
            previous,
        })
    }

    /// Whether the product counted before, and whether it counts now, in the catalogue of that status.
    fn count_change(&self, active: bool) -> i64 {
        let is_there = |product: Option<&Product>| i64::from(product.is_some_and(|product| product.active == active));
        let before = self.before.filter(|_| self.action != Action::Restored);
        is_there(self.after) - is_there(before)
    }
}

/// Records changes that have just been made in this transaction: in few statements, however many they are.
///
/// # Errors
/// Those of the database. Roll back then: a change must not be without its record.
pub async fn record(connection: &mut PgConnection, edits: &[Edit<'_>]) -> sqlx::Result<()> {
    if edits.is_empty() {
        return Ok(());
    }
    let rows: Vec<NewRow> = edits.iter().filter_map(Edit::row).collect();
    queries::add_history(connection, &rows).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.product_id).collect();
    search::note_changed(connection, &ids).await?;
    let change = |active| edits.iter().map(|edit| edit.count_change(active)).sum();
    counts::record(connection, change(true), change(false)).await?;
    webhooks::tell(connection, edits.iter().filter_map(Edit::told)).await
}
