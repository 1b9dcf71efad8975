//! A claim on an import: who holds it may write, as long as the lease is renewed.

use super::claim_queries as queries;
use super::stop::{Result, Stop};
use crate::catalog;
use crate::imports::import::{Mode, NewStatus};
use crate::platform::claim;
use sqlx::{PgPool, PgTransaction};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// How long a claim lasts without being renewed: after a crash, another worker goes on at most this much later.
pub const LEASE: Duration = Duration::from_secs(8);
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// Tries in a row without a new checkpoint, after which an import fails.
pub const MOST_ATTEMPTS: i32 = 5;

/// The right to write one import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub import_id: i64,
    pub token: Uuid,
}

/// An import as its worker needs it, together with the claim on it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Claimed {
    pub id: i64,
    pub token: Uuid,
    pub mode: Mode,
    pub new_status: NewStatus,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub reading: Option<sqlx::types::Json<super::reading::Checkpoint>>,
}

impl Claimed {
    pub fn claim(&self) -> Claim {
        Claim {
            import_id: self.id,
            token: self.token,
        }
    }
}

impl Claim {
    /// Claims an import whose file is to be read: its first piece, or more of it, has arrived.
    pub async fn to_read(pool: &PgPool) -> sqlx::Result<Option<Claimed>> {
        queries::claim_to_read(pool, claim::token(), LEASE).await
    }

    /// Claims the import of the terminal that this process serves, whoever seemed to have it.
    pub async fn to_read_own(pool: &PgPool, import_id: i64) -> sqlx::Result<Option<Claimed>> {
        queries::claim_to_read_own(pool, import_id, claim::token(), LEASE).await
    }

    /// Claims the import whose turn to be merged it is, unless somebody is at it.
    pub async fn to_merge(pool: &PgPool) -> sqlx::Result<Option<Claimed>> {
        let mut transaction = pool.begin().await?;
        queries::lock_merge_queue(&mut transaction).await?;
        let claimed = queries::claim_to_merge(&mut *transaction, claim::token(), LEASE).await?;
        transaction.commit().await?;
        Ok(claimed)
    }

    /// Renews the lease until the claim is lost or the database has been silent for as long as it lasts, and
    /// returns only then.
    pub async fn hold(self, pool: &PgPool) -> Stop {
        let mut every = tokio::time::interval(RENEW_EVERY);
        let mut renewed_at = Instant::now();
        loop {
            every.tick().await;
            let error = match timeout(RENEW_EVERY, queries::renew(pool, self, LEASE)).await {
                Ok(Ok(true)) => {
                    renewed_at = Instant::now();
                    continue;
                }
                Ok(Ok(false)) => return Stop::ClaimLost,
                Ok(Err(error)) => error.into(),
                Err(_) => anyhow::anyhow!("the database does not answer"),
            };
            if renewed_at.elapsed() >= LEASE {
                return Stop::Trouble(error);
            }
        }
    }

    /// Begins a transaction that is marked as this claim's. Whatever touches the staging table is done in one: a
    /// statement of a worker that stands still holds the table, and only what is marked can be ended by its heir.
    pub async fn begin(self, pool: &PgPool) -> sqlx::Result<PgTransaction<'static>> {
        let mut transaction = pool.begin().await?;
        queries::sign(&mut transaction, self).await?;
        Ok(transaction)
    }

    /// Ends the transactions of an earlier claim that still stand.
    pub async fn cut_off_others(self, pool: &PgPool) -> sqlx::Result<()> {
        queries::cut_off(pool, self).await
    }

    /// Gives the import back, for somebody to take up after `pause`.
    pub async fn release(self, pool: &PgPool, pause: Duration, error: Option<&str>) -> sqlx::Result<()> {
        queries::release(pool, self, pause, error).await
    }

    /// Ends the import with what went wrong.
    pub async fn fail(self, pool: &PgPool, error: &str) -> Result<()> {
        let mut transaction = pool.begin().await?;
        if !queries::fail(&mut transaction, self, error).await? {
            return Err(Stop::ClaimLost);
        }
        catalog::end_merge(&mut transaction, self.import_id).await?;
        Ok(transaction.commit().await?)
    }
}
