//! The SQL of clearing and restoring the catalogue.

use super::keep::Kept;
use crate::catalog::counts::Counts;
use crate::catalog::search;
use sqlx::{AssertSqlSafe, PgConnection, PgExecutor, PgPool};
use std::time::Duration;

/// No statement of this transaction waits longer for a lock.
pub async fn wait_at_most(connection: &mut PgConnection, wait: Duration) -> sqlx::Result<()> {
    sqlx::query("SELECT set_config('lock_timeout', $1, true)")
        .bind(format!("{}ms", wait.as_millis()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps everybody from the catalogue and its twin, and imports from beginning or ending to be merged. The catalogue
/// is locked last, so that nobody has to wait for it while the other locks are waited for.
pub async fn lock(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "LOCK TABLE cleared.products IN ACCESS EXCLUSIVE MODE;
         LOCK TABLE catalogue_merges IN SHARE MODE;
         LOCK TABLE products IN ACCESS EXCLUSIVE MODE;",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets go of what is in the twin.
pub async fn empty_twin(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql("TRUNCATE cleared.products").execute(connection).await?;
    Ok(())
}

/// Has the catalogue and its twin change places; indexes go with their tables. Statements that other connections
/// have prepared are looked at again by PostgreSQL and find the new table.
pub async fn swap(connection: &mut PgConnection) -> sqlx::Result<()> {
    let schema: String = sqlx::query_scalar(
        "SELECT quote_ident(nspname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE pg_class.oid = to_regclass('products')",
    )
    .fetch_one(&mut *connection)
    .await?;
    let sql = format!(
        "ALTER TABLE cleared.products SET SCHEMA swapping;
         ALTER TABLE {schema}.products SET SCHEMA cleared;
         ALTER TABLE swapping.products SET SCHEMA {schema};"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Whether there is a single product.
pub async fn has_products(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM products)")
        .fetch_one(connection)
        .await
}

/// What could be brought back.
pub async fn kept(executor: impl PgExecutor<'_>) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as(
        "SELECT id, active, inactive, cleared_at, cleared_at + interval '24 hours' AS kept_until FROM clearings
         WHERE restored_at IS NULL AND removed_at IS NULL AND cleared_at > now() - interval '24 hours'",
    )
    .fetch_optional(executor)
    .await
}

/// Writes down that what was kept is there no longer.
pub async fn forget_kept(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("UPDATE clearings SET removed_at = now() WHERE restored_at IS NULL AND removed_at IS NULL")
        .execute(connection)
        .await?;
    Ok(())
}

/// The same for what has been kept long enough; `false` where there is nothing of the kind.
pub async fn forget_expired(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE clearings SET removed_at = now()
         WHERE restored_at IS NULL AND removed_at IS NULL AND cleared_at <= now() - interval '24 hours'",
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn note_clearing(connection: &mut PgConnection, counts: Counts) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO clearings (active, inactive) VALUES ($1, $2)")
        .bind(counts.active)
        .bind(counts.inactive)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn note_restoration(connection: &mut PgConnection, id: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE clearings SET restored_at = now() WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// A number that is another one after everything has been deleted or brought back.
pub async fn generation(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) + count(restored_at) FROM clearings")
        .fetch_one(executor)
        .await
}

/// Whether an import is being merged.
pub async fn is_merging(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM catalogue_merges)")
        .fetch_one(connection)
        .await
}

/// The imports that are entered as being merged.
pub async fn merging(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("SELECT import_id FROM catalogue_merges")
        .fetch_all(executor)
        .await
}

pub async fn add_merge(connection: &mut PgConnection, import_id: i64) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO catalogue_merges (import_id) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(import_id)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn remove_merge(connection: &mut PgConnection, import_id: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM catalogue_merges WHERE import_id = $1")
        .bind(import_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends the step that keeps the search index, which says so in its connection's name and begins again by itself.
pub async fn end_index_step(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user
           AND starts_with(application_name, $1)",
    )
    .bind(search::APPLICATION_NAME)
    .execute(pool)
    .await?;
    Ok(())
}
