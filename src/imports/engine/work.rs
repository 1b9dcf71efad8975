//! Taking up an import and seeing it through one stage: claim it, work while the claim is held, say how it ended.

use super::claim::{Claim, Claimed, MOST_ATTEMPTS};
use super::crowd::Crowd;
use super::merging;
use super::reading::{self, Ended};
use super::reading_queries;
use super::source::{Source, UploadSource};
use super::stop::{Result, Stop};
use crate::imports::import::{Mode, NewStatus};
use crate::platform::database::Trouble;
use crate::platform::doorbell::Doorbell;
use crate::platform::stopping::Stopping;
use crate::platform::storage::FileStorage;
use sqlx::PgPool;
use std::time::Duration;
use tracing::Instrument as _;

/// The topic rung when more of a file has arrived.
pub const TO_READ: &str = crate::imports::upload::TOPIC;
/// The topic rung when an import is ready to be merged, or a merge has ended.
pub const TO_MERGE: &str = "imports.to_merge";

/// How long a reader has to stage what it has read when the process is to stop.
const READERS_END: Duration = Duration::from_secs(5);

/// What works on imports. Any number of engines may share one database.
#[derive(Clone)]
pub struct Engine {
    pub pool: PgPool,
    pub storage: FileStorage,
    pub doorbell: Doorbell,
    pub stopping: Stopping,
}

/// What a worker found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to do.
    Idle,
    /// An import was worked on; there may be more.
    Worked,
}

impl Engine {
    /// Claims an upload that has something to read.
    pub async fn claim_to_read(&self) -> sqlx::Result<Option<Claimed>> {
        Claim::to_read(&self.pool).await
    }

    /// Reads a claimed upload until its end or until it pauses.
    pub async fn read_upload(&self, claimed: Claimed, crowd: &Crowd) {
        let mut source = Source::Upload(Box::new(UploadSource {
            pool: self.pool.clone(),
            storage: self.storage.clone(),
            ears: self.doorbell.listen_for(TO_READ, claimed.id),
            import_id: claimed.id,
            offset: 0,
        }));
        self.see_through(&claimed, READERS_END, self.read(&claimed, &mut source, crowd))
            .instrument(tracing::info_span!("import", id = claimed.id, stage = "reading"))
            .await;
    }

    /// Merges the import whose turn it is, if nobody is at it.
    pub async fn merge_next(&self) -> sqlx::Result<Outcome> {
        let Some(claimed) = Claim::to_merge(&self.pool).await? else {
            return Ok(Outcome::Idle);
        };
        let work = Box::pin(merging::merge(&self.pool, &claimed));
        self.see_through(&claimed, Duration::ZERO, work)
            .instrument(tracing::info_span!("import", id = claimed.id, stage = "merging"))
            .await;
        self.doorbell.ring(TO_MERGE, claimed.id);
        Ok(Outcome::Worked)
    }

    /// Reads a terminal's import from its file.
    pub async fn read_file(&self, import_id: i64, source: &mut Source) -> sqlx::Result<()> {
        if let Some(claimed) = Claim::to_read_own(&self.pool, import_id).await? {
            let crowd = Crowd::new();
            let work = self.read(&claimed, source, &crowd);
            self.see_through(&claimed, READERS_END, work).await;
        }
        Ok(())
    }

    /// Starts a terminal's import of a file of this machine.
    pub async fn start_terminal(&self, options: &TerminalImport<'_>) -> sqlx::Result<i64> {
        let size = i64::try_from(options.bytes_total).unwrap_or(i64::MAX);
        reading_queries::create_terminal(&self.pool, options.filename, size, options.mode, options.new_status).await
    }

    async fn read(&self, claimed: &Claimed, source: &mut Source, crowd: &Crowd) -> Result<()> {
        match reading::read(&self.pool, claimed, source, crowd, self.stopping.clone()).await? {
            Ended::Read => self.doorbell.ring(TO_MERGE, claimed.id),
            Ended::Paused if self.stopping.is_wished() => return Err(Stop::Asked),
            Ended::Paused => claimed.claim().release(&self.pool, Duration::ZERO, None).await?,
        }
        Ok(())
    }

