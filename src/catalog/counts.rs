//! How many products there are: always exact, at once, whatever the catalogue's size.
//!
//! Changes are noted one by one and added up, since a single number would make every edit and every merge wait
//! for the one before it. A schedule keeps them few.

use super::filter::Status;
use super::queries;
use sqlx::PgConnection;

pub use queries::{compact_count_changes as compact, sum_count_changes as read};

/// The number of products by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Products that are shown.
    pub active: i64,
    /// Products that are kept back.
    pub inactive: i64,
}

impl Counts {
    /// Products of any status.
    pub fn all(self) -> i64 {
        self.active + self.inactive
    }

    /// Products of that status.
    pub fn of(self, status: Status) -> i64 {
        match status {
            Status::All => self.all(),
            Status::Active => self.active,
            Status::Inactive => self.inactive,
        }
    }
}

/// Adds a change to the sum, in the transaction of whoever changes the catalogue.
pub async fn record(connection: &mut PgConnection, active_change: i64, inactive_change: i64) -> sqlx::Result<()> {
    if active_change == 0 && inactive_change == 0 {
        return Ok(());
    }
    queries::add_count_change(connection, active_change, inactive_change).await
}
