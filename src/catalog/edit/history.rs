//! The story of a product, told backwards from how it is now.
//!
//! Each step knows what it overwrote: changes by hand in `product_edits`, changes by an import in `import_edits`. Undoing
//! the newest step gives the product before it, which says where the next step is found.

use super::queries::{self, HistoryRow};
use super::record::Action;
use crate::catalog::bulk;
use crate::catalog::product::Product;
use crate::catalog::sku::SkuKey;
use crate::platform::database::Database;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::PgPool;
use std::collections::VecDeque;

/// Far enough back for whoever edits a page that was opened a while ago.
const STEPS_BACK: usize = 100;

/// What happened to a product, newest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The newest steps.
    pub steps: Vec<Step>,
    /// Whether they go back to where the product was added.
    pub is_complete: bool,
}

/// One thing that happened to a product.
#[derive(Clone, Debug)]
pub struct Step {
    /// The version it led to; a deletion leads to one as well.
    pub version: i32,
    /// When it happened, unless nobody noted it.
    pub at: Option<DateTime<Utc>>,
    /// What was done.
    pub action: Action,
    /// Who or what did it.
    pub origin: Origin,
    /// Which fields became what.
    pub changes: Vec<FieldChange>,
}

/// Who or what changed a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody, in a page or by the API.
    Hand,
    /// A row of a file.
    Import {
        /// Which import.
        id: i64,
        /// The line of its file.
        line: Option<i64>,
    },
}

/// A field that became another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// `sku`, `name`, `description` or `active`.
    pub field: &'static str,
    /// What it was: a text, or true or false.
    pub from: Value,
    /// What it became.
    pub to: Value,
}

/// The newest steps of a product's story, at most `limit`; `None` if there is no such product. A product that was
/// deleted less than a day ago still has one.
///
/// # Errors
/// Those of the database.
pub async fn history(database: &Database, id: i64, limit: usize) -> sqlx::Result<Option<History>> {
    let pool = &database.pool;
    let (product, is_there) = match queries::find(pool, id).await? {
        Some(product) => (product, true),
        None => match queries::deleted(pool, id).await? {
            Some(deleted) => (deleted.product, false),
            None => return Ok(None),
        },
    };
    let mut walk = Walk::new(pool, product, is_there, limit).await?;
    let mut history = History::default();
    while history.steps.len() < limit
        && let Some(step) = walk.back(pool).await?
    {
        history.is_complete = step.action == Action::Created;
        history.steps.push(step);
    }
    Ok(Some(history))
}

/// The product as it was in an earlier version, if its story tells.
///
/// # Errors
/// Those of the database.
pub async fn at_version(database: &Database, product: &Product, version: i32) -> sqlx::Result<Option<Product>> {
    let pool = &database.pool;
    let mut walk = Walk::new(pool, product.clone(), true, STEPS_BACK).await?;
    for _ in 0..STEPS_BACK {
        if walk.product.version <= version || walk.back(pool).await?.is_none() {
            break;
        }
    }
    Ok(Some(walk.product).filter(|product| product.version == version))
}

/// A product on its way back.
struct Walk {
    product: Product,
    /// Whether it was there at that time, or deleted.
    is_there: bool,
    /// When it became what it is, unless nobody noted it.
    at: Option<DateTime<Utc>>,
    is_over: bool,
    /// Changes by hand, newest first.
    by_hand: VecDeque<HistoryRow>,
}

impl Walk {
    async fn new(pool: &PgPool, product: Product, is_there: bool, limit: usize) -> sqlx::Result<Self> {
        let by_hand = queries::edits(pool, product.id, limit as i64 + 1).await?;
        let mut walk = Self {
            at: Some(product.updated_at),
            product,
            is_there,
            is_over: false,
            by_hand: by_hand.into(),
        };
        // What was done since the product was looked at is not part of its story yet.
        while walk.by_hand.front().is_some_and(|row| walk.is_later(row)) {
            walk.by_hand.pop_front();
        }
        Ok(walk)
    }

