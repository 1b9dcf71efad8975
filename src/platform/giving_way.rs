//! Giving way: work that may take its time waits a moment while people's statements are at work.
//!
//! A server gives every connection the same share of its processors, so that an import with four busy connections would
//! leave a page a fifth of one. Connections for pages bear a name of their own
//! ([`for_pages`](super::database::for_pages)), and the server tells how many of them are busy.

use super::database::busy_pages;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A statement alone is done in a moment. More at once are waiting for each other.
const CROWD: i64 = 2;
const PAUSE: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_millis(50);

/// Waits while several statements of pages are being executed, for `most` at most, so that work goes on however busy
/// pages are. Tells whether there was something to wait for. Where that cannot be asked, nobody waits: this is a courtesy.
pub async fn give_way(pool: &PgPool, most: Duration) -> bool {
    let until = Instant::now() + most;
    let was_busy = is_busy(pool).await;
    let mut is_still_busy = was_busy;
    while is_still_busy && Instant::now() < until {
        tokio::time::sleep(PAUSE).await;
        is_still_busy = is_busy(pool).await;
    }
    was_busy
}

async fn is_busy(pool: &PgPool) -> bool {
    // Where all connections are taken, who asks may hold one of them: it must not wait for another.
    let Ok(Ok(mut connection)) = timeout(PATIENCE, pool.acquire()).await else {
        return false;
    };
    match busy_pages(&mut connection).await {
        Ok(busy) => busy >= CROWD,
        Err(error) => {
            tracing::debug!(%error, "cannot tell how busy pages are");
            false
        }
    }
}
