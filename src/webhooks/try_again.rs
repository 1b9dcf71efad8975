//! Trying deliveries again that somebody asks for: one at once, or all that failed since a time, at a pace.
//!
//! Trying many again is a row that tells how far it is. Each piece and the next place are one transaction, so a killed
//! worker's work goes on where it was, and cancelling takes effect between two pieces.

use super::Rings;
use super::retry_queries::{self as queries, Step};
use crate::platform::stopping::Stopping;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use std::time::Duration;

/// How many deliveries become due at once, and how long after them the next ones do: a receiver that has just come back
/// must not be overwhelmed.
const PIECE: i64 = 50;
const PIECE_EVERY: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Deliveries that are tried again, all that failed since a time.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
#[allow(missing_docs, reason = "the columns are explained in the migration")]
pub struct Retry {
    pub id: i64,
    pub webhook_id: i64,
    pub since: DateTime<Utc>,
    pub expected: i64,
    pub done: i64,
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Has a delivery tried again now, whatever came of it; its place in the schedule is the first again. `false` where
/// there is no such delivery.
///
/// # Errors
/// Those of the database.
pub async fn try_again(pool: &PgPool, delivery_id: i64) -> sqlx::Result<bool> {
    queries::try_again(pool, delivery_id).await
}

/// How many deliveries to a webhook have failed since a time.
///
/// # Errors
/// Those of the database.
pub async fn failed_since(pool: &PgPool, webhook_id: i64, since: DateTime<Utc>) -> sqlx::Result<i64> {
    queries::failed_since(pool, webhook_id, since).await
}

/// Begins to try all deliveries to a webhook again that have failed since a time.
///
/// # Errors
/// Those of the database.
pub async fn try_all_again(pool: &PgPool, webhook_id: i64, since: DateTime<Utc>) -> sqlx::Result<Retry> {
    queries::begin(pool, webhook_id, since).await
}

/// How far it is.
///
/// # Errors
/// Those of the database.
pub async fn retry(pool: &PgPool, id: i64) -> sqlx::Result<Option<Retry>> {
    queries::find(pool, id).await
}

/// The newest one of a webhook.
///
/// # Errors
/// Those of the database.
pub async fn newest_retry(pool: &PgPool, webhook_id: i64) -> sqlx::Result<Option<Retry>> {
    queries::newest(pool, webhook_id).await
}

/// Ends it. What was begun is still tried again. `false` where it was over.
///
/// # Errors
/// Those of the database.
pub async fn cancel_retry(pool: &PgPool, id: i64) -> sqlx::Result<bool> {
    queries::cancel(pool, id).await
}

/// Goes on with what is to be tried again until the process is to stop.
pub async fn work_retries(pool: &PgPool, rings: &Rings, mut stopping: Stopping) {
    loop {
        let pause = match next_piece(pool).await {
            Ok(true) => {
                rings.ring();
                Duration::ZERO
            }
            Ok(false) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "failed deliveries cannot be tried again; trying again");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = stopping.wait() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Makes the next piece of one whose turn it is; `false` where there is none.
async fn next_piece(pool: &PgPool) -> sqlx::Result<bool> {
    let mut transaction = pool.begin().await?;
    let Some(open) = queries::lock_next(&mut transaction).await? else {
        return Ok(false);
    };
    let ids = queries::next_failed(&mut transaction, &open, PIECE).await?;
    queries::make_due(&mut transaction, &ids).await?;
    let step = Step {
        done: ids.len() as i64,
        after_id: ids.last().copied(),
        is_last: (ids.len() as i64) < PIECE,
        pause: PIECE_EVERY,
    };
    queries::advance(&mut transaction, open.id, &step).await?;
    transaction.commit().await?;
    Ok(true)
}
