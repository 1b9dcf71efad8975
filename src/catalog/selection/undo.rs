//! Undoing a deletion of many products, for 24 hours.

use super::bulk_change::BulkChange;
use super::queries;
use super::start::found;
use super::work::{TOPIC, work_on_next};
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
    let Some(undo) = queries::queue_undo(&search.database.pool, id).await? else {
        return Err(Error::Conflict(
            "There is nothing to bring back: only a deletion can be undone, once, within 24 hours.".into(),
        ));
    };
    let change = found(search, undo).await?;
    if change.expected > AT_ONCE {
        doorbell.ring(TOPIC, undo);
        return Ok(change);
    }
    let (_stop, going_on) = stopping::stopping();
    work_on_next(search, Some(undo), &Rings::new(doorbell.clone()), &going_on).await?;
    found(search, undo).await
}
