//! Pauses between tries.

use std::time::Duration;

/// Pauses between tries: soon at first, then every few seconds, at no fixed beat, so that processes do not all come at
/// once.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    const SHORTEST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(5);

    /// Whether nothing has failed yet.
    pub fn is_fresh(&self) -> bool {
        self.failures == 0
    }

    /// How long to wait after one more failure.
    pub fn next_pause(&mut self) -> Duration {
        let pause = Self::SHORTEST * 2_u32.pow(self.failures.min(10));
        self.failures += 1;
        pause.min(Self::LONGEST).mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let mut backoff = Backoff::default();
        assert!(backoff.next_pause() <= Backoff::SHORTEST);
        let pauses: Vec<Duration> = (0..50).map(|_| backoff.next_pause()).collect();
        assert!(pauses.iter().all(|pause| *pause <= Backoff::LONGEST));
        assert!(pauses[40..].iter().all(|pause| *pause >= Backoff::LONGEST / 2));
    }
}
