//! Giving way: work that may take its time waits a moment while people's statements are at work.
//!
//! A server gives every connection the same share of its processors, so that an import with four busy connections would
//! leave a page a fifth of one. Connections for pages bear a name of their own
//! ([`for_pages`](super::database::for_pages)), and the server tells how many of them are busy.

use super::database::{PagesAtWork, pages_at_work};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A statement alone is done in a moment. More at once are waiting for each other.
const CROWD: i64 = 2;
/// When this many connections were at work within a twentieth of a second, more than one person is using the pages.
const RUSH: i64 = 4;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_millis(50);

/// Waits while several statements of pages are being executed, for `most` at most, so that work goes on however busy
/// pages are. Where that cannot be asked, nobody waits: this is a courtesy.
pub async fn give_way(pool: &PgPool, most: Duration) {
    let until = Instant::now() + most;
    while is_crowded(pool).await && Instant::now() < until {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Work that gives way now and then. What counts is how long it has been at work: counted in what was done, work that others
/// have slowed down already would wait the more.
#[derive(Debug)]
pub struct Courtesy {
    pool: PgPool,
    work: Duration,
    pause: Duration,
    at_work_since: Instant,
}

impl Courtesy {
    /// Somebody who begins to work, and after so much `work` gives way for `pause` at most.
    pub fn new(pool: PgPool, work: Duration, pause: Duration) -> Self {
        Self {
            pool,
            work,
            pause,
            at_work_since: Instant::now(),
        }
    }

    /// Gives way, if it is time to.
    pub async fn show(&mut self) {
        if self.at_work_since.elapsed() >= self.work {
            give_way(&self.pool, self.pause).await;
            self.at_work_since = Instant::now();
        }
    }
}

/// Whether pages are asked for all the time, also where none is at this very moment. Where they have few connections, those
/// that are at work tell.
pub async fn is_rush(pool: &PgPool) -> bool {
    ask(pool)
        .await
        .is_some_and(|pages| pages.lately >= RUSH || pages.now >= CROWD)
}

async fn is_crowded(pool: &PgPool) -> bool {
    ask(pool).await.is_some_and(|pages| pages.now >= CROWD)
}

async fn ask(pool: &PgPool) -> Option<PagesAtWork> {
    // Where all connections are taken, who asks may hold one of them: it must not wait for another.
    let mut connection = timeout(PATIENCE, pool.acquire()).await.ok()?.ok()?;
    match pages_at_work(&mut connection).await {
        Ok(pages) => Some(pages),
        Err(error) => {
            tracing::debug!(%error, "cannot tell how busy pages are");
            None
        }
    }
}
