//! Which imports are being merged, so that nobody swaps the catalogue under one.
//!
//! An import is entered in the transaction in which its merge begins and taken out in the one that ends it, so what
//! is written there is true also while no worker lives.

use super::queries;
use sqlx::PgConnection;

/// Enters an import; once it is there already nothing happens. Waits for a clearing that is under way.
pub async fn begin_merge(connection: &mut PgConnection, import_id: i64) -> sqlx::Result<()> {
    queries::add_merge(connection, import_id).await
}

/// Takes an import out, whether it was merged to its end or not, or had never begun.
pub async fn end_merge(connection: &mut PgConnection, import_id: i64) -> sqlx::Result<()> {
    queries::remove_merge(connection, import_id).await
}
