//! The SQL of the step that indexes.

use super::builder::{self, Built};
use super::columns::{Chunk, Column, Place};
use super::grams::Names;
use super::pages::Cutter;
use crate::platform::copy::CopyIn;
use crate::platform::giving_way::Courtesy;
use anyhow::Result;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use roaring::RoaringBitmap;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, PgPool, Postgres, Row as _, Transaction};
use std::time::Duration;

/// What connections are called while they index, for whoever has to end the step (`clearing/queries.rs`).
pub const APPLICATION_NAME: &str = "search index";
/// Only one process indexes at a time. The number is this lock's name.
const INDEX_LOCK: i64 = 0x7365_6172_6368;

/// A row of `search_changes`.
#[derive(Debug, sqlx::FromRow)]
pub struct Change {
    pub id: i64,
    pub product_ids: Option<Vec<i64>>,
    pub sku_keys: Option<Vec<String>>,
    pub import_id: Option<i64>,
    pub first_key: Option<String>,
    pub last_key: Option<String>,
    pub done_key: Option<String>,
}

/// Begins a step: everything in it sees one state of the catalogue. `None` while another process is at it.
pub async fn begin(pool: &PgPool) -> sqlx::Result<Option<Transaction<'static, Postgres>>> {
    let mut transaction = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(INDEX_LOCK)
        .fetch_one(&mut *transaction)
        .await?;
    if !is_ours {
        return Ok(None);
    }
    // A new table has no statistics yet; a range of keys is best read by their index in any case.
    sqlx::query(
        "SELECT set_config('application_name', $1, true), set_config('jit', 'off', true),
                set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)",
    )
    .bind(APPLICATION_NAME)
    .execute(&mut *transaction)
    .await?;
    Ok(Some(transaction))
}

/// Whether anything has changed since the last step.
pub async fn has_changes(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM search_changes WHERE NOT set_aside)")
        .fetch_one(pool)
        .await
}

/// Whether all that has changed did so within that time and there may soon be more: changes by hand, and those of
/// imports that are being merged. `None` when nothing has changed.
pub async fn are_gathering(pool: &PgPool, within: Duration) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar(
        "SELECT min(noted_at) > clock_timestamp() - make_interval(secs => $1)
                AND (count(*) FILTER (WHERE product_ids IS NULL) = 0 OR EXISTS (SELECT FROM catalogue_merges))
         FROM search_changes WHERE NOT set_aside",
    )
    .bind(within.as_secs_f64())
    .fetch_one(pool)
    .await
}

/// The oldest changes, of about `most_products` products together, and at least one.
pub async fn changes(connection: &mut PgConnection, most_products: i64) -> sqlx::Result<Vec<Change>> {
    sqlx::query_as(
        "SELECT id, product_ids, sku_keys, import_id, first_key, last_key, done_key FROM (
             SELECT *, sum(products) OVER (ORDER BY id) - products AS products_before
             FROM search_changes WHERE NOT set_aside
         ) AS change
         WHERE products_before < $1 ORDER BY import_id, first_key, id",
    )
    .bind(most_products)
    .fetch_all(connection)
    .await
}

/// The products of a change that names none, in the order of their keys.
pub fn all_after<'a>(
    connection: &'a mut PgConnection,
    done_key: Option<&'a str>,
) -> BoxStream<'a, sqlx::Result<PgRow>> {
    sqlx::query(
        "SELECT id, version, sku, sku_key, name, description, active, import_id, created_at, updated_at
         FROM products WHERE $1::text IS NULL OR sku_key > $1 ORDER BY sku_key",
    )
    .bind(done_key)
    .fetch(connection)
}

/// The products that an import wrote between two keys, both included, in the order of their keys.
pub fn imported<'a>(connection: &'a mut PgConnection, change: &'a Change) -> BoxStream<'a, sqlx::Result<PgRow>> {
    sqlx::query(
        "SELECT id, version, sku, sku_key, name, description, active, import_id, created_at, updated_at
         FROM products
         WHERE sku_key >= $1 AND sku_key <= $2 AND import_id = $3 AND ($4::text IS NULL OR sku_key > $4)
         ORDER BY sku_key",
    )
    .bind(&change.first_key)
    .bind(&change.last_key)
    .bind(change.import_id)
    .bind(&change.done_key)
    .fetch(connection)
}

/// The ids of the products with those keys.
pub async fn ids_of_keys(connection: &mut PgConnection, keys: &[String]) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("SELECT id FROM products WHERE sku_key = ANY($1)")
        .bind(keys)
        .fetch_all(connection)
        .await
}

/// The products with those ids, in the order of their keys.
pub fn of_ids<'a>(connection: &'a mut PgConnection, ids: &'a [i64]) -> BoxStream<'a, sqlx::Result<PgRow>> {
    sqlx::query(
        "SELECT id, version, sku, sku_key, name, description, active, import_id, created_at, updated_at
         FROM products WHERE id = ANY($1) ORDER BY sku_key",
    )
    .bind(ids)
    .fetch(connection)
}

/// The id in a row of [`all_after`], [`imported`] or [`of_ids`].
pub fn id(row: &PgRow) -> sqlx::Result<i64> {
    row.try_get(0)
}

/// Reads of such a row what orders it.
pub fn place(row: &PgRow) -> sqlx::Result<Place<'_>> {
    Ok(Place {
        id: row.try_get(0)?,
        version: row.try_get(1)?,
        sku_key: text(row, 3)?,
        name: text(row, 4)?,
        created_at: row.try_get::<DateTime<Utc>, _>(8)?.timestamp_micros(),
        updated_at: row.try_get::<DateTime<Utc>, _>(9)?.timestamp_micros(),
    })
}

