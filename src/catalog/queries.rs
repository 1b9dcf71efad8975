//! The SQL of counting and exporting products. Lists and single products go through SeaORM.

use super::Counts;
use sqlx::{PgExecutor, PgPool};

/// How much of descriptions is fetched at once, but for one that is longer by itself.
const EXPORT_BYTES: i64 = 8 << 20;

/// A product as it is exported.
#[derive(sqlx::FromRow)]
pub struct ExportedProduct {
    pub sku_key: String,
    pub name: String,
    pub sku: String,
    pub description: String,
    pub active: bool,
}

/// Notes how many more products (or fewer, below zero) are active and inactive.
pub async fn add_count_change(
    executor: impl PgExecutor<'_>,
    active_change: i64,
    inactive_change: i64,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO product_count_changes (active_change, inactive_change) VALUES ($1, $2)")
        .bind(active_change)
        .bind(inactive_change)
        .execute(executor)
        .await?;
    Ok(())
}

/// The sum of all changes.
pub async fn sum_count_changes(executor: impl PgExecutor<'_>) -> sqlx::Result<Counts> {
    let (active, inactive) = sqlx::query_as(
        "SELECT coalesce(sum(active_change), 0)::bigint, coalesce(sum(inactive_change), 0)::bigint
         FROM product_count_changes",
    )
    .fetch_one(executor)
    .await?;
    Ok(Counts { active, inactive })
}

/// Replaces committed changes by their sum.
pub async fn compact_count_changes(executor: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "WITH gone AS (
             DELETE FROM product_count_changes
             WHERE id IN (SELECT id FROM product_count_changes ORDER BY id LIMIT 100000 FOR UPDATE SKIP LOCKED)
             RETURNING active_change, inactive_change
         )
         INSERT INTO product_count_changes (active_change, inactive_change)
         SELECT sum(active_change), sum(inactive_change) FROM gone HAVING count(*) > 0",
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The next products of that status, or of any, after that key, in the order of their SKUs: at most `limit`, and no more
/// once their descriptions add up to [`EXPORT_BYTES`]. An empty answer means that the last one was reached.
pub async fn exported(
    pool: &PgPool,
    active: Option<bool>,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<ExportedProduct>> {
    sqlx::query_as(
        "SELECT sku_key, name, sku, description, active FROM (
             SELECT sku_key, name, sku, description, active, octet_length(description) AS bytes,
                    sum(octet_length(description)) OVER (ORDER BY sku_key ROWS UNBOUNDED PRECEDING) AS bytes_so_far
             FROM (SELECT sku_key, name, sku, description, active FROM products
                   WHERE sku_key > $2 AND ($1::boolean IS NULL OR active = $1) ORDER BY sku_key LIMIT $3) AS next
         ) AS measured
         WHERE bytes_so_far - bytes < $4
         ORDER BY sku_key",
    )
    .bind(active)
    .bind(after)
    .bind(limit)
    .bind(EXPORT_BYTES)
    .fetch_all(pool)
    .await
}

/// Those of these products that are there, in the order of their SKUs.
pub async fn exported_named(pool: &PgPool, ids: &[i64]) -> sqlx::Result<Vec<ExportedProduct>> {
    sqlx::query_as("SELECT sku_key, name, sku, description, active FROM products WHERE id = ANY($1) ORDER BY sku_key")
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// The day it is, in UTC, by the clock that all machines share.
pub async fn today(pool: &PgPool) -> sqlx::Result<chrono::NaiveDate> {
    sqlx::query_scalar("SELECT (now() AT TIME ZONE 'UTC')::date")
        .fetch_one(pool)
        .await
}
