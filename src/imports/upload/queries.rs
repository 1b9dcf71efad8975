//! The SQL of receiving. Times are the database's, so that all processes agree on them.
//!
//! Every statement that changes an import names the state it expects, and those of a writer name the writer:
//! nothing changed means that someone else was faster.

use super::options::Options;
use crate::imports::{Import, State};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// An import about to be made.
pub(super) struct NewUpload<'a> {
    pub options: &'a Options,
    pub bytes_total: Option<i64>,
    pub metadata: Option<&'a str>,
    pub writer: Option<Uuid>,
    pub expires_in: Duration,
}

/// Makes an import that waits for its bytes; an empty file is complete at once.
pub(super) async fn create(pool: &PgPool, new: &NewUpload<'_>) -> sqlx::Result<Import> {
    sqlx::query_as(
        "INSERT INTO imports (filename, source, mode, new_status, state, phase, bytes_total, upload_metadata,
                              upload_writer, upload_expires_at)
         SELECT $1, 'upload', $2, $3, CASE WHEN complete THEN 'queued' ELSE 'uploading' END,
                CASE WHEN complete THEN 'reading' ELSE 'receiving' END, $4, $5, $6,
                CASE WHEN complete THEN NULL ELSE now() + make_interval(secs => $7) END
         FROM (SELECT COALESCE($4 = 0, false) AS complete) AS file
         RETURNING *",
    )
    .bind(&new.options.filename)
    .bind(new.options.mode)
    .bind(new.options.new_status)
    .bind(new.bytes_total)
    .bind(new.metadata)
    .bind(new.writer)
    .bind(new.expires_in.as_secs_f64())
    .fetch_one(pool)
    .await
}

/// How an upload stands.
#[derive(sqlx::FromRow)]
pub(super) struct Standing {
    pub state: State,
    pub bytes_received: i64,
    pub bytes_total: Option<i64>,
    pub expires_at: Option<DateTime<Utc>>,
    pub expired: bool,
    pub metadata: Option<String>,
}

/// How the upload of import `id` stands.
pub(super) async fn find(pool: &PgPool, id: i64) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as(
        "SELECT state, bytes_received, bytes_total, upload_expires_at AS expires_at, upload_metadata AS metadata,
                state = 'uploading' AND COALESCE(upload_expires_at <= now(), false) AS expired
         FROM imports WHERE id = $1 AND source = 'upload'",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// The whole import.
pub(super) async fn import(pool: &PgPool, id: i64) -> sqlx::Result<Import> {
    sqlx::query_as("SELECT * FROM imports WHERE id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
}

/// Makes `writer` the one that may add bytes, if the next one to add is still the one at `offset`.
pub(super) async fn take_over(
    pool: &PgPool,
    id: i64,
    writer: Uuid,
    offset: i64,
    expires_in: Duration,
) -> sqlx::Result<bool> {
    let taken = sqlx::query(
        "UPDATE imports SET upload_writer = $2, upload_expires_at = now() + make_interval(secs => $4)
         WHERE id = $1 AND source = 'upload' AND state = 'uploading' AND bytes_received = $3
           AND bytes_total IS NOT NULL AND upload_expires_at > now()",
    )
    .bind(id)
    .bind(writer)
    .bind(offset)
    .bind(expires_in.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// A piece that counts, or is about to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeptPiece {
    /// Where in the file it begins.
    pub start: i64,
    /// How long it is.
    pub size_bytes: i64,
    /// Where its bytes are in the file storage.
    pub key: String,
}

/// Lets `pieces`, which follow each other from `start`, count. The one statement that moves `bytes_received`;
/// with the last byte it makes the file complete.
pub(super) async fn advance(
    pool: &PgPool,
    id: i64,
    writer: Uuid,
    expires_in: Duration,
    pieces: &[KeptPiece],
) -> sqlx::Result<bool> {
    let starts: Vec<i64> = pieces.iter().map(|piece| piece.start).collect();
    let sizes: Vec<i64> = pieces.iter().map(|piece| piece.size_bytes).collect();
    let keys: Vec<&str> = pieces.iter().map(|piece| piece.key.as_str()).collect();
    let advanced = sqlx::query(
        "WITH advanced AS (
             UPDATE imports SET
                 bytes_received = bytes_received + $4,
                 upload_expires_at = CASE WHEN bytes_received + $4 = bytes_total THEN NULL
                                          ELSE now() + make_interval(secs => $5) END,
                 state = CASE WHEN bytes_received + $4 IS DISTINCT FROM bytes_total THEN state
                              WHEN started_at IS NULL THEN 'queued' ELSE 'running' END,
                 phase = CASE WHEN bytes_received + $4 = bytes_total AND phase = 'receiving' THEN 'reading'
                              ELSE phase END
             WHERE id = $1 AND upload_writer = $2 AND bytes_received = $3 AND state = 'uploading'
             RETURNING id)
         INSERT INTO import_pieces (import_id, start, size_bytes, key)
         SELECT advanced.id, piece.* FROM advanced, unnest($6::bigint[], $7::bigint[], $8::text[]) AS piece",
    )
    .bind(id)
    .bind(writer)
    .bind(starts.first())
    .bind(sizes.iter().sum::<i64>())
    .bind(expires_in.as_secs_f64())
    .bind(&starts)
    .bind(&sizes)
    .bind(&keys)
    .execute(pool)
    .await?;
    Ok(advanced.rows_affected() > 0)
}

/// Whether this very piece counts already: the answer to a commit whose answer got lost.
pub(super) async fn counts(pool: &PgPool, id: i64, piece: &KeptPiece) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM import_pieces WHERE import_id = $1 AND start = $2 AND key = $3)")
        .bind(id)
        .bind(piece.start)
        .bind(&piece.key)
        .fetch_one(pool)
        .await
}

