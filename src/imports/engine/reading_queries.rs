//! The SQL of reading: pieces, progress and checkpoints.

use super::claim::Claim;
use super::reading::{Checkpoint, Progress};
use crate::imports::import::{Mode, NewStatus};
use crate::imports::read::Rejected;
use crate::platform::copy::CopyIn;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool};

/// How much of an upload is here.
#[derive(sqlx::FromRow)]
pub struct Arrived {
    pub bytes_received: i64,
    pub is_complete: bool,
}

pub async fn arrived(pool: &PgPool, import_id: i64) -> sqlx::Result<Arrived> {
    sqlx::query_as("SELECT bytes_received, state <> 'uploading' AS is_complete FROM imports WHERE id = $1")
        .bind(import_id)
        .fetch_one(pool)
        .await
}

/// Starts a terminal's import, claimed by its process.
pub async fn create_terminal(
    pool: &PgPool,
    filename: &str,
    bytes_total: i64,
    mode: Mode,
    new_status: NewStatus,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO imports (filename, source, mode, new_status, state, phase, bytes_total, bytes_received,
                started_at, lease_until)
         VALUES ($1, 'terminal', $2, $3, 'running', 'reading', $4, $4, now(), now())
         RETURNING id",
    )
    .bind(filename)
    .bind(mode.as_str())
    .bind(new_status.as_str())
    .bind(bytes_total)
    .fetch_one(pool)
    .await
}

/// Keeps the claim from changing hands until the transaction ends; `false` where it is lost already.
pub async fn lock_claim(connection: &mut PgConnection, claim: Claim) -> sqlx::Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("SELECT id FROM imports WHERE id = $1 AND claim = $2 FOR UPDATE")
        .bind(claim.import_id)
        .bind(claim.token)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// The number of the last rejected row that is kept.
pub async fn last_rejection(connection: &mut PgConnection, import_id: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM import_rejections WHERE import_id = $1")
        .bind(import_id)
        .fetch_one(connection)
        .await
}

/// Keeps rejected rows, the first of which is number `first`.
pub async fn keep_rejections(
    connection: &mut PgConnection,
    import_id: i64,
    first: i64,
    rejected: &[Rejected],
) -> anyhow::Result<()> {
    if rejected.is_empty() {
        return Ok(());
    }
    let statement = "COPY import_rejections (import_id, number, line, reason, fields) FROM STDIN (FORMAT binary)";
    let mut copy = CopyIn::begin(connection, statement, 5).await?;
    for (number, row) in (first..).zip(rejected) {
        let fields = serde_json::to_vec(&row.fields)?;
        copy.row()
            .await?
            .int8(import_id)
            .int8(number)
            .int8(row.line as i64)
            .text(&row.reason)
            .bytea(&fields);
    }
    Ok(copy.finish().await?)
}

/// Tells how far reading is; `false` where the claim is lost.
pub async fn record_progress(executor: impl PgExecutor<'_>, claim: Claim, progress: &Progress) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET bytes_read = greatest(bytes_read, $3), rows_read = greatest(rows_read, $4),
                rejected = greatest(rejected, $5), columns = $6, warnings = $7
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .bind(progress.bytes_read as i64)
    .bind(progress.rows_read as i64)
    .bind(progress.rejected as i64)
    .bind(Json(&progress.columns))
    .bind(Json(&progress.warnings))
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Moves the checkpoint; `false` where the claim is lost.
pub async fn record_checkpoint(
    executor: impl PgExecutor<'_>,
    claim: Claim,
    checkpoint: &Checkpoint,
    is_end: bool,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET reading = $3, attempts = 0, last_error = NULL,
                read_at = CASE WHEN $4 THEN clock_timestamp() END,
                merge_turn = CASE WHEN $4 THEN coalesce(merge_turn, clock_timestamp()) ELSE merge_turn END,
                phase = CASE WHEN $4 THEN 'waiting' ELSE phase END,
                claim = CASE WHEN $4 THEN NULL ELSE claim END,
                lease_until = CASE WHEN $4 THEN NULL ELSE lease_until END
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .bind(Json(checkpoint))
    .bind(is_end)
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}
