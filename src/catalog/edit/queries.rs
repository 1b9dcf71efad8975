//! The SQL of changes by hand. All of a change is one sqlx transaction, so none of it goes through SeaORM.

use super::record::NewRow;
use super::values::NewProduct;
use crate::catalog::product::Product;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

/// A product that was deleted and can be restored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Deleted {
    /// As it was.
    #[sqlx(flatten)]
    pub product: Product,
    /// When it was deleted.
    pub deleted_at: DateTime<Utc>,
}

/// A row of the history.
#[derive(Debug, sqlx::FromRow)]
pub struct HistoryRow {
    pub at: DateTime<Utc>,
    pub version: i32,
    pub action: String,
    pub before: Json<Value>,
    pub import_id: Option<i64>,
    pub import_line: Option<i64>,
    pub updated_at: Option<DateTime<Utc>>,
}

pub async fn find(executor: impl PgExecutor<'_>, id: i64) -> sqlx::Result<Option<Product>> {
    sqlx::query_as("SELECT * FROM products WHERE id = $1")
        .bind(id)
        .fetch_optional(executor)
        .await
}

/// The product, locked until the transaction ends.
pub async fn lock(connection: &mut PgConnection, id: i64) -> sqlx::Result<Option<Product>> {
    sqlx::query_as("SELECT * FROM products WHERE id = $1 FOR UPDATE")
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// The product that has this SKU.
pub async fn holder(connection: &mut PgConnection, sku_key: &str) -> sqlx::Result<Option<Product>> {
    sqlx::query_as("SELECT * FROM products WHERE sku_key = $1")
        .bind(sku_key)
        .fetch_optional(connection)
        .await
}

pub async fn insert(connection: &mut PgConnection, product: &NewProduct, sku_key: &str) -> sqlx::Result<Product> {
    sqlx::query_as(
        "INSERT INTO products (sku, sku_key, name, description, active) VALUES ($1, $2, $3, $4, $5) RETURNING *",
    )
    .bind(&product.sku)
    .bind(sku_key)
    .bind(&product.name)
    .bind(&product.description)
    .bind(product.active)
    .fetch_one(connection)
    .await
}

/// Writes a locked product's new values. It stays one of the import that brought it, but no longer a line of its file.
pub async fn update(connection: &mut PgConnection, product: &Product) -> sqlx::Result<Product> {
    sqlx::query_as(
        "UPDATE products SET sku = $2, sku_key = $3, name = $4, description = $5, active = $6,
                version = version + 1, updated_at = now(), import_line = NULL
         WHERE id = $1 RETURNING *",
    )
    .bind(product.id)
    .bind(&product.sku)
    .bind(&product.sku_key)
    .bind(&product.name)
    .bind(&product.description)
    .bind(product.active)
    .fetch_one(connection)
    .await
}

/// Those of these products that have the other status, locked, in the order of their ids.
pub async fn lock_other_status(connection: &mut PgConnection, ids: &[i64], active: bool) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as("SELECT * FROM products WHERE id = ANY($1) AND active <> $2 ORDER BY id FOR UPDATE")
        .bind(ids)
        .bind(active)
        .fetch_all(connection)
        .await
}

/// Writes the status of locked products, and gives them in the order of their ids.
pub async fn set_active(connection: &mut PgConnection, ids: &[i64], active: bool) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as(
        "WITH changed AS (
             UPDATE products SET active = $2, version = version + 1, updated_at = now(), import_line = NULL
             WHERE id = ANY($1) RETURNING *
         )
         SELECT * FROM changed ORDER BY id",
    )
    .bind(ids)
    .bind(active)
    .fetch_all(connection)
    .await
}

/// Deletes products and keeps them as they were; gives them in the order of their ids. A deletion leads to a version of
/// its own, so that whoever was told of it can tell it from what came before.
pub async fn delete(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as(
        "WITH gone AS (
             DELETE FROM products
             WHERE id IN (SELECT id FROM products WHERE id = ANY($1) ORDER BY id FOR UPDATE)
             RETURNING id, created_at, updated_at, import_id, import_line, version + 1 AS version, active,
                       sku, sku_key, name, description
         ), kept AS (
             INSERT INTO deleted_products (id, created_at, updated_at, import_id, import_line, version, active,
                    sku, sku_key, name, description)
             SELECT id, created_at, updated_at, import_id, import_line, version, active,
                    sku, sku_key, name, description FROM gone
         )
         SELECT * FROM gone ORDER BY id",
    )
    .bind(ids)
    .fetch_all(connection)
    .await
}

/// A deleted product, as long as it can be restored.
pub async fn deleted(executor: impl PgExecutor<'_>, id: i64) -> sqlx::Result<Option<Deleted>> {
    sqlx::query_as("SELECT * FROM deleted_products WHERE id = $1 AND deleted_at > now() - interval '24 hours'")
        .bind(id)
        .fetch_optional(executor)
        .await
}

