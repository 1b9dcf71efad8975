//! The SQL of bulk writing.

use super::overwritten::Overwritten;
use super::writer::{BulkOrigin, BulkRow, Change, Existing};
use crate::platform::copy::CopyIn;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Row as _};

/// The first `limit` products between two keys, both included, in key order.
pub async fn in_range(connection: &mut PgConnection, first: &str, last: &str, limit: i64) -> sqlx::Result<Vec<PgRow>> {
    sqlx::query(
        "SELECT id, sku_key, sku, name, description, active, version, import_id, import_line FROM products
         WHERE sku_key >= $1 AND sku_key <= $2 ORDER BY sku_key LIMIT $3",
    )
    .bind(first)
    .bind(last)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// The products with those keys, in key order. `keys` are in key order too.
///
/// OFFSET 0 keeps the planner from joining otherwise than by the index: with thousands of keys it would rather read
/// the whole table, once for every batch.
pub async fn by_keys(connection: &mut PgConnection, keys: &[&str]) -> sqlx::Result<Vec<PgRow>> {
    sqlx::query(
        "SELECT product.* FROM unnest($1::text[]) WITH ORDINALITY AS wanted (sku_key, number)
         CROSS JOIN LATERAL (
             SELECT id, sku_key, sku, name, description, active, version, import_id, import_line FROM products
             WHERE products.sku_key = wanted.sku_key COLLATE \"C\" OFFSET 0
         ) AS product
         ORDER BY wanted.number",
    )
    .bind(keys)
    .fetch_all(connection)
    .await
}

/// Reads a row of [`in_range`] or [`by_keys`].
pub fn existing(row: &PgRow) -> sqlx::Result<Existing<'_>> {
    Ok(Existing {
        id: row.try_get(0)?,
        key: row.try_get(1)?,
        sku: row.try_get(2)?,
        name: row.try_get(3)?,
        description: row.try_get(4)?,
        active: row.try_get(5)?,
        version: row.try_get(6)?,
        import_id: row.try_get(7)?,
        import_line: row.try_get(8)?,
    })
}

/// Adds new products.
pub async fn insert(connection: &mut PgConnection, rows: &[BulkRow<'_>], origin: BulkOrigin) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement =
        "COPY products (import_id, import_line, active, sku, sku_key, name, description) FROM STDIN (FORMAT binary)";
    let mut copy = CopyIn::begin(connection, statement, 7).await?;
    for row in rows {
        copy.row()
            .await?
            .int8(origin.import_id)
            .int8(row.line)
            .bool(row.active.unwrap_or(origin.new_active))
            .text(row.sku)
            .text(row.key)
            .text(row.name)
            .text(row.description.unwrap_or_default());
    }
    copy.finish().await
}

/// Overwrites products by their ids, and says how many of them still were as they were found.
pub async fn update(connection: &mut PgConnection, changes: &[Change<'_>], import_id: i64) -> sqlx::Result<u64> {
    if changes.is_empty() {
        return Ok(0);
    }
    let ids: Vec<i64> = changes.iter().map(|change| change.id).collect();
    let versions: Vec<i32> = changes.iter().map(|change| change.version).collect();
    let skus: Vec<&str> = changes.iter().map(|change| change.row.sku).collect();
    let names: Vec<&str> = changes.iter().map(|change| change.row.name).collect();
    let descriptions: Vec<Option<&str>> = changes.iter().map(|change| change.row.description).collect();
    let active: Vec<Option<bool>> = changes.iter().map(|change| change.row.active).collect();
    let lines: Vec<i64> = changes.iter().map(|change| change.row.line).collect();
    let done = sqlx::query(
        "UPDATE products SET sku = row.sku, name = row.name,
                description = coalesce(row.description, products.description),
                active = coalesce(row.active, products.active),
                version = products.version + 1, updated_at = now(), import_id = $1, import_line = row.line
         FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::bigint[], $8::integer[])
              AS row (id, sku, name, description, active, line, version)
         WHERE products.id = row.id AND products.version = row.version",
    )
    .bind(import_id)
    .bind(ids)
    .bind(skus)
    .bind(names)
    .bind(descriptions)
    .bind(active)
    .bind(lines)
    .bind(versions)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Keeps what a batch of this import overwrote.
pub async fn keep_overwritten(
    connection: &mut PgConnection,
    import_id: i64,
    overwritten: Overwritten<'_>,
) -> sqlx::Result<()> {
    let Some((first_key, last_key, changes)) = overwritten.finish() else {
        return Ok(());
    };
    sqlx::query("INSERT INTO import_edits (import_id, first_key, last_key, changes) VALUES ($1, $2, $3, $4)")
        .bind(import_id)
        .bind(first_key)
        .bind(last_key)
        .bind(changes)
        .execute(connection)
        .await?;
    Ok(())
}

/// What the batch overwrote in which this import may have changed the product of that key, and when.
pub async fn overwritten(
    executor: impl PgExecutor<'_>,
    import_id: i64,
    key: &str,
) -> sqlx::Result<Option<(DateTime<Utc>, Vec<u8>)>> {
    sqlx::query_as(
        "SELECT at, changes FROM (
             SELECT at, changes, first_key FROM import_edits
             WHERE import_id = $1 AND last_key >= $2 ORDER BY last_key LIMIT 1
         ) AS batch WHERE first_key <= $2",
    )
    .bind(import_id)
    .bind(key)
    .fetch_optional(executor)
    .await
}

/// Removes what batches overwrote more than `keep_days` ago, for up to `limit` batches, and says for how many it did.
/// Only the oldest are looked at: those of the imports with the lowest ids.
pub async fn sweep_overwritten(executor: impl PgExecutor<'_>, keep_days: i32, limit: i64) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "DELETE FROM import_edits WHERE (import_id, last_key) IN (
             SELECT import_id, last_key FROM (
                 SELECT import_id, last_key, at FROM import_edits ORDER BY import_id, last_key LIMIT $2
             ) AS oldest
             WHERE at < now() - make_interval(days => $1)
         )",
    )
    .bind(keep_days)
    .bind(limit)
    .execute(executor)
    .await?;
    Ok(done.rows_affected())
}
