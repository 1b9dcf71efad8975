//! Giving way: work that may take its time waits a moment while people's statements are at work.
//!
//! A server gives every connection the same share of its processors, so that an import with four busy connections would
//! leave a page a fifth of one. Connections for pages bear a name of their own
//! ([`for_pages`](super::database::for_pages)), and the server tells how many of them are busy.

use super::database::busy_pages;
use sqlx::PgPool;
use std::time::{Duration, Instant};

/// A statement alone is done in a moment. More at once are waiting for each other.
const CROWD: i64 = 2;
const PAUSE: Duration = Duration::from_millis(10);

/// Waits while several statements of pages are being executed, for `most` at most, so that work goes on however busy
/// pages are. Tells whether there was something to wait for.
///
/// # Errors
/// Those of the database.
pub async fn give_way(pool: &PgPool, most: Duration) -> sqlx::Result<bool> {
    let until = Instant::now() + most;
    let mut is_busy = busy_pages(pool).await? >= CROWD;
    let was_busy = is_busy;
    while is_busy && Instant::now() < until {
        tokio::time::sleep(PAUSE).await;
        is_busy = busy_pages(pool).await? >= CROWD;
    }
    Ok(was_busy)
}
