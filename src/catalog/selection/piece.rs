//! One piece of a change: some hundred products, and how far it is then, in one transaction.

use super::bulk_change::{BulkAction, BulkChange};
use super::queries::{self, Step};
use super::work::{Claim, LEASE};
use crate::catalog::edit;
use crate::catalog::{Product, Search, list};
use crate::platform::database::is_conflict;
use crate::platform::fault;
use anyhow::Context as _;
use sqlx::PgConnection;
use std::collections::HashMap;

/// Few enough that nobody notices the locks, many enough that the rest does not count.
const PRODUCTS: u64 = 500;
/// How often a piece is tried when somebody changes the same products meanwhile. After that, those are left alone.
const TRIES: u32 = 5;

/// What comes after a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Another one.
    More,
    /// Nothing.
    End,
    /// The change was cancelled or is somebody else's by now.
    ClaimLost,
}

/// Makes the next piece of a change.
pub async fn next(search: &Search, claim: Claim, change: &BulkChange) -> anyhow::Result<After> {
    let mut tries = 1;
    loop {
        let made = match &change.filter {
            Some(filter) => {
                let found = list::matching(search, &filter.0, change.after_key.as_deref(), PRODUCTS).await;
                // Whether the search failed for a reason of the server's is all that matters here.
                let found = found.map_err(|error| anyhow::anyhow!("{error:?}"))?;
                matching(search, claim, change, &found, tries < TRIES).await
            }
            None => restoring(search, claim, change).await,
        };
        match made {
            Ok(Some(after)) => return Ok(after),
            Ok(None) => {}
            Err(error) if tries < TRIES && is_conflict(&error) => {}
            Err(error) => return Err(error),
        }
        tries += 1;
    }
}

/// Changes those products; `None` where one of them has become another meanwhile, which is then to be looked at again.
async fn matching(
    search: &Search,
    claim: Claim,
    change: &BulkChange,
    found: &[Product],
    is_strict: bool,
) -> anyhow::Result<Option<After>> {
    let is_last = (found.len() as u64) < PRODUCTS;
    // What came after the question was asked has been counted by nobody.
    let meant: Vec<&Product> = found
        .iter()
        .filter(|product| product.created_at <= change.created_at)
        .collect();
    let ids: Vec<i64> = meant.iter().map(|product| product.id).collect();
    let mut transaction = search.database.pool.begin().await?;
    let locked: HashMap<i64, i32> = queries::lock(&mut transaction, &ids).await?.into_iter().collect();
    let unchanged = meant
        .iter()
        .filter(|product| locked.get(&product.id) == Some(&product.version));
    let unchanged: Vec<i64> = unchanged.map(|product| product.id).collect();
    if is_strict && unchanged.len() < meant.len() {
        return Ok(None);
    }
    let changed = apply(&mut transaction, change.id, change.action, &unchanged).await?;
    fault::point("bulk_change.piece")?;
    let step = Step {
        after_key: found.last().map(|product| product.sku_key.as_str()),
        after_number: 0,
        done: meant.len() as i64,
        changed,
        is_last,
    };
    if !queries::advance(&mut transaction, claim, LEASE, &step).await? {
        return Ok(Some(After::ClaimLost));
    }
    transaction.commit().await?;
    fault::point("bulk_change.piece_committed")?;
    Ok(Some(if is_last { After::End } else { After::More }))
}

/// Does to locked products what is to be done, and says how many became others.
pub async fn apply(
    connection: &mut PgConnection,
    bulk_change_id: i64,
    action: BulkAction,
    ids: &[i64],
) -> anyhow::Result<i64> {
    let changed = match action {
        BulkAction::Activate => edit::set_active(connection, ids, true).await?,
        BulkAction::Deactivate => edit::set_active(connection, ids, false).await?,
        BulkAction::Delete => {
            let gone = edit::delete_all(connection, ids).await?;
            let ids: Vec<i64> = gone.iter().map(|product| product.id).collect();
            queries::note_deleted(connection, bulk_change_id, &ids).await?;
            gone
        }
        BulkAction::Restore => anyhow::bail!("products are brought back by undoing a deletion"),
    };
    Ok(changed.len() as i64)
}

/// Brings the next products of a deletion back, as far as their SKUs are still free.
async fn restoring(search: &Search, claim: Claim, change: &BulkChange) -> anyhow::Result<Option<After>> {
    let undoes = change
        .undoes
        .context("a change has neither a filter nor a deletion to undo")?;
    let mut transaction = search.database.pool.begin().await?;
    let piece = queries::next_deleted(&mut transaction, undoes, change.after_number).await?;
    let (number, ids) = piece.clone().unwrap_or((change.after_number, Vec::new()));
    let after = edit::restore_all(&mut transaction, &ids).await?;
    fault::point("bulk_change.piece")?;
    let step = Step {
        after_key: None,
        after_number: number,
        done: ids.len() as i64,
        changed: after.len() as i64,
        is_last: piece.is_none(),
    };
    if !queries::advance(&mut transaction, claim, LEASE, &step).await? {
        return Ok(Some(After::ClaimLost));
    }
    transaction.commit().await?;
    fault::point("bulk_change.piece_committed")?;
    Ok(Some(if step.is_last { After::End } else { After::More }))
}
