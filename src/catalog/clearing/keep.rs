//! What was deleted last is kept for a day, and can be brought back while the catalogue is still empty.

use super::errors::ClearingError;
use super::pages::Restoration;
use super::queries;
use super::swap::alone;
use crate::catalog::{counts, search};
use crate::platform::database::Database;
use crate::platform::fault;
use crate::webhooks::{CatalogueChange, tell_catalogue};
use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// Products that were all deleted at once and can be brought back.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// Which clearing it was.
    pub id: i64,
    /// How many of them are active.
    pub active: i64,
    /// How many are not.
    pub inactive: i64,
    /// When they were deleted.
    pub cleared_at: DateTime<Utc>,
    /// Until when they are kept.
    pub kept_until: DateTime<Utc>,
}

impl Kept {
    /// How many there are.
    pub fn products(&self) -> i64 {
        self.active + self.inactive
    }
}

/// What could be brought back now, were the catalogue empty.
pub async fn kept(pool: &PgPool) -> sqlx::Result<Option<Kept>> {
    queries::kept(pool).await
}

/// What can be brought back now: the catalogue is empty.
pub async fn restorable(pool: &PgPool) -> sqlx::Result<Option<Restoration>> {
    match kept(pool).await? {
        Some(kept) if counts::read(pool).await?.all() == 0 => Ok(Some(Restoration { kept })),
        _ => Ok(None),
    }
}

/// Brings the products back that were deleted all at once, and says how many they are.
///
/// # Errors
/// [`ClearingError::NothingKept`], [`ClearingError::NotEmpty`], [`ClearingError::Merging`] and
/// [`ClearingError::InUse`].
pub async fn restore(database: &Database) -> Result<i64, ClearingError> {
    let pool = &database.pool;
    kept(pool).await?.ok_or(ClearingError::NothingKept)?;
    if counts::read(pool).await?.all() > 0 {
        return Err(ClearingError::NotEmpty);
    }
    if queries::is_merging(&mut *pool.acquire().await?).await? {
        return Err(ClearingError::Merging);
    }
    let mut transaction = alone(database).await?;
    let kept = queries::kept(&mut *transaction)
        .await?
        .ok_or(ClearingError::NothingKept)?;
    if queries::has_products(&mut transaction).await? {
        return Err(ClearingError::NotEmpty);
    }
    queries::swap(&mut transaction).await?;
    search::bring_back(&mut transaction).await?;
    queries::note_restoration(&mut transaction, kept.id).await?;
    counts::record(&mut transaction, kept.active, kept.inactive).await?;
    tell_catalogue(&mut transaction, CatalogueChange::Restored, kept.products()).await?;
    fault::point("restoration.commit")?;
    transaction.commit().await?;
    tracing::info!(products = kept.products(), "all products were brought back");
    Ok(kept.products())
}

/// Lets go of products that were deleted more than a day ago, and of what was left of the index of those before them.
pub async fn sweep(pool: &PgPool) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    if queries::forget_expired(&mut transaction).await? {
        queries::empty_twin(&mut transaction).await?;
        search::forget_set_aside(&mut transaction).await?;
    }
    transaction.commit().await?;
    search::sweep_forgotten(pool).await
}
