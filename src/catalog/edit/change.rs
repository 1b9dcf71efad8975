//! Changing products by hand.

use super::error::{EditError, Result};
use super::queries;
use super::record::{Edit, record};
use super::values::Patch;
use crate::catalog::product::Product;
use crate::catalog::sku::SkuKey;
use crate::platform::database::{Database, is_conflict};
use crate::platform::fault;
use sqlx::{PgConnection, PgPool};

/// How often a change is tried that meets another one at the same moment.
const TRIES: u32 = 3;

/// Changes a product. What would change nothing leaves its version and its history alone.
///
/// # Errors
/// [`EditError::Invalid`], [`EditError::Unknown`], [`EditError::Stale`] and [`EditError::Taken`].
pub async fn change(database: &Database, id: i64, patch: Patch) -> Result<Product> {
    let patch = patch.checked()?;
    let key = SkuKey::of(patch.sku.as_deref().unwrap_or_default());
    again_on_conflict(&database.pool, &key, || change_once(&database.pool, id, &patch)).await
}

async fn change_once(pool: &PgPool, id: i64, patch: &Patch) -> Result<Product> {
    let mut transaction = pool.begin().await?;
    let before = queries::lock(&mut transaction, id).await?.ok_or(EditError::Unknown)?;
    if patch.version.is_some_and(|version| version != before.version) {
        return Err(EditError::Stale {
            current: Box::new(before),
        });
    }
    let wanted = patch.applied_to(&before);
    if wanted == before {
        return Ok(before);
    }
    if wanted.sku_key != before.sku_key
        && let Some(by) = queries::holder(&mut transaction, &wanted.sku_key).await?
    {
        return Err(EditError::Taken { by: Box::new(by) });
    }
    let after = queries::update(&mut transaction, &wanted).await?;
    record(&mut transaction, &[Edit::changed(&before, &after)]).await?;
    fault::point("edit.commit")?;
    transaction.commit().await?;
    Ok(after)
}

/// Makes those of these products active or inactive that are not, within the caller's transaction, and gives them as
/// they are then. At most about 1,000 at once.
///
/// # Errors
/// Those of the database.
pub async fn set_active(connection: &mut PgConnection, ids: &[i64], active: bool) -> sqlx::Result<Vec<Product>> {
    let before = queries::lock_other_status(connection, ids, active).await?;
    let ids: Vec<i64> = before.iter().map(|product| product.id).collect();
    let after = queries::set_active(connection, &ids, active).await?;
    let edits: Vec<Edit<'_>> = before
        .iter()
        .zip(&after)
        .map(|(before, after)| Edit::changed(before, after))
        .collect();
    record(connection, &edits).await?;
    Ok(after)
}

/// Does `work`, again where another transaction took the SKU or stood in the way at the same moment. A taken SKU
/// shows at the second try at the latest, unless its holder is gone again.
pub async fn again_on_conflict<T, F>(pool: &PgPool, key: &SkuKey, work: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut tries = 1;
    loop {
        match work().await {
            Err(EditError::Failed(error)) if tries < TRIES && is_conflict(&error) => tries += 1,
            Err(EditError::Failed(error)) if is_conflict(&error) => {
                let holder = queries::holder(&mut *pool.acquire().await?, key.as_str()).await?;
                return Err(holder.map_or(EditError::Failed(error), |by| EditError::Taken { by: Box::new(by) }));
            }
            done => return done,
        }
    }
}
