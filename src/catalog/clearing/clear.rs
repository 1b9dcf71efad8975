//! Deleting everything.

use super::errors::ClearingError;
use super::queries;
use super::swap::alone;
use crate::catalog::counts::{self, Counts};
use crate::catalog::search;
use crate::platform::database::Database;
use crate::platform::fault;
use crate::webhooks::{CatalogueChange, tell_catalogue};

/// Deletes every product, where there are `expected` of them, and says how many of which status they were. It can be
/// undone ([`super::restore`]) in place of an earlier clearing, which can no longer be; where it is refused, that one
/// still can.
///
/// # Errors
/// [`ClearingError::OtherCount`], [`ClearingError::Merging`] and [`ClearingError::InUse`].
pub async fn clear(database: &Database, expected: i64) -> Result<Counts, ClearingError> {
    check(counts::read(&database.pool).await?, expected)?;
    if queries::is_merging(&mut *database.pool.acquire().await?).await? {
        return Err(ClearingError::Merging);
    }
    if expected == 0 {
        // Nothing is to be done, and an earlier clearing can still be undone.
        return Ok(Counts::default());
    }
    let mut transaction = alone(database).await?;
    // Whoever changes products holds the catalogue until it has noted the change: now every change is noted.
    let counts = counts::read(&mut *transaction).await?;
    check(counts, expected)?;
    queries::forget_kept(&mut transaction).await?;
    queries::empty_twin(&mut transaction).await?;
    queries::swap(&mut transaction).await?;
    search::set_aside(&mut transaction).await?;
    queries::note_clearing(&mut transaction, counts).await?;
    counts::record(&mut transaction, -counts.active, -counts.inactive).await?;
    tell_catalogue(&mut transaction, CatalogueChange::Cleared, counts.all()).await?;
    fault::point("clearing.commit")?;
    transaction.commit().await?;
    tracing::info!(products = counts.all(), "all products were deleted");
    Ok(counts)
}

fn check(counts: Counts, expected: i64) -> Result<(), ClearingError> {
    if counts.all() == expected {
        Ok(())
    } else {
        Err(ClearingError::OtherCount(counts.all()))
    }
}
