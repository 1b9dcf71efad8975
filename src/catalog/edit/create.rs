//! Adding a product by hand.

use super::error::{EditError, Result};
use super::record::{Edit, record};
use super::values::NewProduct;
use super::{change, queries};
use crate::catalog::product::Product;
use crate::catalog::sku::SkuKey;
use crate::platform::database::Database;
use crate::platform::fault;
use sqlx::PgPool;

/// Adds a product.
///
/// # Errors
/// [`EditError::Invalid`] and [`EditError::Taken`].
pub async fn create(database: &Database, product: NewProduct) -> Result<Product> {
    let product = product.checked()?;
    let key = SkuKey::of(&product.sku);
    change::again_on_conflict(&database.pool, &key, || insert(&database.pool, &product, &key)).await
}

async fn insert(pool: &PgPool, product: &NewProduct, key: &SkuKey) -> Result<Product> {
    let mut transaction = pool.begin().await?;
    if let Some(by) = queries::holder(&mut transaction, key.as_str()).await? {
        return Err(EditError::Taken { by: Box::new(by) });
    }
    let created = queries::insert(&mut transaction, product, key.as_str()).await?;
    record(&mut transaction, &[Edit::created(&created)]).await?;
    fault::point("edit.commit")?;
    transaction.commit().await?;
    Ok(created)
}
