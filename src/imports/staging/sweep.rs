//! Tidying up: staged rows of imports that ended otherwise than by being merged.

use super::table::Staging;
use sqlx::PgPool;

/// Drops the staging tables of imports that are over.
pub async fn sweep(pool: &PgPool) -> sqlx::Result<()> {
    let left: Vec<i64> = sqlx::query_scalar(
        "SELECT imports.id FROM pg_class
         JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = 'staging'
         JOIN imports ON pg_class.relname = 'import_' || imports.id
         WHERE pg_class.relkind = 'r' AND imports.state IN ('done', 'failed', 'cancelled')",
    )
    .fetch_all(pool)
    .await?;
    for import_id in left {
        let mut connection = pool.acquire().await?;
        Staging::of(import_id).drop(&mut connection).await?;
    }
    Ok(())
}
