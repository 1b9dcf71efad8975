//! Letting go of history that is older than it is to be kept.
//!
//! A story is told backwards ([`super::history`]), so what is missing at its far end only makes it shorter.

use super::queries;
use crate::catalog::bulk;
use sqlx::PgPool;

/// Changes by hand that go in one statement.
const EDITS_AT_ONCE: i64 = 10_000;
/// Batches of an import that go in one statement: each may hold what 10,000 products were.
const BATCHES_AT_ONCE: i64 = 20;
/// Statements of one round; the next round goes on.
const MOST_AT_ONCE: usize = 100;

/// Lets go of what happened to products more than so many days ago, in small pieces.
///
/// # Errors
/// Those of the database.
pub async fn sweep_history(pool: &PgPool, keep_days: u32) -> sqlx::Result<()> {
    let keep_days = keep_days as i32;
    for _ in 0..MOST_AT_ONCE {
        if queries::sweep_edits(pool, keep_days, EDITS_AT_ONCE).await? == 0 {
            break;
        }
    }
    for _ in 0..MOST_AT_ONCE {
        if bulk::sweep_overwritten(pool, keep_days, BATCHES_AT_ONCE).await? == 0 {
            break;
        }
    }
    Ok(())
}
