//! A webhook in a salesperson's words: what a page needs to know of it, and how it says so.

use super::health::Health;
use super::values::{EVENTS, Event, FIELDS};
use crate::http::format::{count, quoted};
use chrono::{DateTime, Utc};

/// A webhook as pages show it.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the others are those of the API's webhook")]
pub struct WebhookView {
    pub id: i64,
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    /// Empty when any field counts.
    pub only_fields: Vec<String>,
    pub header_names: Vec<String>,
    pub enabled: bool,
    pub stopped_reason: Option<String>,
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when its receiver wants to be left alone, where that is still to come.
    pub rest_until: Option<DateTime<Utc>>,
    pub paused_at: Option<DateTime<Utc>>,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// Until when the secret before is used too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub health: Health,
}

/// How a webhook is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is told of changes.
    On,
    /// The last attempts did not arrive; it is tried again.
    Failing,
    /// Nothing has arrived for days, so nothing is sent until somebody looks.
    Paused,
    /// Its server said that there is nothing any more.
    Gone,
    /// Somebody switched it off.
    Off,
}

impl Standing {
    /// It in a word.
    pub fn label(self) -> &'static str {
        match self {
            Self::On => "On",
            Self::Failing => "Failing",
            Self::Paused => "Paused",
            Self::Gone => "Gone",
            Self::Off => "Off",
        }
    }

    /// How it is coloured.
    pub fn tone(self) -> &'static str {
        match self {
            Self::On => "good",
            Self::Failing => "warn",
            Self::Paused | Self::Gone => "bad",
            Self::Off => "quiet",
        }
    }
}

impl WebhookView {
    /// What it is called: its description, else whom it tells.
    pub fn name(&self) -> &str {
        name_of(&self.description, &self.url)
    }

    /// The same for a message.
    pub fn quoted_name(&self) -> String {
        quoted(self.name())
    }

    /// Its page.
    pub fn address(&self) -> String {
        format!("/webhooks/{}", self.id)
    }

    /// How it is doing.
    pub fn standing(&self) -> Standing {
        match (self.enabled, &self.stopped_reason, self.paused_at, self.failing_since) {
            (false, Some(_), _, _) => Standing::Gone,
            (false, None, _, _) => Standing::Off,
            (true, _, Some(_), _) => Standing::Paused,
            (true, _, None, Some(_)) => Standing::Failing,
            (true, _, None, None) => Standing::On,
        }
    }

    /// Whether something is being sent, or would be.
    pub fn is_sending(&self) -> bool {
        self.enabled && self.paused_at.is_none()
    }

    /// What it tells, as the end of "It is told when …".
    pub fn events_words(&self) -> String {
        let (products, catalogue): (Vec<_>, Vec<_>) = self.chosen().partition(|event| event.is_of_product());
        let verbs: Vec<&str> = products.iter().map(|event| event.when).collect();
        let product = (!verbs.is_empty()).then(|| format!("a product is {}", listed(&verbs, "or")));
        let parts = product
            .into_iter()
            .chain(catalogue.iter().map(|event| event.when.to_owned()));
        parts.collect::<Vec<_>>().join(", or when ")
    }

    /// The same in as few words as fit a column of a list.
    pub fn events_short(&self) -> String {
        let words: Vec<&str> = self.chosen().map(|event| event.short).collect();
        capital(&words.join(", "))
    }

    fn chosen(&self) -> impl Iterator<Item = &'static Event> {
        let is_chosen = |event: &&Event| self.events.iter().any(|name| name == event.name);
        EVENTS.iter().filter(is_chosen)
    }

    /// Which changes of a product count, where not all do.
    pub fn only_words(&self) -> Option<String> {
        let chosen = FIELDS
            .iter()
            .filter(|field| self.only_fields.iter().any(|name| name == field.name));
        let words: Vec<&str> = chosen.map(|field| field.label).collect();
        (!words.is_empty()).then(|| format!("Changes count only when they touch the {}.", listed(&words, "or")))
    }

    /// What came of the last attempt, in a few words.
    pub fn last_result(&self) -> Option<String> {
        self.last_attempt_at?;
        Some(result_words(self.last_status, self.last_error.as_deref()))
    }

    /// Whether the last attempt arrived.
    pub fn last_arrived(&self) -> bool {
        self.last_error.is_none() && self.last_status.is_some_and(|status| (200..300).contains(&status))
    }

    /// What waits, as a sentence.
    pub fn waiting_words(&self) -> String {
        match self.health.waiting {
            0 => "Nothing waits to be sent.".into(),
            1 => "1 message waits to be sent.".into(),
            _ => format!("{} messages wait to be sent.", self.health.waiting_words()),
        }
    }
}

