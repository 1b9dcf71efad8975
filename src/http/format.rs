//! How numbers, sizes, durations and times are written on pages.
//!
//! The same words are used by `assets/js/format.js`, so that a page's first state and its live one look alike.
//! Times are written in UTC; `assets/js/times.js` turns them into the viewer's own.

use chrono::{DateTime, SecondsFormat, Utc};

/// A name longer than this is cut in messages.
const SHORT_NAME_CHARS: usize = 60;

/// `500000` as `500,000`.
pub fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        grouped.push('\u{2212}');
    }
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number and its noun: `1 product`, `2,000 products`.
pub fn count(value: i64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

/// A name in quotation marks, cut where it is very long.
pub fn quoted(name: &str) -> String {
    let short: String = name.chars().take(SHORT_NAME_CHARS).collect();
    let dots = if short.len() < name.len() { "…" } else { "" };
    format!("“{short}{dots}”")
}

/// What stands before the name that a sentence quotes, the name, and what comes after it: names are written from right to
/// left in many languages, while the sentence is not.
pub fn around_name(sentence: &str) -> (&str, &str, &str) {
    let begin = sentence
        .find('“')
        .map_or(sentence.len(), |place| place + '“'.len_utf8());
    let (before, rest) = sentence.split_at(begin);
    let (name, after) = rest.split_at(rest.rfind('”').unwrap_or_default());
    (before, name, after)
}

/// Bytes in decimal units, as file managers show them: `90.2 MB`.
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return count(bytes, "byte", "bytes");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let places = usize::from(value < 99.95);
    format!("{value:.places$} {}", UNITS[unit])
}

/// A stretch of time, with as much detail as anyone wants: `0.4 s`, `14 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: f64) -> String {
    // What took less than this took no time that anyone would notice, but some.
    let seconds = seconds.max(0.1);
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as i64;
    match whole {
        ..60 => format!("{whole} s"),
        60..3600 => two_units(whole / 60, "min", whole % 60, "s"),
        _ => two_units(whole / 3600, "h", whole % 3600 / 60, "min"),
    }
}

fn two_units(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// A time for people, when no script can make it local: `22 Nov 2026, 19:41 UTC`.
pub fn time(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A day for people: `22 Nov 2026`.
pub fn date(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y").to_string()
}

/// A time for machines: RFC 3339.
pub fn time_machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The whole per cent that `part` is of `whole`; never 100 before it is all of it.
pub fn percent(part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        0
    } else {
        (i128::from(part) * 100 / i128::from(whole)).clamp(0, 100) as i64
    }
}

/// The same as filters of templates: `{{ count|number }}`.
#[allow(missing_docs, reason = "askama makes a struct of every filter")]
#[allow(clippy::inline_always, reason = "askama writes it into every filter")]
pub mod filters {
    use askama::{Result, Values, filter_fn};
    use chrono::{DateTime, Utc};

    /// A value behind any number of references, as templates hand it over.
    pub trait Shown<T> {
        /// The value itself.
        fn get(&self) -> T;
    }

    impl Shown<i64> for i64 {
        fn get(&self) -> i64 {
            *self
        }
    }

    impl Shown<f64> for f64 {
        fn get(&self) -> f64 {
            *self
        }
    }

    impl Shown<DateTime<Utc>> for DateTime<Utc> {
        fn get(&self) -> DateTime<Utc> {
            *self
        }
    }

    impl<T, S: Shown<T>> Shown<T> for &S {
        fn get(&self) -> T {
            (*self).get()
        }
    }

    /// See [`super::number`].
    #[filter_fn]
    pub fn number(value: impl Shown<i64>, _: &dyn Values) -> Result<String> {
        Ok(super::number(value.get()))
    }

    /// See [`super::size`].
    #[filter_fn]
    pub fn size(bytes: impl Shown<i64>, _: &dyn Values) -> Result<String> {
        Ok(super::size(bytes.get()))
    }

    /// See [`super::duration`].
    #[filter_fn]
    pub fn duration(seconds: impl Shown<f64>, _: &dyn Values) -> Result<String> {
        Ok(super::duration(seconds.get()))
    }

    /// See [`super::time`].
    #[filter_fn]
    pub fn time(at: impl Shown<DateTime<Utc>>, _: &dyn Values) -> Result<String> {
        Ok(super::time(at.get()))
    }

    /// See [`super::date`].
    #[filter_fn]
    pub fn date(at: impl Shown<DateTime<Utc>>, _: &dyn Values) -> Result<String> {
        Ok(super::date(at.get()))
    }

    /// See [`super::time_machine`].
    #[filter_fn]
    pub fn time_machine(at: impl Shown<DateTime<Utc>>, _: &dyn Values) -> Result<String> {
        Ok(super::time_machine(at.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let written: Vec<_> = [0, 7, 999, 1000, 500_000, 1_234_567, -1234].map(number).into();
        assert_eq!(
            written,
            ["0", "7", "999", "1,000", "500,000", "1,234,567", "\u{2212}1,234"]
        );
    }

    #[test]
    fn a_name_is_told_from_the_sentence_that_quotes_it() {
        for (sentence, parts) in [
            ("Deleted “Lamp”.", ("Deleted “", "Lamp", "”.")),
            ("Deleted “a “b” c”.", ("Deleted “", "a “b” c", "”.")),
            ("Nothing “open", ("Nothing “", "", "open")),
            ("Done.", ("Done.", "", "")),
        ] {
            assert_eq!(around_name(sentence), parts, "{sentence}");
        }
    }

    #[test]
    fn sizes_are_decimal() {
        let written: Vec<_> = [0, 1, 999, 1000, 90_200_000, 99_949_999, 999_600, 4_294_967_296]
            .map(size)
            .into();
        assert_eq!(
            written,
            [
                "0 bytes",
                "1 byte",
                "999 bytes",
                "1.0 kB",
                "90.2 MB",
                "99.9 MB",
                "1.0 MB",
                "4.3 GB"
            ]
        );
    }

    #[test]
    fn durations_lose_detail_as_they_grow() {
        let written: Vec<_> = [0.04, 9.94, 9.96, 59.4, 60.0, 200.0, 3600.0, 7500.0]
            .map(duration)
            .into();
        assert_eq!(
            written,
            [
                "0.1 s",
                "9.9 s",
                "10 s",
                "59 s",
                "1 min",
                "3 min 20 s",
                "1 h",
                "2 h 5 min"
            ]
        );
    }

    #[test]
    fn times_are_written_for_people_and_machines() {
        let at = DateTime::from_timestamp(1_795_376_460, 0).unwrap();
        assert_eq!(time(at), "22 Nov 2026, 19:41 UTC");
        assert_eq!(date(at), "22 Nov 2026");
        assert_eq!(time_machine(at), "2026-11-22T19:41:00Z");
    }

    #[test]
    fn per_cent_is_whole_only_at_the_end() {
        assert_eq!(
            [percent(0, 0), percent(499_999, 500_000), percent(5, 5), percent(9, 5)],
            [0, 99, 100, 100]
        );
    }
}
