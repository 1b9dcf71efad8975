//! Who has tried too much, as far as this process knows: whoever goes on is refused without a look at the database.

use super::address::Address;
use super::attempts::Waits;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After so long one try goes to the database, where somebody may have forgotten the others by hand.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// The refusals of addresses, and that of everybody. They are few: before many addresses have failed too often, all together
/// have, and then nobody's tries are counted any more.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Option<Address>, Refusal>>);

struct Refusal {
    until: Instant,
    ask_at: Instant,
}

impl Refusals {
    /// How long the address still has to wait. Nothing where that is unknown, so that the database is to be asked.
    pub fn wait_seconds(&self, address: Address, now: Instant) -> Option<u64> {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut wait, mut is_to_be_asked) = (Duration::ZERO, false);
        for who in [Some(address), None] {
            let Some(refusal) = refusals.get_mut(&who) else {
                continue;
            };
            wait = wait.max(refusal.until.saturating_duration_since(now));
            if now >= refusal.ask_at {
                // One asks, the others of this moment are answered from here.
                refusal.ask_at = now + ASK_EVERY;
                is_to_be_asked = true;
            }
        }
        (!wait.is_zero() && !is_to_be_asked).then(|| wait.as_secs_f64().ceil() as u64)
    }

    /// What the database has said; nothing where it let a try go on.
    pub fn learn(&self, address: Address, waits: Waits, now: Instant) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, refusal| refusal.until > now);
        for (who, wait) in [(Some(address), waits.address), (None, waits.everybody)] {
            match wait {
                Some(wait) => {
                    let (until, ask_at) = (now + wait, now + ASK_EVERY);
                    refusals.insert(who, Refusal { until, ask_at });
                }
                None => {
                    refusals.remove(&who);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::ConnectInfo;
    use axum::http::{Extensions, HeaderMap};
    use std::net::SocketAddr;

    fn address(last: u8) -> Address {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([192, 0, 2, last], 1))));
        Address::of(&extensions, &HeaderMap::new())
    }

    fn waits(address: Option<u64>, everybody: Option<u64>) -> Waits {
        Waits {
            address: address.map(Duration::from_secs),
            everybody: everybody.map(Duration::from_secs),
        }
    }

    #[test]
    fn the_database_is_asked_once_in_a_while() {
        let (one, other) = (address(1), address(2));
        let (refusals, now) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.wait_seconds(one, now), None);
        refusals.learn(one, waits(Some(900), None), now);
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(refusals.wait_seconds(one, later(1)), Some(899));
        assert_eq!(refusals.wait_seconds(other, later(1)), None);
        refusals.learn(other, waits(None, Some(30)), later(2));
        for who in [one, other] {
            assert!(refusals.wait_seconds(who, later(3)).is_some());
        }
        // One address is due before everybody is.
        assert_eq!(refusals.wait_seconds(one, later(6)), None);
        assert_eq!(refusals.wait_seconds(one, later(6)), Some(894));
        refusals.learn(one, waits(None, None), later(6));
        assert_eq!(refusals.wait_seconds(one, later(6)), None);
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        refusals.learn(address(1), waits(Some(3), Some(2)), now);
        let over = now + Duration::from_secs(3);
        assert_eq!(refusals.wait_seconds(address(1), over), None);
        refusals.learn(address(2), waits(Some(9), None), over);
        assert_eq!(refusals.0.lock().unwrap().len(), 1);
    }
}
