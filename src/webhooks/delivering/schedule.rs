//! What comes of a sending, and when it is tried again.

use super::super::sending::Answer;
use rand::RngExt as _;
use std::time::Duration;

/// How long after each failed try the next one comes. A delivery that fails once more has failed.
const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];
/// By which share each wait is made shorter or longer at random, so that what failed together does not come back together.
const SPREAD: f64 = 0.2;
/// After a 410: delay until the delivery is sent to the webhook's new address.
pub const AFTER_GONE: Duration = WAITS[0];
/// Receivers that ask for a rest are given one of at most this length.
const LONGEST_REST: Duration = Duration::from_hours(24);

/// What comes of a sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// It is tried again after that time.
    Again(Duration),
    /// It is given up, until somebody asks for it.
    Failed,
    /// The receiver says that it is gone for good: its webhook is disabled, and what was to be sent waits for a new
    /// address.
    Gone,
}

/// What comes of the answer to a delivery that has been tried `tries` times before.
pub fn outcome(answer: &Answer, tries: i32) -> Outcome {
    match answer.status {
        Some(200..=299) if answer.error.is_none() => Outcome::Delivered,
        Some(410) => Outcome::Gone,
        _ => match usize::try_from(tries).ok().and_then(|tries| WAITS.get(tries)) {
            // Waiting longer than was asked for is no breach; trying earlier would be.
            Some(wait) => Outcome::Again(spread(*wait).max(rest(answer).unwrap_or_default())),
            None => Outcome::Failed,
        },
    }
}

/// How long the receiver asks to be left alone altogether.
pub fn rest(answer: &Answer) -> Option<Duration> {
    match answer.status {
        Some(429 | 503) => answer.retry_after.map(|rest| rest.min(LONGEST_REST)),
        _ => None,
    }
}

fn spread(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(1.0 - SPREAD..1.0 + SPREAD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: Option<u16>) -> Answer {
        Answer {
            status,
            ..Answer::default()
        }
    }

    #[test]
    fn each_wait_is_that_of_the_schedule_within_a_fifth() {
        for (tries, wait) in WAITS.iter().enumerate() {
            for _ in 0..100 {
                let Outcome::Again(found) = outcome(&answer(Some(500)), tries as i32) else {
                    panic!("given up after {tries} tries");
                };
                assert!(found >= wait.mul_f64(0.8) && found <= wait.mul_f64(1.2), "{found:?}");
            }
        }
        assert_eq!(outcome(&answer(Some(500)), 9), Outcome::Failed);
        assert_eq!(outcome(&answer(None), 12), Outcome::Failed);
    }

    #[test]
    fn only_success_delivers_and_only_gone_stops() {
        for status in [200, 204, 299] {
            assert_eq!(outcome(&answer(Some(status)), 0), Outcome::Delivered);
        }
        for status in [100, 301, 307, 400, 404, 429, 500, 503] {
            assert!(
                matches!(outcome(&answer(Some(status)), 0), Outcome::Again(_)),
                "{status}"
            );
        }
        assert!(matches!(outcome(&answer(None), 0), Outcome::Again(_)));
        assert_eq!(outcome(&answer(Some(410)), 0), Outcome::Gone);
    }

    #[test]
    fn a_rest_is_given_within_bounds_and_only_where_it_is_meant() {
        let asking = |status, rest| Answer {
            retry_after: Some(rest),
            ..answer(Some(status))
        };
        let minute = Duration::from_mins(1);
        assert_eq!(rest(&asking(429, minute)), Some(minute));
        assert_eq!(outcome(&asking(503, minute), 0), Outcome::Again(minute));
        assert_eq!(rest(&asking(429, LONGEST_REST * 9)), Some(LONGEST_REST));
        assert_eq!(rest(&asking(500, minute)), None);
        assert_eq!(rest(&answer(Some(429))), None);
        // The schedule's own wait is longer.
        let Outcome::Again(wait) = outcome(&asking(429, Duration::from_secs(1)), 1) else {
            panic!("given up");
        };
        assert!(wait >= Duration::from_mins(4));
    }
}