/// What a webhook is called: its description, else the server that is told.
pub fn name_of<'a>(description: &'a str, url: &'a str) -> &'a str {
    let first = description.lines().next().unwrap_or_default().trim();
    if first.is_empty() { host(url) } else { first }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// What came of an attempt, in a few words.
pub fn result_words(status: Option<i32>, error: Option<&str>) -> String {
    match (status, error) {
        (_, Some(error)) if !error.is_empty() => capital(error),
        (Some(status), _) => format!("Answered {status}"),
        (None, _) => "Not tried yet".into(),
    }
}

/// Milliseconds as people say them.
pub fn milliseconds(duration_ms: i32) -> String {
    match duration_ms {
        ..10_000 => count(i64::from(duration_ms), "ms", "ms"),
        _ => format!("{:.1} s", f64::from(duration_ms) / 1000.0),
    }
}

/// A sentence's beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `a, b or c`.
fn listed(words: &[&str], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A webhook as tests draw it.
    pub fn view() -> WebhookView {
        WebhookView {
            id: 7,
            url: "https://shop.example.com/hooks/products?shop=2".into(),
            description: "Web shop <b>".into(),
            events: vec![
                "product.created".into(),
                "product.updated".into(),
                "product.deleted".into(),
            ],
            only_fields: Vec::new(),
            header_names: Vec::new(),
            enabled: true,
            stopped_reason: None,
            failing_since: None,
            rest_until: None,
            paused_at: None,
            last_status: None,
            last_error: None,
            last_attempt_at: None,
            previous_secret_until: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            health: Health::default(),
        }
    }

    #[test]
    fn it_is_called_by_its_description_or_its_server() {
        let mut webhook = view();
        assert_eq!(webhook.name(), "Web shop <b>");
        webhook.description = " \n".into();
        assert_eq!(webhook.name(), "shop.example.com");
        webhook.url = "http://127.0.0.1:9".into();
        assert_eq!(webhook.name(), "127.0.0.1:9");
    }

    #[test]
    fn its_standing_follows_what_happened() {
        let mut webhook = view();
        assert_eq!(webhook.standing(), Standing::On);
        webhook.failing_since = Some(DateTime::UNIX_EPOCH);
        assert_eq!(webhook.standing(), Standing::Failing);
        webhook.paused_at = Some(DateTime::UNIX_EPOCH);
        assert_eq!(webhook.standing(), Standing::Paused);
        webhook.enabled = false;
        assert_eq!(webhook.standing(), Standing::Off);
        webhook.stopped_reason = Some("gone".into());
        assert_eq!(webhook.standing(), Standing::Gone);
    }

    #[test]
    fn what_it_tells_is_a_sentence() {
        let mut webhook = view();
        assert_eq!(webhook.events_words(), "a product is added, changed or deleted");
        assert_eq!(webhook.events_short(), "Added, changed, deleted");
        assert_eq!(webhook.only_words(), None);
        webhook.only_fields = vec!["active".into(), "name".into()];
        assert_eq!(
            webhook.only_words().as_deref(),
            Some("Changes count only when they touch the name or status.")
        );
        webhook.events = vec!["catalog.cleared".into()];
        assert_eq!(webhook.events_words(), "all products are deleted at once");
        webhook.events.push("product.created".into());
        assert_eq!(
            webhook.events_words(),
            "a product is added, or when all products are deleted at once"
        );
    }

    #[test]
    fn results_are_words() {
        assert_eq!(result_words(Some(200), None), "Answered 200");
        assert_eq!(
            result_words(None, Some("refused the connection")),
            "Refused the connection"
        );
        assert_eq!(milliseconds(45), "45 ms");
        assert_eq!(milliseconds(15_003), "15.0 s");
    }
}
