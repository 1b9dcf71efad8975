//! The SQL of searching.

use super::queries::SCANNED_PRODUCTS;
use crate::catalog::Product;
use roaring::RoaringBitmap;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// Changes that a search looks at, at most.
pub const MOST_CHANGES: i64 = 1_000;

/// A row of `search_segments`, without what is dead in it.
#[derive(Debug, sqlx::FromRow)]
pub struct SegmentRow {
    pub id: i64,
    pub products: i32,
    pub dead_products: i32,
}

/// A change that is not indexed yet.
#[derive(Debug, sqlx::FromRow)]
pub struct PendingRow {
    pub products: i64,
    pub is_imported: bool,
    pub product_ids: Option<Vec<i64>>,
    pub sku_keys: Option<Vec<String>>,
    pub import_id: Option<i64>,
    pub first_key: Option<String>,
    pub last_key: Option<String>,
    pub done_key: Option<String>,
}

/// Begins a search: everything in it sees one state of the catalogue and its index.
pub async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// The segments that count.
pub async fn segments(connection: &mut PgConnection) -> sqlx::Result<Vec<SegmentRow>> {
    sqlx::query_as("SELECT id, products, dead_products FROM search_segments WHERE NOT set_aside ORDER BY id")
        .fetch_all(connection)
        .await
}

/// What is not indexed yet: changes by hand first, and the newest first, so that these are there even when not
/// everything can be scanned. Long lists are left out.
pub async fn pending(connection: &mut PgConnection) -> sqlx::Result<Vec<PendingRow>> {
    sqlx::query_as(
        "SELECT products, product_ids IS NULL AS is_imported, import_id, first_key, last_key, done_key,
                CASE WHEN products <= $1 THEN product_ids END AS product_ids,
                CASE WHEN products <= $1 THEN sku_keys END AS sku_keys
         FROM search_changes WHERE NOT set_aside ORDER BY product_ids IS NULL, id DESC LIMIT $2",
    )
    .bind(SCANNED_PRODUCTS)
    .bind(MOST_CHANGES)
    .fetch_all(connection)
    .await
}

/// Which products of a segment no longer count.
pub async fn dead(connection: &mut PgConnection, segment_id: i64) -> sqlx::Result<RoaringBitmap> {
    let found = dead_of(connection, &[segment_id]).await?;
    found
        .into_iter()
        .next()
        .map(|(_, dead)| dead)
        .ok_or(sqlx::Error::RowNotFound)
}

/// The same of several, each with its id.
pub async fn dead_of(connection: &mut PgConnection, segment_ids: &[i64]) -> sqlx::Result<Vec<(i64, RoaringBitmap)>> {
    let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query_as("SELECT id, dead FROM search_segments WHERE id = ANY($1)")
        .bind(segment_ids)
        .fetch_all(connection)
        .await?;
    let read = |bytes: Vec<u8>| RoaringBitmap::deserialize_from(&bytes[..]);
    let dead = rows
        .into_iter()
        .map(|(id, bytes)| Ok((id, bytes.map_or_else(|| Ok(RoaringBitmap::new()), read)?)));
    dead.collect::<std::io::Result<_>>()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Chunks of columns, each of its segment.
pub async fn chunks(
    connection: &mut PgConnection,
    segments: &[i64],
    kinds: &[i16],
    numbers: &[i32],
) -> sqlx::Result<Vec<(i64, i16, i32, Vec<u8>)>> {
    sqlx::query_as(
        "SELECT segment_id, found.kind, found.chunk, bytes
         FROM unnest($1::bigint[], $2::smallint[], $3::integer[]) AS wanted (segment, kind, chunk)
         CROSS JOIN LATERAL (
             SELECT segment_id, kind, chunk, bytes FROM search_columns
             WHERE segment_id = wanted.segment AND search_columns.kind = wanted.kind
               AND search_columns.chunk = wanted.chunk OFFSET 0
         ) AS found",
    )
    .bind(segments)
    .bind(kinds)
    .bind(numbers)
    .fetch_all(connection)
    .await
}

/// All chunks of some segments, and those of some kinds of others.
pub async fn first_chunks(
    connection: &mut PgConnection,
    whole: &[i64],
    others: &[i64],
    kinds: &[i16],
) -> sqlx::Result<Vec<(i64, i16, i32, Vec<u8>)>> {
    sqlx::query_as(
        "SELECT segment_id, kind, chunk, bytes FROM search_columns WHERE segment_id = ANY($1)
         UNION ALL
         SELECT segment_id, kind, chunk, bytes FROM search_columns WHERE segment_id = ANY($2) AND kind = ANY($3)",
    )
    .bind(whole)
    .bind(others)
    .bind(kinds)
    .fetch_all(connection)
    .await
}

/// The products with those ids.
pub async fn products(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as("SELECT * FROM products WHERE id = ANY($1)")
        .bind(ids)
        .fetch_all(connection)
        .await
}

/// The products with those keys.
pub async fn products_of_keys(connection: &mut PgConnection, keys: &[String]) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as("SELECT * FROM products WHERE sku_key = ANY($1)")
        .bind(keys)
        .fetch_all(connection)
        .await
}

/// The products that an import wrote between two keys.
pub async fn products_imported(connection: &mut PgConnection, pending: &PendingRow) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as(
        "SELECT * FROM products WHERE sku_key >= $1 AND sku_key <= $2 AND import_id = $3
           AND ($4::text IS NULL OR sku_key > $4)",
    )
    .bind(&pending.first_key)
    .bind(&pending.last_key)
    .bind(pending.import_id)
    .bind(&pending.done_key)
    .fetch_all(connection)
    .await
}
