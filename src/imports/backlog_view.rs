//! What waits to be made searchable, in plain words.

use crate::catalog::IndexBacklog;
use crate::http::format::{duration, number};
use std::time::Duration;

/// Products that have waited this long are not being indexed by anybody.
const LONG_WAIT: Duration = Duration::from_mins(2);

/// How many products cannot be found yet, when there are so many that somebody may miss them.
pub fn backlog_words(backlog: IndexBacklog) -> Option<String> {
    if !backlog.is_noticed() {
        return None;
    }
    let products = number(backlog.products);
    if backlog.waiting < LONG_WAIT {
        return Some(format!("{products} products are being made searchable."));
    }
    let waiting = duration(backlog.waiting.as_secs_f64());
    Some(format!(
        "{products} products have been waiting for {waiting} to be made searchable. Is a worker running?"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_cannot_be_found_yet_are_told_of() {
        let words = |products, seconds| {
            let waiting = Duration::from_secs(seconds);
            backlog_words(IndexBacklog {
                products,
                waiting,
                ..IndexBacklog::default()
            })
        };
        assert_eq!(words(0, 0), None);
        assert_eq!(words(2_000, 3600), None, "every search looks at so few");
        let imported = |imported| IndexBacklog {
            products: 500,
            imported,
            ..IndexBacklog::default()
        };
        assert_eq!(backlog_words(imported(200)), None);
        assert!(backlog_words(imported(201)).is_some(), "and at fewer from imports");
        assert_eq!(
            words(12_000, 3).as_deref(),
            Some("12,000 products are being made searchable.")
        );
        assert!(words(12_000, 330).is_some_and(|words| words.contains("waiting for 5 min 30 s")));
    }
}
