//! A database that is away when a process starts is waited for.

use crate::http::serving;
use crate::platform::backoff::Backoff;
use crate::platform::database;
use crate::platform::stopping::Stopping;
use crate::router;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// How long one-shot commands wait for the database; a person or a release is waiting for them.
const SHORT: Duration = Duration::from_secs(10);
/// How often the log says that the database is still away.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// How long requests are kept waiting for a process that starts, before they are told that it does.
const QUIET: Duration = Duration::from_secs(2);

/// How long a database that is away is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As short as people are patient.
    Short,
    /// Until it is there: a process that stays needs nobody to start it again.
    Endless,
}

/// Tries until it works. Nothing comes of it when the process is to end before. What waiting does not mend fails at once.
pub async fn until_it_works<T>(
    patience: Patience,
    stopping: &Stopping,
    attempt: impl AsyncFn() -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    let mut stopping = stopping.clone();
    tokio::select! {
        worked = again_and_again(patience, attempt) => worked.map(Some),
        () = stopping.wait() => Ok(None),
    }
}

async fn again_and_again<T>(patience: Patience, attempt: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let began = Instant::now();
    let mut backoff = Backoff::default();
    let mut told_at: Option<Instant> = None;
    loop {
        let failure = match attempt().await {
            Ok(worked) => return Ok(worked),
            Err(failure) => failure,
        };
        let pause = backoff.next_pause();
        let is_too_long = patience == Patience::Short && began.elapsed() + pause > SHORT;
        if is_too_long || !database::may_come(&failure) {
            return Err(failure);
        }
        if told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            tracing::warn!(
                cause = format!("{failure:#}"),
                "the database is away; this process goes on when it is there"
            );
            told_at = Some(Instant::now());
        }
        tokio::time::sleep(pause).await;
    }
}

/// Opens what a process needs. When that takes long, requests are answered meanwhile, by asking to come back: platforms end
/// processes that do not answer.
pub async fn while_answering<T>(listener: &mut TcpListener, opening: impl Future<Output = T>) -> T {
    let mut opening = std::pin::pin!(opening);
    match tokio::time::timeout(QUIET, &mut opening).await {
        Ok(opened) => opened,
        Err(_) => serving::serve_while(listener, &router::waiting_service(), opening).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::stopping;
    use anyhow::Context as _;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn what_is_away_is_tried_until_it_comes() -> anyhow::Result<()> {
        let (_stop, stopping) = stopping::stopping();
        let tries = AtomicU32::new(0);
        let worked = until_it_works(Patience::Endless, &stopping, async || {
            match tries.fetch_add(1, Ordering::Relaxed) {
                3 => Ok("there"),
                _ => Err(sqlx::Error::PoolTimedOut).context("not yet"),
            }
        });
        assert_eq!(worked.await?, Some("there"));
        Ok(())
    }

    #[tokio::test]
    async fn what_waiting_does_not_mend_fails_at_once() {
        let (_stop, stopping) = stopping::stopping();
        let wrong = until_it_works(Patience::Endless, &stopping, async || {
            Err::<(), _>(anyhow::anyhow!("a wrong setting"))
        });
        assert!(wrong.await.is_err());
    }

    #[tokio::test]
    async fn whoever_is_asked_to_end_waits_no_longer() -> anyhow::Result<()> {
        let (stop, stopping) = stopping::stopping();
        stop.now();
        let waiting = until_it_works(Patience::Endless, &stopping, async || {
            Err::<(), _>(sqlx::Error::PoolTimedOut.into())
        });
        assert_eq!(waiting.await?, None);
        Ok(())
    }
}
