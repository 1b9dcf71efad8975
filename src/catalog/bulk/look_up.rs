//! Finding the products that a batch of rows is about.
//!
//! A batch in key order covers a range of keys. Where the catalogue has about as many products in that range as the
//! batch has rows, reading the range is three times as fast as finding each key; where it has many more, as in a small
//! file for a large catalogue, it is not. So a range is read up to a limit, and a batch that meets the limit is looked
//! up key by key, as are the next ones, more and more of them before a range is tried again.

use super::queries;
use super::writer::BulkRow;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

/// Products of a range per row of the batch, beyond which looking up each key is quicker.
const DENSE: usize = 3;
const MOST_BATCHES_BY_KEY: u32 = 64;

/// How batches have been looked up so far.
#[derive(Clone, Debug, Default)]
pub struct LookUp {
    /// Batches still to be looked up key by key.
    by_key: u32,
    /// How many they were the last time.
    patience: u32,
}

impl LookUp {
    /// Whether the last batch was looked up by its range: the catalogue has little else there.
    pub fn is_by_range(&self) -> bool {
        self.by_key == 0 && self.patience == 0
    }

    /// The products with the keys of `rows`, in key order; there may be others among them.
    pub async fn products(&mut self, connection: &mut PgConnection, rows: &[BulkRow<'_>]) -> sqlx::Result<Vec<PgRow>> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(Vec::new());
        };
        if self.by_key == 0 {
            let limit = rows.len() * DENSE;
            let found = queries::in_range(connection, first.key, last.key, limit as i64 + 1).await?;
            if found.len() <= limit {
                self.patience = 0;
                return Ok(found);
            }
            self.patience = (self.patience * 2).clamp(1, MOST_BATCHES_BY_KEY);
            self.by_key = self.patience;
        }
        self.by_key -= 1;
        let keys: Vec<&str> = rows.iter().map(|row| row.key).collect();
        queries::by_keys(connection, &keys).await
    }
}
