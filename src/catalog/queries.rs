//! The SQL of counting and exporting products. Lists and single products go through SeaORM.

use super::Counts;
use futures_util::stream::BoxStream;
use sqlx::{PgExecutor, PgPool};

/// A product as it is exported.
#[derive(sqlx::FromRow)]
pub struct ExportedProduct {
    pub name: String,
    pub sku: String,
    pub description: String,
    pub active: bool,
}

/// Notes that so many products more (or fewer) are active and inactive.
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

/// The products of that status, or all of them, in the order of their SKUs, as the server sends them.
pub fn exported(pool: &PgPool, active: Option<bool>) -> BoxStream<'_, sqlx::Result<ExportedProduct>> {
    sqlx::query_as(
        "SELECT name, sku, description, active FROM products
         WHERE $1::boolean IS NULL OR active = $1 ORDER BY sku_key",
    )
    .bind(active)
    .fetch(pool)
}
