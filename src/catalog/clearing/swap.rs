//! Getting hold of the whole catalogue for a moment, without making readers wait for whoever holds it.
//!
//! A swap needs the catalogue to itself. Whoever waits for that in PostgreSQL's queue makes everybody behind wait
//! too; so it first asks for it over and over, hardly waiting, which the short statements of lists, edits and merges
//! leave room for. The step that indexes may read for seconds, and is ended: it begins again by itself. PostgreSQL's
//! own housekeeping gives way to whoever waits for it longer than a second, so that is waited for once, at the end:
//! the only wait in which others may be kept waiting as well.

use super::errors::ClearingError;
use super::queries;
use crate::platform::database::Database;
use sqlx::{PgPool, PgTransaction};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the catalogue is asked for without anybody noticing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the step that indexes may keep everybody waiting.
const STEP_PATIENCE: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(4);
/// Waits of one try: others who come meanwhile wait no longer than this.
const HARDLY: Duration = Duration::from_millis(2);
/// PostgreSQL's housekeeping gives way after one second (`deadlock_timeout`).
const LAST: Duration = Duration::from_millis(1_500);

/// A transaction that has the catalogue and its twin to itself, while no import is being merged.
pub async fn alone(database: &Database) -> Result<PgTransaction<'static>, ClearingError> {
    let pool = &database.pool;
    let since = Instant::now();
    let mut has_ended_step = false;
    while since.elapsed() < PATIENCE {
        if let Some(transaction) = try_alone(pool, HARDLY).await? {
            return Ok(transaction);
        }
        if !has_ended_step && since.elapsed() > STEP_PATIENCE {
            queries::end_index_step(pool).await?;
            has_ended_step = true;
        }
        sleep(PAUSE).await;
    }
    try_alone(pool, LAST).await?.ok_or(ClearingError::InUse)
}

async fn try_alone(pool: &PgPool, wait: Duration) -> Result<Option<PgTransaction<'static>>, ClearingError> {
    let mut transaction = pool.begin().await?;
    queries::wait_at_most(&mut transaction, wait).await?;
    match queries::lock(&mut transaction).await {
        Ok(()) => {}
        Err(error) if is_held(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    if queries::is_merging(&mut transaction).await? {
        return Err(ClearingError::Merging);
    }
    Ok(Some(transaction))
}

/// `lock_not_available`, and `deadlock_detected` for the unlikely rest.
fn is_held(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| ["55P03", "40P01"].contains(&code.as_ref()))
}
