//! Beginning a change to many products.

use super::bulk_change::{BulkAction, BulkChange};
use super::piece::apply;
use super::queries;
use super::request::{Request, Target};
use super::work::TOPIC;
use crate::catalog::{Filter, Search, list};
use crate::http::{Error, format};
use crate::platform::database::is_conflict;
use crate::platform::doorbell::Doorbell;
use anyhow::Context as _;
use sqlx::PgExecutor;

/// How often products are tried to be changed that somebody else is changing.
const TRIES: u32 = 5;

/// Changes named products at once, or leaves what matches a filter to a worker.
///
/// # Errors
/// [`Error::Conflict`] when there are not as many products as whoever asks believes.
pub async fn start(search: &Search, doorbell: &Doorbell, request: &Request) -> Result<BulkChange, Error> {
    match &request.target {
        Target::Named(ids) => named(search, request.action, ids).await,
        Target::Matching { filter, expected } => queue(search, doorbell, request.action, filter, *expected).await,
    }
}

async fn queue(
    search: &Search,
    doorbell: &Doorbell,
    action: BulkAction,
    filter: &Filter,
    expected: i64,
) -> Result<BulkChange, Error> {
    as_expected(search, filter, expected, "Nothing was changed").await?;
    let mut transaction = search.database.pool.begin().await?;
    let id = queries::queue(&mut *transaction, action, filter, expected).await?;
    // As it is queued, whether or not a worker has it by the time of the answer.
    let change = found(&mut *transaction, id).await?;
    transaction.commit().await?;
    doorbell.ring(TOPIC, id);
    Ok(change)
}

/// Refuses, in words that begin with `nothing`, what is meant for another number of products than match.
pub async fn as_expected(search: &Search, filter: &Filter, expected: i64, nothing: &str) -> Result<(), Error> {
    let there = list::count(search, filter, None).await?;
    if !there.is_exact {
        return Err(Error::Conflict(format!(
            "{nothing}: products have just arrived and cannot all be found yet. Try again in a moment."
        )));
    }
    if there.value == expected {
        return Ok(());
    }
    let products = format::count(there.value, "product", "products");
    Err(Error::Conflict(format!(
        "{nothing}, because the number has changed: {products} match now, not {}.",
        format::number(expected)
    )))
}

async fn named(search: &Search, action: BulkAction, ids: &[i64]) -> Result<BulkChange, Error> {
    let mut tries = 1;
    loop {
        match change_named(search, action, ids).await {
            Ok(id) => return found(&search.database.pool, id).await,
            Err(error) if tries < TRIES && is_conflict(&error) => tries += 1,
            Err(error) => return Err(Error::from_failure(error)),
        }
    }
}

async fn change_named(search: &Search, action: BulkAction, ids: &[i64]) -> anyhow::Result<i64> {
    let mut transaction = search.database.pool.begin().await?;
    let id = queries::begin_named(&mut transaction, action, ids.len() as i64).await?;
    queries::lock(&mut transaction, ids).await?;
    let changed = apply(&mut transaction, id, action, ids).await?;
    queries::finish_named(&mut transaction, id, ids.len() as i64, changed).await?;
    transaction.commit().await?;
    Ok(id)
}

/// A change that has just been written.
pub async fn found(executor: impl PgExecutor<'_>, id: i64) -> Result<BulkChange, Error> {
    let change = queries::find(executor, id).await?;
    change
        .context("a change to many products is gone")
        .map_err(Error::Internal)
}