/// Reads of such a row what it is found by besides its description.
pub fn names(row: &PgRow) -> sqlx::Result<Names<'_>> {
    Ok(Names {
        sku: text(row, 2)?,
        name: text(row, 4)?,
        active: row.try_get(6)?,
        import_id: row.try_get(7)?,
    })
}

/// Reads the description in such a row.
pub fn description(row: &PgRow) -> sqlx::Result<&str> {
    text(row, 5)
}

/// A text of a row. All texts of an import are read here, and a tenth of that work was to check that they are UTF-8,
/// character by character.
fn text(row: &PgRow, column: usize) -> sqlx::Result<&str> {
    let bytes = row.try_get_raw(column)?.as_bytes().map_err(sqlx::Error::Decode)?;
    simdutf8::basic::from_utf8(bytes).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Some chunks of a segment's column, in order; all of them if none are named.
pub async fn chunks(
    connection: &mut PgConnection,
    segment_id: i64,
    column: Column,
    numbers: Option<&[i32]>,
) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar(
        "SELECT bytes FROM search_columns
         WHERE segment_id = $1 AND kind = $2 AND ($3::integer[] IS NULL OR chunk = ANY($3)) ORDER BY chunk",
    )
    .bind(segment_id)
    .bind(column as i16)
    .bind(numbers)
    .fetch_all(connection)
    .await
}

/// A new segment's id.
pub async fn add_segment(connection: &mut PgConnection, products: usize) -> sqlx::Result<i64> {
    sqlx::query_scalar("INSERT INTO search_segments (products) VALUES ($1) RETURNING id")
        .bind(products as i32)
        .fetch_one(connection)
        .await
}

/// Writes the grams of a segment and its columns.
pub async fn add_chunks(
    connection: &mut PgConnection,
    courtesy: &mut Courtesy,
    segment_id: i64,
    built: Built,
) -> Result<()> {
    let [mut one, mut other] = built.grams;
    // A thread that has failed says so now, and not while something is copied: that could not be ended well.
    builder::first(&mut one, &mut other).await?;
    let statement = "COPY search_columns (segment_id, kind, chunk, bytes) FROM STDIN (FORMAT binary)";
    let mut copy = CopyIn::begin(connection, statement, 4).await?;
    let (mut cutter, mut chunks) = (Cutter::default(), Vec::new());
    while let Some(next) = builder::first(&mut one, &mut other).await? {
        next.move_to(&mut cutter, |chunk| chunks.push(chunk));
        for chunk in chunks.drain(..) {
            add_chunk(&mut copy, segment_id, &chunk).await?;
            courtesy.show().await;
        }
    }
    for chunk in cutter.finish().iter().chain(&built.columns.await?) {
        add_chunk(&mut copy, segment_id, chunk).await?;
    }
    copy.finish().await?;
    Ok(())
}

async fn add_chunk(copy: &mut CopyIn<'_>, segment_id: i64, (column, number, bytes): &Chunk) -> sqlx::Result<()> {
    let row = copy.row().await?;
    row.int8(segment_id).int2(*column as i16).int4(*number).bytea(bytes);
    Ok(())
}

/// Says which products of a segment no longer count.
pub async fn set_dead(connection: &mut PgConnection, segment_id: i64, dead: &RoaringBitmap) -> sqlx::Result<()> {
    let mut bytes = Vec::with_capacity(dead.serialized_size());
    dead.serialize_into(&mut bytes)?;
    sqlx::query("UPDATE search_segments SET dead = $2, dead_products = $3 WHERE id = $1")
        .bind(segment_id)
        .bind(bytes)
        .bind(dead.len() as i32)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes segments.
pub async fn remove_segments(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    for statement in [
        "DELETE FROM search_columns WHERE segment_id = ANY($1)",
        "DELETE FROM search_segments WHERE id = ANY($1)",
    ] {
        sqlx::query(statement).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Forgets changes that have been indexed.
pub async fn remove_changes(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM search_changes WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes how far a change has been indexed.
pub async fn advance_change(connection: &mut PgConnection, id: i64, done_key: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE search_changes SET done_key = $2 WHERE id = $1")
        .bind(id)
        .bind(done_key)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets the segments of a catalogue that was deleted, or of the one that is there. What they are made of stays
/// until somebody has time for it: that may be hundreds of thousands of rows.
pub async fn forget_segments(connection: &mut PgConnection, is_set_aside: bool) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM search_segments WHERE set_aside = $1")
        .bind(is_set_aside)
        .execute(connection)
        .await?;
    Ok(())
}

/// The segments of which nothing but their columns is left. Each segment is found by one step along the
/// primary key.
pub async fn forgotten_segments(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "WITH RECURSIVE built (id) AS (
             SELECT min(segment_id) FROM search_columns
             UNION ALL
             SELECT (SELECT min(segment_id) FROM search_columns WHERE segment_id > built.id)
             FROM built WHERE built.id IS NOT NULL
         )
         SELECT id FROM built
         WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM search_segments WHERE search_segments.id = built.id)",
    )
    .fetch_all(executor)
    .await
}

/// Forgets the changes of a catalogue that was deleted.
pub async fn remove_changes_set_aside(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM search_changes WHERE set_aside")
        .execute(connection)
        .await?;
    Ok(())
}

/// Sets aside what counts now.
pub async fn mark_set_aside(connection: &mut PgConnection) -> sqlx::Result<()> {
    for statement in [
        "UPDATE search_changes SET set_aside = true",
        "UPDATE search_segments SET set_aside = true",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Lets what was set aside count again, and forgets changes since.
pub async fn mark_brought_back(connection: &mut PgConnection) -> sqlx::Result<()> {
    for statement in [
        "DELETE FROM search_changes WHERE NOT set_aside",
        "UPDATE search_changes SET set_aside = false",
        "UPDATE search_segments SET set_aside = false",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}