/// Takes those of these products out of the deleted ones whose place is still free, in the order of their ids.
pub async fn take_deleted(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as(
        "WITH taken AS (
             DELETE FROM deleted_products AS gone
             WHERE id = ANY($1) AND deleted_at > now() - interval '24 hours'
               AND NOT EXISTS (SELECT FROM products WHERE products.sku_key = gone.sku_key OR products.id = gone.id)
             RETURNING *
         )
         SELECT * FROM taken ORDER BY id",
    )
    .bind(ids)
    .fetch_all(connection)
    .await
}

/// Puts deleted products back under their ids, and gives them in the order of those.
pub async fn insert_again(connection: &mut PgConnection, products: &[Product]) -> sqlx::Result<Vec<Product>> {
    let mut ids = Vec::with_capacity(products.len());
    let mut created_at = Vec::with_capacity(products.len());
    let mut import_ids = Vec::with_capacity(products.len());
    let mut versions = Vec::with_capacity(products.len());
    let mut active = Vec::with_capacity(products.len());
    let mut texts: [Vec<&str>; 4] = Default::default();
    for product in products {
        ids.push(product.id);
        created_at.push(product.created_at);
        import_ids.push(product.import_id);
        versions.push(product.version);
        active.push(product.active);
        let of_product = [&product.sku, &product.sku_key, &product.name, &product.description];
        for (texts, text) in texts.iter_mut().zip(of_product) {
            texts.push(text);
        }
    }
    let [skus, keys, names, descriptions] = texts;
    sqlx::query_as(
        "WITH back AS (
             INSERT INTO products (id, created_at, import_id, version, active, sku, sku_key, name, description)
             SELECT id, created_at, import_id, version + 1, active, sku, sku_key, name, description
             FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::integer[], $5::boolean[], $6::text[],
                         $7::text[], $8::text[], $9::text[])
                  AS row (id, created_at, import_id, version, active, sku, sku_key, name, description)
             RETURNING *
         )
         SELECT * FROM back ORDER BY id",
    )
    .bind(ids)
    .bind(created_at)
    .bind(import_ids)
    .bind(versions)
    .bind(active)
    .bind(skus)
    .bind(keys)
    .bind(names)
    .bind(descriptions)
    .fetch_all(connection)
    .await
}

/// Lets go of at most so many products whose deletion can no longer be undone, and says how many they were.
pub async fn sweep_deleted(executor: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM deleted_products WHERE id IN (
             SELECT id FROM deleted_products WHERE deleted_at <= now() - interval '24 hours'
             LIMIT $1 FOR UPDATE SKIP LOCKED
         )",
    )
    .bind(limit)
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}

pub async fn add_history(connection: &mut PgConnection, rows: &[NewRow]) -> sqlx::Result<()> {
    let product_ids: Vec<i64> = rows.iter().map(|row| row.product_id).collect();
    let versions: Vec<i32> = rows.iter().map(|row| row.version).collect();
    let actions: Vec<&str> = rows.iter().map(|row| row.action).collect();
    let before: Vec<&Value> = rows.iter().map(|row| &row.before).collect();
    let import_ids: Vec<Option<i64>> = rows.iter().map(|row| row.import_id).collect();
    let import_lines: Vec<Option<i64>> = rows.iter().map(|row| row.import_line).collect();
    let updated_at: Vec<Option<DateTime<Utc>>> = rows.iter().map(|row| row.updated_at).collect();
    sqlx::query(
        "INSERT INTO product_edits (product_id, version, action, before, import_id, import_line, updated_at)
         SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::jsonb[], $5::bigint[], $6::bigint[],
                              $7::timestamptz[])",
    )
    .bind(product_ids)
    .bind(versions)
    .bind(actions)
    .bind(before)
    .bind(import_ids)
    .bind(import_lines)
    .bind(updated_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest changes of a product by hand, newest first.
pub async fn edits(executor: impl PgExecutor<'_>, product_id: i64, limit: i64) -> sqlx::Result<Vec<HistoryRow>> {
    sqlx::query_as(
        "SELECT at, version, action, before, import_id, import_line, updated_at FROM product_edits
         WHERE product_id = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(product_id)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Lets go of changes by hand that are older than so many days, of at most so many, and says how many they were. Only
/// the oldest are looked at: they have the lowest ids.
pub async fn sweep_edits(executor: impl PgExecutor<'_>, keep_days: i32, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM product_edits WHERE id IN (
             SELECT id FROM (SELECT id, at FROM product_edits ORDER BY id LIMIT $2) AS oldest
             WHERE at < now() - make_interval(days => $1)
         )",
    )
    .bind(keep_days)
    .bind(limit)
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}
