//! The SQL of looking at webhooks. Lists and single webhooks go through SeaORM.

use super::health::MOST_WAITING;
use super::webhook::{ActiveModel, Column, Entity, Webhook};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseConnection, DbErr, EntityTrait as _, ExprTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use sqlx::PgPool;

/// How a webhook's sending has been.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct Sending {
    pub webhook_id: i64,
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when its receiver wants to be left alone, where that is still to come.
    pub rest_until: Option<DateTime<Utc>>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    /// Counted up to one more than [`MOST_WAITING`].
    pub waiting: i64,
}

/// What was sent to a webhook in an hour.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct HourRow {
    pub webhook_id: i64,
    /// The current hour is 0.
    pub hours_ago: i32,
    pub delivered: i64,
    pub failed: i64,
}

/// One webhook.
pub async fn find(orm: &DatabaseConnection, id: i64) -> Result<Option<Webhook>, DbErr> {
    Entity::find_by_id(id).one(orm).await
}

/// Webhooks, newest first, older than `before`.
pub async fn list(orm: &DatabaseConnection, before: Option<i64>, limit: u64) -> Result<Vec<Webhook>, DbErr> {
    let mut query = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.all(orm).await
}

/// Adds a webhook.
pub async fn insert(orm: &DatabaseConnection, webhook: ActiveModel) -> Result<Webhook, DbErr> {
    webhook.insert(orm).await
}

/// Changes a webhook that is still of that version; `None` where it is not, or is gone.
pub async fn update(
    orm: &DatabaseConnection,
    id: i64,
    version: i32,
    changes: ActiveModel,
) -> Result<Option<Webhook>, DbErr> {
    let changed = Entity::update_many()
        .set(changes)
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::current_timestamp())
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(version))
        .exec_with_returning(orm)
        .await?;
    Ok(changed.into_iter().next())
}

/// Removes a webhook; `false` where there is none. Its deliveries are swept later.
pub async fn delete(orm: &DatabaseConnection, id: i64) -> Result<bool, DbErr> {
    let deleted = Entity::delete_by_id(id).exec(orm).await?;
    Ok(deleted.rows_affected == 1)
}

/// How the sending to these webhooks has been.
pub async fn sending(pool: &PgPool, ids: &[i64]) -> sqlx::Result<Vec<Sending>> {
    sqlx::query_as(
        "SELECT asked.id AS webhook_id, failing_since, CASE WHEN rest_until > now() THEN rest_until END AS rest_until,
                last_attempt_at, last_status, last_error,
                (SELECT count(*) FROM (SELECT FROM webhook_deliveries
                                       WHERE webhook_id = asked.id AND state = 'pending' LIMIT $2) AS pending) AS waiting
         FROM unnest($1::bigint[]) AS asked (id) LEFT JOIN webhook_lanes ON webhook_lanes.webhook_id = asked.id",
    )
    .bind(ids)
    .bind(MOST_WAITING + 1)
    .fetch_all(pool)
    .await
}

/// What was sent to these webhooks in each of the last 24 hours.
pub async fn hours(pool: &PgPool, ids: &[i64]) -> sqlx::Result<Vec<HourRow>> {
    sqlx::query_as(
        "SELECT webhook_id, (extract(epoch FROM date_trunc('hour', now()) - hour) / 3600)::int AS hours_ago,
                delivered, failed
         FROM webhook_hours
         WHERE webhook_id = ANY($1) AND hour > date_trunc('hour', now()) - interval '24 hours'",
    )
    .bind(ids)
    .fetch_all(pool)
    .await
}

/// Gives a webhook another secret and keeps the one before for a day; `false` where there is no such webhook, or where
/// there is one before already, which somebody may still go by.
pub async fn replace_secret(pool: &PgPool, id: i64, secret: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE webhooks SET previous_secret = secret, previous_secret_until = now() + interval '1 day', secret = $2,
                version = version + 1, updated_at = now()
         WHERE id = $1 AND (previous_secret_until IS NULL OR previous_secret_until <= now())",
    )
    .bind(id)
    .bind(secret)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}
