//! How often a password may be guessed: rows in the database, since guesses go to every web process.
//!
//! Each address may fail 10 times in a quarter of an hour, and all of them together 100 times. Nobody who is signed in
//! notices that others are kept waiting.

use super::address::Address;
use super::queries;
use sqlx::PgPool;
use std::time::Duration;

/// The time in which tries are counted.
pub const WINDOW_SECONDS: i32 = 15 * 60;
const MOST_BY_ADDRESS: i64 = 10;
const MOST_ALTOGETHER: i64 = 100;

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The address may fail as often again.
    Right,
    /// It is entered.
    Wrong,
    /// Too many were made lately; nothing was compared.
    Refused(Waits),
}

/// How long no try may be made: one of them, at least, where one was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Because of those from this address.
    pub address: Option<Duration>,
    /// Because of those from everywhere.
    pub everybody: Option<Duration>,
}

impl Attempt {
    /// How long no further one may be made.
    pub fn waits(self) -> Waits {
        match self {
            Self::Right | Self::Wrong => Waits::default(),
            Self::Refused(waits) => waits,
        }
    }
}

impl Waits {
    /// Until when the next try may be made.
    pub fn seconds(self) -> u64 {
        self.address.max(self.everybody).map_or(0, |wait| wait.as_secs())
    }
}

/// Makes a try, one at a time over all processes: a hundred wrong ones at the same moment are a hundred, and no right one is
/// in the way of another.
pub async fn make(pool: &PgPool, address: Address, is_right: impl FnOnce() -> bool) -> sqlx::Result<Attempt> {
    let address = address.to_string();
    let mut transaction = pool.begin().await?;
    queries::take_turns(&mut transaction).await?;
    queries::sweep_attempts(&mut transaction, WINDOW_SECONDS).await?;
    let made = queries::attempts(&mut transaction, &address, WINDOW_SECONDS).await?;
    let waits = Waits {
        address: (made.by_address >= MOST_BY_ADDRESS).then(|| wait(made.address_wait_seconds)),
        everybody: (made.altogether >= MOST_ALTOGETHER).then(|| wait(made.wait_seconds)),
    };
    let attempt = if waits != Waits::default() {
        Attempt::Refused(waits)
    } else if is_right() {
        queries::forget_attempts(&mut transaction, &address).await?;
        Attempt::Right
    } else {
        queries::add_attempt(&mut transaction, &address).await?;
        Attempt::Wrong
    };
    transaction.commit().await?;
    Ok(attempt)
}

fn wait(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default().max(1))
}
