//! Undoing a deletion of many products, for 24 hours.

use super::bulk_change::BulkChange;
use super::queries;
use super::start::found;
use super::work::{LEASE, TOPIC, work_on};
use crate::catalog::Search;
use crate::http::Error;
use crate::platform::doorbell::Doorbell;
use crate::platform::stopping;
use crate::webhooks::Rings;

/// So many products are brought back while one waits; more are left to a worker.
const AT_ONCE: i64 = 1_000;

/// Brings back what a change deleted, as far as the SKUs are still free: that is a change of its own.
///
/// # Errors
/// [`Error::Conflict`] when there is nothing that could be undone, or somebody did it already.
pub async fn undo(search: &Search, doorbell: &Doorbell, id: i64) -> Result<BulkChange, Error> {
    let mut transaction = search.database.pool.begin().await?;
    let Some((undo, products)) = queries::queue_undo(&mut *transaction, id).await? else {
        return Err(Error::Conflict(
            "There is nothing to bring back: only a deletion can be undone, once, within 24 hours.".into(),
        ));
    };
    // Before a worker sees it: whoever waits is told how it ended.
    let claim = if products <= AT_ONCE {
        queries::claim(&mut *transaction, Some(undo), LEASE).await?
    } else {
        None
    };
    transaction.commit().await?;
    if let Some(claim) = claim {
        let (_stop, going_on) = stopping::stopping();
        work_on(search, claim, &Rings::new(doorbell.clone()), &going_on).await?;
    } else {
        doorbell.ring(TOPIC, undo);
    }
    found(&search.database.pool, undo).await
}
