//! Telling new, changed and unchanged rows apart, and writing a batch of them.

use super::look_up::LookUp;
use super::overwritten::Overwritten;
use super::queries;
use crate::catalog::counts;
use crate::catalog::search::{self, Imported};
use sqlx::PgConnection;

/// A batch is noted for the search index as one range of keys when at least one row in this many was written.
const RANGE_SHARE: usize = 8;

/// A product as a file has it. Rows of one call have different keys.
#[derive(Clone, Copy, Debug)]
pub struct BulkRow<'a> {
    /// The folded SKU ([`crate::catalog::SkuKey`]).
    pub key: &'a str,
    /// As it is shown.
    pub sku: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// `None` leaves a product's description as it is.
    pub description: Option<&'a str>,
    /// `None` leaves a product's status as it is.
    pub active: Option<bool>,
    /// The line of the file.
    pub line: i64,
}

/// Which of the rows may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkMode {
    /// Known SKUs are overwritten, new ones created.
    Overwrite,
    /// Known SKUs are left alone.
    CreateOnly,
    /// New SKUs are left out.
    UpdateOnly,
}

/// What all rows of an import have in common.
#[derive(Clone, Copy, Debug)]
pub struct BulkOrigin {
    /// Which import wrote them.
    pub import_id: i64,
    /// Which of them may be written.
    pub mode: BulkMode,
    /// Whether a new product is active where its row does not say.
    pub new_active: bool,
}

/// What became of the rows: the sum is their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BulkCounts {
    /// New products.
    pub created: i64,
    /// Products that changed.
    pub updated: i64,
    /// Products that were the same already.
    pub unchanged: i64,
    /// Rows left out because of the mode.
    pub skipped: i64,
}

/// A product as it is, borrowed from the answer to the look-up.
pub struct Existing<'a> {
    pub id: i64,
    pub key: &'a str,
    pub sku: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub active: bool,
    pub version: i32,
    pub import_id: Option<i64>,
    pub import_line: Option<i64>,
}

/// A row that changes a product, which must still be as it was found.
pub struct Change<'a> {
    pub id: i64,
    pub version: i32,
    pub row: BulkRow<'a>,
}

/// Rows sorted by what is to be done with them.
#[derive(Default)]
struct Plan<'a> {
    new: Vec<BulkRow<'a>>,
    changed: Vec<Change<'a>>,
    overwritten: Overwritten<'a>,
    active_change: i64,
    inactive_change: i64,
    counts: BulkCounts,
}

/// Writes one import's rows, batch by batch, and learns how its batches are best looked up.
#[derive(Clone, Debug)]
pub struct BulkWriter {
    origin: BulkOrigin,
    look_up: LookUp,
}

impl BulkWriter {
    pub fn new(origin: BulkOrigin) -> Self {
        Self {
            origin,
            look_up: LookUp::default(),
        }
    }

    /// Writes `rows`, which must be in key order.
    ///
    /// # Errors
    /// Those of the database. A unique violation or a lost row means that somebody changed one of these products
    /// between look-up and write: roll back and call again.
    pub async fn write(&mut self, connection: &mut PgConnection, rows: &[BulkRow<'_>]) -> sqlx::Result<BulkCounts> {
        let found = self.look_up.products(connection, rows).await?;
        let existing = found.iter().map(queries::existing).collect::<sqlx::Result<Vec<_>>>()?;
        let plan = Plan::of(rows, &existing, self.origin);
        queries::insert(connection, &plan.new, self.origin).await?;
        let updated = queries::update(connection, &plan.changed, self.origin.import_id).await?;
        if updated != plan.changed.len() as u64 {
            return Err(sqlx::Error::RowNotFound);
        }
        counts::record(connection, plan.active_change, plan.inactive_change).await?;
        self.note(connection, rows, &plan).await?;
        queries::keep_overwritten(connection, self.origin.import_id, plan.overwritten).await?;
        Ok(plan.counts)
    }
}

impl BulkWriter {
    /// Tells the search index what was written: by the range of keys where that names little else.
    async fn note(&self, connection: &mut PgConnection, rows: &[BulkRow<'_>], plan: &Plan<'_>) -> sqlx::Result<()> {
        let written = plan.new.len() + plan.changed.len();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        if written == 0 {
            return Ok(());
        }
        let import_id = self.origin.import_id;
        if self.look_up.is_by_range() && written * RANGE_SHARE >= rows.len() {
            let range = Imported::Range(first.key, last.key);
            return search::note_imported(connection, import_id, range, written as i64).await;
        }
        let changed = plan.changed.iter().map(|change| change.row.key);
        let keys: Vec<&str> = plan.new.iter().map(|row| row.key).chain(changed).collect();
        search::note_imported(connection, import_id, Imported::Keys(&keys), written as i64).await
    }
}

impl<'a> Plan<'a> {
    /// Both sides are in key order, so one walk over them side by side is enough.
    fn of(rows: &[BulkRow<'a>], existing: &[Existing<'_>], origin: BulkOrigin) -> Self {
        let mut plan = Self::default();
        let mut existing = existing.iter().peekable();
        for row in rows {
            while existing.next_if(|product| product.key < row.key).is_some() {}
            match existing.next_if(|product| product.key == row.key) {
                Some(product) => plan.add_existing(row, product, origin),
                None => plan.add_new(row, origin),
            }
        }
        plan
    }

    fn add_new(&mut self, row: &BulkRow<'a>, origin: BulkOrigin) {
        if origin.mode == BulkMode::UpdateOnly {
            self.counts.skipped += 1;
            return;
        }
        self.count(row.active.unwrap_or(origin.new_active), 1);
        self.counts.created += 1;
        self.new.push(*row);
    }

    fn add_existing(&mut self, row: &BulkRow<'a>, product: &Existing<'_>, origin: BulkOrigin) {
        if origin.mode == BulkMode::CreateOnly {
            self.counts.skipped += 1;
            return;
        }
        if product.is_as(row) {
            self.counts.unchanged += 1;
            return;
        }
        let active = row.active.unwrap_or(product.active);
        if active != product.active {
            self.count(product.active, -1);
            self.count(active, 1);
        }
        self.counts.updated += 1;
        self.overwritten.add(product, row);
        self.changed.push(Change {
            id: product.id,
            version: product.version,
            row: *row,
        });
    }

    fn count(&mut self, active: bool, change: i64) {
        if active {
            self.active_change += change;
        } else {
            self.inactive_change += change;
        }
    }
}

impl Existing<'_> {
    fn is_as(&self, row: &BulkRow<'_>) -> bool {
        self.sku == row.sku
            && self.name == row.name
            && row
                .description
                .is_none_or(|description| description == self.description)
            && row.active.is_none_or(|active| active == self.active)
    }
}