    /// Works while the claim is held, and writes down how it ended. When the process is to stop, the work has `patience`
    /// to come to an end by itself.
    async fn see_through(&self, claimed: &Claimed, patience: Duration, work: impl Future<Output = Result<()>>) {
        let claim = claimed.claim();
        let mut stopping = self.stopping.clone();
        tracing::debug!("a step of an import begins");
        // On the heap: it is large, and whoever waits for it is waited for in turn.
        let work = Box::pin(async {
            claim.cut_off_others(&self.pool).await?;
            work.await
        });
        let result = if claimed.attempts > MOST_ATTEMPTS {
            Err(Stop::Trouble(anyhow::anyhow!(no_reason(claimed))))
        } else {
            tokio::select! {
                result = work => result,
                stop = claim.hold(&self.pool) => Err(stop),
                () = stopping.wait_and(patience) => Err(Stop::Asked),
            }
        };
        tracing::debug!(is_done = result.is_ok(), "the step of an import ends");
        if let Err(stop) = result
            && let Err(error) = self.write_down(claimed, stop).await
            // Cancelled or taken over meanwhile: there is nothing to write down.
            && !matches!(error, Stop::ClaimLost)
        {
            // The lease runs out by itself, so the import is not lost.
            tracing::error!(
                import_id = claimed.id,
                ?error,
                "could not write down why the work stopped"
            );
        }
    }

    async fn write_down(&self, claimed: &Claimed, stop: Stop) -> Result<()> {
        let claim = claimed.claim();
        match stop {
            Stop::ClaimLost => Ok(()),
            Stop::Asked => {
                claim.release(&self.pool, Duration::ZERO, None).await?;
                // Whoever else is there need not wait until it looks.
                self.doorbell.ring(TO_READ, claimed.id);
                self.doorbell.ring(TO_MERGE, claimed.id);
                Ok(())
            }
            Stop::File(failure) => claim.fail(&self.pool, &failure.to_string()).await,
            Stop::Trouble(error) if claimed.attempts >= MOST_ATTEMPTS => {
                tracing::error!(
                    import_id = claimed.id,
                    error = format!("{error:#}"),
                    "an import has failed"
                );
                claim.fail(&self.pool, &gave_up(&error)).await
            }
            Stop::Trouble(error) => {
                tracing::warn!(
                    import_id = claimed.id,
                    attempt = claimed.attempts,
                    error = format!("{error:#}"),
                    "an import is tried again"
                );
                let pause = pause_after(&error, claimed.attempts);
                Ok(claim.release(&self.pool, pause, Some(&format!("{error:#}"))).await?)
            }
        }
    }
}

/// How long an import waits after its `attempts`-th try without progress. All waits together are some seconds, or five
/// minutes where somebody has to make room on a disk first.
fn pause_after(error: &anyhow::Error, attempts: i32) -> Duration {
    let shortest = match Trouble::within(error) {
        Trouble::DiskFull => Duration::from_secs(10),
        Trouble::Away | Trouble::Other => Duration::from_millis(250),
    };
    shortest * 2_u32.pow(attempts.clamp(1, 5) as u32)
}

/// A file to be imported from a terminal.
pub struct TerminalImport<'a> {
    pub filename: &'a str,
    pub bytes_total: u64,
    pub mode: Mode,
    pub new_status: NewStatus,
}

fn no_reason(claimed: &Claimed) -> String {
    claimed
        .last_error
        .clone()
        .unwrap_or_else(|| "each time the program ended without saying why".to_owned())
}

fn gave_up(error: &anyhow::Error) -> String {
    format!(
        "The import was tried {MOST_ATTEMPTS} times and did not get any further: {error:#}. \
         Import the file again to go on."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn whoever_has_to_make_room_gets_minutes() {
        let full = anyhow::Error::from(io::Error::from(io::ErrorKind::StorageFull)).context("a file cannot be kept");
        let other = anyhow::anyhow!("a bug");
        let altogether = |error: &anyhow::Error| (1..MOST_ATTEMPTS).map(|tried| pause_after(error, tried)).sum();
        let (minutes, seconds): (Duration, Duration) = (altogether(&full), altogether(&other));
        assert_eq!((minutes.as_secs(), seconds.as_millis()), (300, 7_500));
    }
}
