//! Deleting products by hand, and undoing that for a day.

use super::error::{EditError, Result};
use super::record::{Edit, record};
use super::{change, queries};
use crate::catalog::product::Product;
use crate::catalog::sku::SkuKey;
use crate::platform::database::Database;
use crate::platform::fault;
use sqlx::{PgConnection, PgPool};

/// How many deleted products go for good in one statement.
const SWEPT_AT_ONCE: i64 = 10_000;

/// Deletes a product; it can be restored for 24 hours.
///
/// # Errors
/// [`EditError::Unknown`].
pub async fn delete(database: &Database, id: i64) -> Result<Product> {
    let mut transaction = database.pool.begin().await?;
    let gone = delete_all(&mut transaction, &[id]).await?;
    let product = gone.into_iter().next().ok_or(EditError::Unknown)?;
    fault::point("edit.commit")?;
    transaction.commit().await?;
    Ok(product)
}

/// Deletes those of these products that are there, within the caller's transaction, and gives them as they were. At
/// most about 1,000 at once.
///
/// # Errors
/// Those of the database.
pub async fn delete_all(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Product>> {
    let gone = queries::delete(connection, ids).await?;
    let edits: Vec<Edit<'_>> = gone.iter().map(Edit::deleted).collect();
    record(connection, &edits).await?;
    Ok(gone)
}

/// Undoes a deletion: the product is back under its id. One that is there already stays as it is.
///
/// # Errors
/// [`EditError::Taken`] where its SKU has been given to another product, [`EditError::Unknown`] after 24 hours.
pub async fn restore(database: &Database, id: i64) -> Result<Product> {
    let pool = &database.pool;
    let Some(deleted) = queries::deleted(pool, id).await? else {
        return queries::find(pool, id).await?.ok_or(EditError::Unknown);
    };
    let key = SkuKey::of(&deleted.product.sku);
    change::again_on_conflict(pool, &key, || restore_once(pool, id)).await
}

async fn restore_once(pool: &PgPool, id: i64) -> Result<Product> {
    let mut transaction = pool.begin().await?;
    let Some(deleted) = queries::deleted(&mut *transaction, id).await? else {
        // Somebody else was quicker.
        return queries::find(&mut *transaction, id).await?.ok_or(EditError::Unknown);
    };
    if let Some(after) = restore_all(&mut transaction, &[id]).await?.pop() {
        fault::point("edit.commit")?;
        transaction.commit().await?;
        return Ok(after);
    }
    if let Some(product) = queries::find(&mut *transaction, id).await? {
        return Ok(product);
    }
    let holder = queries::holder(&mut transaction, &deleted.product.sku_key).await?;
    Err(holder.map_or(EditError::Unknown, |by| EditError::Taken { by: Box::new(by) }))
}

/// Undoes the deletion of those of these products whose SKUs are still free, within the caller's transaction, and gives
/// them as they are then. At most about 1,000 at once.
///
/// # Errors
/// Those of the database.
pub async fn restore_all(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Product>> {
    let before = queries::take_deleted(connection, ids).await?;
    let after = queries::insert_again(connection, &before).await?;
    let edits: Vec<Edit<'_>> = before
        .iter()
        .zip(&after)
        .map(|(before, after)| Edit::restored(before, after))
        .collect();
    record(connection, &edits).await?;
    Ok(after)
}

/// Lets go of products that were deleted more than 24 hours ago.
///
/// # Errors
/// Those of the database.
pub async fn sweep(pool: &PgPool) -> sqlx::Result<()> {
    while queries::sweep_deleted(pool, SWEPT_AT_ONCE).await? == SWEPT_AT_ONCE as u64 {}
    Ok(())
}
