//! The SQL of looking at imports and ending them.

use super::import::{Column, Entity, Import};
use crate::catalog;
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use sqlx::PgPool;

/// Rejected rows are fetched in pages of about this size; the last row of a page is whole even if it goes beyond.
const PAGE_BYTES: i64 = 1 << 20;

/// A rejected row as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Rejection {
    pub number: i64,
    pub line: i64,
    pub reason: String,
    /// A JSON array of strings.
    pub fields: Vec<u8>,
}

/// One import.
pub async fn find(orm: &DatabaseConnection, id: i64) -> Result<Option<Import>, DbErr> {
    Entity::find_by_id(id).one(orm).await
}

/// The file names of these imports.
pub async fn names(orm: &DatabaseConnection, ids: &[i64]) -> Result<Vec<(i64, String)>, DbErr> {
    use sea_orm::ColumnTrait as _;
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::Filename])
        .filter(Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(orm)
        .await
}

/// Imports, newest first, older than `before`.
pub async fn list(orm: &DatabaseConnection, before: Option<i64>, limit: u64) -> Result<Vec<Import>, DbErr> {
    use sea_orm::ColumnTrait as _;
    let mut query = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.all(orm).await
}

/// The newest imports that added or changed something.
pub async fn with_changes(orm: &DatabaseConnection, limit: u64) -> Result<Vec<Import>, DbErr> {
    use sea_orm::{ColumnTrait as _, Condition};
    let has_changes = Condition::any().add(Column::Created.gt(0)).add(Column::Updated.gt(0));
    let query = Entity::find().filter(has_changes).order_by_desc(Column::Id);
    query.limit(limit).all(orm).await
}

/// The imports that are not over, oldest first.
pub async fn running(orm: &DatabaseConnection) -> Result<Vec<Import>, DbErr> {
    use sea_orm::ColumnTrait as _;
    Entity::find()
        .filter(Column::State.is_in(["uploading", "queued", "running"]))
        .order_by_asc(Column::Id)
        .all(orm)
        .await
}

/// Ends an import that is not over. A worker that is at it finds its claim gone and writes nothing more.
pub async fn cancel(pool: &PgPool, id: i64) -> sqlx::Result<bool> {
    let mut transaction = pool.begin().await?;
    let done = sqlx::query(
        "UPDATE imports SET state = 'cancelled', phase = 'over', claim = NULL, lease_until = NULL,
                upload_writer = NULL, finished_at = clock_timestamp()
         WHERE id = $1 AND state IN ('uploading', 'queued', 'running')",
    )
    .bind(id)
    .execute(&mut *transaction)
    .await?;
    catalog::end_merge(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// After which number the newest rejected rows begin, at most `limit` of them and none up to number `after`.
pub async fn newest_rejections_begin(pool: &PgPool, id: i64, after: i64, limit: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT coalesce(
             (SELECT number FROM import_rejections
              WHERE import_id = $1 AND number > $2 ORDER BY number DESC OFFSET $3 LIMIT 1),
             $2)",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .fetch_one(pool)
    .await
}

/// The next rejected rows after number `after`, at most `limit`, and no more once they have [`PAGE_BYTES`]: a row
/// may be very long, and a reader slow. The server tells lengths without fetching the rows.
pub async fn next_rejections(pool: &PgPool, id: i64, after: i64, limit: i64) -> sqlx::Result<Vec<Rejection>> {
    sqlx::query_as(
        "SELECT number, line, reason, fields FROM (
             SELECT number, line, reason, fields, octet_length(fields) AS bytes,
                    sum(octet_length(fields)) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING) AS bytes_so_far
             FROM (SELECT number, line, reason, fields FROM import_rejections
                   WHERE import_id = $1 AND number > $2 ORDER BY number LIMIT $3) AS next
         ) AS measured
         WHERE bytes_so_far - bytes < $4
         ORDER BY number",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .bind(PAGE_BYTES)
    .fetch_all(pool)
    .await
}

/// Fails imports of terminals whose process is gone before their file was read: nobody else has the file.
pub async fn fail_orphans(pool: &PgPool) -> sqlx::Result<u64> {
    let mut transaction = pool.begin().await?;
    let failed: Vec<i64> = sqlx::query_scalar(
        "UPDATE imports SET state = 'failed', phase = 'over', claim = NULL, lease_until = NULL,
                finished_at = clock_timestamp(),
                error = 'The terminal in which this import ran was closed before the file could be read to its end. '
                     || CASE WHEN created + updated = 0 THEN 'Nothing was changed. '
                             ELSE 'What was counted so far stays in the catalogue. ' END
                     || 'Run the command again.'
         WHERE source = 'terminal' AND state = 'running' AND read_at IS NULL
           AND coalesce(lease_until, started_at) < now() - interval '1 minute'
         RETURNING id",
    )
    .fetch_all(&mut *transaction)
    .await?;
    for id in &failed {
        catalog::end_merge(&mut transaction, *id).await?;
    }
    transaction.commit().await?;
    Ok(failed.len() as u64)
}

/// Takes imports that are over out of those that are being merged. A process of the release before knows nothing of
/// that and may have ended one while the schema was this new already.
pub async fn end_forgotten_merges(pool: &PgPool) -> sqlx::Result<()> {
    let merging = catalog::merging(pool).await?;
    let over: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM imports WHERE id = ANY($1) AND state IN ('done', 'failed', 'cancelled')")
            .bind(merging)
            .fetch_all(pool)
            .await?;
    let mut connection = pool.acquire().await?;
    for id in over {
        catalog::end_merge(&mut connection, id).await?;
    }
    Ok(())
}