/// Pieces that count, from the one that holds the byte at `offset` on, at most `limit` of them in order.
pub async fn pieces_from(pool: &PgPool, import_id: i64, offset: i64, limit: i64) -> sqlx::Result<Vec<KeptPiece>> {
    sqlx::query_as(
        "SELECT start, size_bytes, key FROM import_pieces
         WHERE import_id = $1 AND start + size_bytes > $2
           AND start >= COALESCE((SELECT max(start) FROM import_pieces WHERE import_id = $1 AND start <= $2), 0)
         ORDER BY start LIMIT $3",
    )
    .bind(import_id)
    .bind(offset)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Makes a file complete whose size nobody knew before.
pub(super) async fn complete(pool: &PgPool, id: i64, writer: Uuid) -> sqlx::Result<bool> {
    let completed = sqlx::query(
        "UPDATE imports SET bytes_total = bytes_received, upload_expires_at = NULL,
                state = CASE WHEN started_at IS NULL THEN 'queued' ELSE 'running' END,
                phase = CASE WHEN phase = 'receiving' THEN 'reading' ELSE phase END
         WHERE id = $1 AND upload_writer = $2 AND state = 'uploading'",
    )
    .bind(id)
    .bind(writer)
    .execute(pool)
    .await?;
    Ok(completed.rows_affected() == 1)
}

/// Whether `writer` has done that already: a file's size is unknown until then.
pub(super) async fn is_completed(pool: &PgPool, id: i64, writer: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM imports WHERE id = $1 AND upload_writer = $2 AND bytes_total = bytes_received)",
    )
    .bind(id)
    .bind(writer)
    .fetch_one(pool)
    .await
}

/// Ends an import whose bytes `writer` could not bring in. Taking the claim away stops a worker that reads it.
pub(super) async fn fail(pool: &PgPool, id: i64, writer: Uuid, error: &str) -> sqlx::Result<bool> {
    let failed = sqlx::query(
        "UPDATE imports SET state = 'failed', phase = 'over', error = $3, finished_at = now(), claim = NULL,
                lease_until = NULL, upload_expires_at = NULL
         WHERE id = $1 AND upload_writer = $2 AND state = 'uploading'",
    )
    .bind(id)
    .bind(writer)
    .bind(error)
    .execute(pool)
    .await?;
    Ok(failed.rows_affected() == 1)
}

/// Ends an import that is still being uploaded.
pub(super) async fn cancel(pool: &PgPool, id: i64) -> sqlx::Result<bool> {
    let cancelled = sqlx::query(
        "UPDATE imports SET state = 'cancelled', phase = 'over', finished_at = now(), claim = NULL,
                lease_until = NULL, upload_expires_at = NULL
         WHERE id = $1 AND source = 'upload' AND state = 'uploading'",
    )
    .bind(id)
    .execute(pool)
    .await?;
    Ok(cancelled.rows_affected() == 1)
}

/// Ends uploads that nobody went on with, and tells which.
pub(super) async fn expire(pool: &PgPool, error: &str) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "UPDATE imports SET state = 'failed', phase = 'over', error = $1, finished_at = now(), claim = NULL,
                lease_until = NULL, upload_expires_at = NULL
         WHERE state = 'uploading' AND upload_expires_at <= now()
         RETURNING id",
    )
    .bind(error)
    .fetch_all(pool)
    .await
}

/// Imports that have been over for `keep_for` and still have their file.
pub(super) async fn with_old_files(pool: &PgPool, keep_for: Duration) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "SELECT id FROM imports
         WHERE state IN ('done', 'failed', 'cancelled') AND file_removed_at IS NULL
           AND finished_at <= now() - make_interval(secs => $1)
         ORDER BY id",
    )
    .bind(keep_for.as_secs_f64())
    .fetch_all(pool)
    .await
}

/// Which of these imports have no file, or are unknown.
pub(super) async fn without_file(pool: &PgPool, ids: &[i64]) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "SELECT id FROM unnest($1::bigint[]) AS id
         WHERE NOT EXISTS (SELECT FROM imports WHERE imports.id = id.id AND file_removed_at IS NULL)",
    )
    .bind(ids)
    .fetch_all(pool)
    .await
}

/// Forgets the pieces of a file that has been removed.
pub(super) async fn forget_file(pool: &PgPool, id: i64) -> sqlx::Result<()> {
    sqlx::query(
        "WITH forgotten AS (DELETE FROM import_pieces WHERE import_id = $1)
         UPDATE imports SET file_removed_at = now() WHERE id = $1",
    )
    .bind(id)
    .execute(pool)
    .await?;
    Ok(())
}
