//! How a webhook has been doing: its last day as a small bar chart, and how much waits.
//!
//! The chart is a drawing of plain rectangles, computed here, so that it needs neither scripts nor styles of its own.

use crate::http::format::number;
use std::fmt::Write as _;

/// Bars of the chart: the hours of a day.
pub const HOURS: usize = 24;
/// More than this is shown as "10,000+": counting further would take longer than anyone looks.
pub const MOST_WAITING: i64 = 10_000;

/// Height of the chart, in its own units.
const HEIGHT: i64 = 28;
const BAR_WIDTH: usize = 3;
const BAR_STEP: usize = 4;
/// Whatever happened can be seen.
const LEAST_HEIGHT: i64 = 2;

/// How a webhook has been doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What was sent in each of the last 24 hours, the oldest first.
    pub hours: [Hour; HOURS],
    /// How many deliveries wait, counted up to one more than [`MOST_WAITING`].
    pub waiting: i64,
}

/// What was sent in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Attempts that arrived.
    pub delivered: i64,
    /// Attempts that did not.
    pub failed: i64,
}

/// A rectangle of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// From the left.
    pub x: usize,
    /// From the top.
    pub y: i64,
    /// Its height.
    pub height: i64,
    /// `arrived`, `failed` or `none`.
    pub kind: &'static str,
}

impl Hour {
    fn total(self) -> i64 {
        self.delivered + self.failed
    }
}

impl Health {
    /// How many attempts arrived in the last day.
    pub fn delivered(&self) -> i64 {
        self.hours.iter().map(|hour| hour.delivered).sum()
    }

    /// How many did not.
    pub fn failed(&self) -> i64 {
        self.hours.iter().map(|hour| hour.failed).sum()
    }

    /// Whether nothing was sent in the last day.
    pub fn is_quiet(&self) -> bool {
        self.delivered() + self.failed() == 0
    }

    /// The day in a few words.
    pub fn words(&self) -> String {
        let (delivered, failed) = (self.delivered(), self.failed());
        if self.is_quiet() {
            return "Nothing sent".into();
        }
        let mut words = format!("{} arrived", number(delivered));
        if failed > 0 {
            let _ = write!(words, ", {} failed", number(failed));
        }
        words
    }

    /// The number that waits.
    pub fn waiting_words(&self) -> String {
        if self.waiting > MOST_WAITING {
            format!("{}+", number(MOST_WAITING))
        } else {
            number(self.waiting)
        }
    }

    /// The rectangles of the chart: per hour what failed on top of what arrived, or a stub where nothing was sent.
    pub fn bars(&self) -> Vec<Bar> {
        let most = self.hours.iter().map(|hour| hour.total()).max().unwrap_or_default();
        let mut bars = Vec::new();
        for (place, hour) in self.hours.iter().enumerate() {
            let x = place * BAR_STEP;
            if hour.total() == 0 {
                bars.push(bar(x, HEIGHT - 1, 1, "none"));
                continue;
            }
            let failed = scaled(hour.failed, most);
            let delivered = scaled(hour.delivered, most).min(HEIGHT - failed);
            if delivered > 0 {
                bars.push(bar(x, HEIGHT - delivered, delivered, "arrived"));
            }
            if failed > 0 {
                bars.push(bar(x, HEIGHT - delivered - failed, failed, "failed"));
            }
        }
        bars
    }

    /// The chart's coordinates.
    pub fn view_box() -> String {
        format!("0 0 {} {HEIGHT}", HOURS * BAR_STEP - (BAR_STEP - BAR_WIDTH))
    }

    /// How wide a bar is.
    pub fn bar_width() -> usize {
        BAR_WIDTH
    }
}

fn bar(x: usize, y: i64, height: i64, kind: &'static str) -> Bar {
    Bar { x, y, height, kind }
}

fn scaled(part: i64, most: i64) -> i64 {
    if part == 0 {
        0
    } else {
        (part * HEIGHT / most).max(LEAST_HEIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(hours: &[(usize, i64, i64)]) -> Health {
        let mut health = Health::default();
        for (place, delivered, failed) in hours {
            health.hours[*place] = Hour {
                delivered: *delivered,
                failed: *failed,
            };
        }
        health
    }

    #[test]
    fn a_quiet_day_is_a_line_of_stubs() {
        let health = health(&[]);
        let bars = health.bars();
        assert_eq!(bars.len(), HOURS);
        assert!(bars.iter().all(|bar| bar.kind == "none" && bar.height == 1));
        assert_eq!(health.words(), "Nothing sent");
    }

    #[test]
    fn what_failed_stands_on_what_arrived_and_is_always_seen() {
        let health = health(&[(0, 1_000, 1), (23, 10, 0)]);
        let bars = health.bars();
        let of = |kind| bars.iter().filter(|bar| bar.kind == kind).copied().collect::<Vec<_>>();
        let (arrived, failed) = (of("arrived"), of("failed"));
        assert_eq!((arrived.len(), failed.len(), of("none").len()), (2, 1, 22));
        assert_eq!(failed[0].height, LEAST_HEIGHT);
        assert_eq!(failed[0].y + failed[0].height, arrived[0].y);
        assert!(
            bars.iter().all(|bar| bar.y >= 0 && bar.y + bar.height <= HEIGHT),
            "{bars:?}"
        );
        assert_eq!(arrived[1].height, LEAST_HEIGHT);
        assert_eq!(health.words(), "1,010 arrived, 1 failed");
    }

    #[test]
    fn many_are_not_counted_to_the_end() {
        let waiting = |waiting| {
            Health {
                waiting,
                ..Health::default()
            }
            .waiting_words()
        };
        assert_eq!(waiting(MOST_WAITING), "10,000");
        assert_eq!(waiting(MOST_WAITING + 1), "10,000+");
    }
}
