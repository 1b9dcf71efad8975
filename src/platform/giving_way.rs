//! Giving way: work that may take its time waits a moment while people's statements are at work.
//!
//! A server gives every connection the same share of its processors, so that an import with four busy connections would
//! leave a page a fifth of one. Connections for pages bear a name of their own
//! ([`for_pages`](super::database::for_pages)), and the server tells how many of them are busy.

use super::database::busy_pages;
use sqlx::PgPool;
use std::time::Duration;

/// A statement alone is done in a moment. More at once are waiting for each other.
const CROWD: i64 = 2;
const PAUSE: Duration = Duration::from_millis(10);
/// Nobody waits for longer than a third of a second, so that work goes on however busy pages are.
const MOST_PAUSES: usize = 33;

/// Waits while several statements of pages are being executed, for a third of a second at most.
///
/// # Errors
/// Those of the database.
pub async fn give_way(pool: &PgPool) -> sqlx::Result<()> {
    for _ in 0..MOST_PAUSES {
        if busy_pages(pool).await? < CROWD {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