    fn is_later(&self, row: &HistoryRow) -> bool {
        row.version > self.product.version
    }

    /// Undoes the step that led here; `None` where the story begins or is not known.
    async fn back(&mut self, pool: &PgPool) -> sqlx::Result<Option<Step>> {
        if self.is_over {
            return Ok(None);
        }
        let version = self.product.version;
        if let Some(row) = self.by_hand.pop_front_if(|row| row.version == version) {
            return Ok(self.undo_by_hand(&row));
        }
        // Without a line it was changed by hand since, and that is no longer kept.
        let (Some(id), line @ Some(_)) = (self.product.import_id, self.product.import_line) else {
            self.is_over = true;
            return Ok(None);
        };
        let origin = Origin::Import { id, line };
        let batch = bulk::overwritten_by(pool, id, &self.product.sku_key).await?;
        let before = batch.and_then(|(at, packed)| Some((at, bulk::product_before(&packed, &self.product)?)));
        let Some((at, before)) = before else {
            return Ok(Some(self.first_known(origin)));
        };
        let step = self.step(Some(at), Action::Changed, origin, &before);
        self.product = before;
        self.at = None;
        Ok(Some(step))
    }

    /// The import added the product, or overwrote something that nobody noted.
    fn first_known(&mut self, origin: Origin) -> Step {
        self.is_over = true;
        let (action, at) = if self.product.version == 1 {
            (Action::Created, Some(self.product.created_at))
        } else {
            (Action::Changed, self.at)
        };
        self.step(at, action, origin, &self.product)
    }

    fn undo_by_hand(&mut self, row: &HistoryRow) -> Option<Step> {
        let Some(action) = Action::of_word(&row.action) else {
            self.is_over = true;
            return None;
        };
        let mut before = self.product.clone();
        if let Some(old) = row.before.as_object() {
            put_back(&mut before, old);
        }
        let step = self.step(Some(row.at), action, Origin::Hand, &before);
        match action {
            Action::Created => self.is_over = true,
            Action::Deleted => {
                self.product.version -= 1;
                self.is_there = true;
            }
            Action::Changed | Action::Restored => {
                before.version -= 1;
                (before.import_id, before.import_line) = (row.import_id, row.import_line);
                self.product = before;
                self.at = row.updated_at;
                self.is_there = action == Action::Changed;
            }
        }
        Some(step)
    }

    fn step(&self, at: Option<DateTime<Utc>>, action: Action, origin: Origin, before: &Product) -> Step {
        Step {
            version: self.product.version,
            at,
            action,
            origin,
            changes: differences(before, &self.product),
        }
    }
}

fn put_back(product: &mut Product, old: &Map<String, Value>) {
    let text = |field: &str| old.get(field).and_then(Value::as_str);
    if let Some(sku) = text("sku") {
        sku.clone_into(&mut product.sku);
        SkuKey::of(sku).as_str().clone_into(&mut product.sku_key);
    }
    if let Some(name) = text("name") {
        name.clone_into(&mut product.name);
    }
    if let Some(description) = text("description") {
        description.clone_into(&mut product.description);
    }
    if let Some(active) = old.get("active").and_then(Value::as_bool) {
        product.active = active;
    }
}

/// The fields in which two versions differ.
pub fn differences(before: &Product, after: &Product) -> Vec<FieldChange> {
    let texts = [
        ("name", &before.name, &after.name),
        ("sku", &before.sku, &after.sku),
        ("description", &before.description, &after.description),
    ];
    let changed = texts.into_iter().filter(|(_, from, to)| from != to);
    let mut changes: Vec<FieldChange> = changed
        .map(|(field, from, to)| FieldChange {
            field,
            from: from.as_str().into(),
            to: to.as_str().into(),
        })
        .collect();
    if before.active != after.active {
        changes.push(FieldChange {
            field: "active",
            from: before.active.into(),
            to: after.active.into(),
        });
    }
    changes
}
