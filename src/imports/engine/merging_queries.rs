//! The SQL of merging: ranges, the checkpoint of a batch, and the end.

use super::claim::Claim;
use super::merging::BatchCounts;
use super::ranges::Range;
use sqlx::{PgConnection, PgExecutor};

pub async fn ranges(connection: &mut PgConnection, import_id: i64) -> sqlx::Result<Vec<Range>> {
    sqlx::query_as(
        "SELECT number, after_key, until_key, done_key, done FROM import_ranges WHERE import_id = $1 ORDER BY number",
    )
    .bind(import_id)
    .fetch_all(connection)
    .await
}

pub async fn add_range(connection: &mut PgConnection, import_id: i64, range: &Range) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO import_ranges (import_id, number, after_key, until_key) VALUES ($1, $2, $3, $4)")
        .bind(import_id)
        .bind(range.number)
        .bind(&range.after_key)
        .bind(&range.until_key)
        .execute(connection)
        .await?;
    Ok(())
}

/// Moves a range's checkpoint; `None` for the key closes the range.
pub async fn move_range(
    connection: &mut PgConnection,
    import_id: i64,
    number: i32,
    done_key: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE import_ranges SET done_key = coalesce($3, done_key), done = ($3::text IS NULL)
         WHERE import_id = $1 AND number = $2",
    )
    .bind(import_id)
    .bind(number)
    .bind(done_key)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a batch to the counts; `false` where the claim is lost and the batch must not be committed.
pub async fn count_batch(connection: &mut PgConnection, claim: Claim, counts: &BatchCounts) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET created = created + $3, updated = updated + $4, unchanged = unchanged + $5,
                skipped = skipped + $6, duplicates = duplicates + $7, attempts = 0, last_error = NULL
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .bind(counts.products.created)
    .bind(counts.products.updated)
    .bind(counts.products.unchanged)
    .bind(counts.products.skipped)
    .bind(counts.duplicates)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes the import `done`; `false` where the claim is lost or something is not accounted for.
pub async fn finish(executor: impl PgExecutor<'_>, claim: Claim) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET state = 'done', phase = 'over', claim = NULL, lease_until = NULL,
                finished_at = clock_timestamp()
         WHERE id = $1 AND claim = $2
           AND rows_read = created + updated + unchanged + duplicates + skipped + rejected
           AND NOT EXISTS (SELECT FROM import_ranges WHERE import_id = $1 AND NOT done)",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sends an import back to be read again: its staged rows are gone.
pub async fn read_again(executor: impl PgExecutor<'_>, claim: Claim) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE imports SET read_at = NULL, reading = NULL, phase = 'reading', claim = NULL, lease_until = now()
         WHERE id = $1 AND claim = $2",
    )
    .bind(claim.import_id)
    .bind(claim.token)
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}
