//! The pages about deliveries: one template struct a page.

use super::view::{AttemptView, DeliveryView, SentView, State};
use crate::http::format::{self, count, filters, number, percent};
use crate::http::pages::{Layout, Pager, Section};
use crate::webhooks::health::MOST_WAITING;
use crate::webhooks::view::WebhookView;
use askama::Template;
use chrono::{DateTime, Utc};

/// What a webhook was told, as a part of its page.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
    /// The state that is shown, if only one is.
    pub only: Option<State>,
    /// How many failed, counted up to one more than [`MOST_WAITING`].
    pub failed: i64,
    /// The way to the pages beside it.
    pub pager: Pager,
    /// Failed deliveries that are being tried again, or were lately.
    pub retry: Option<RetryView>,
}

/// How far trying failed deliveries again is.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names tell")]
pub struct RetryView {
    pub id: i64,
    pub since: DateTime<Utc>,
    pub expected: i64,
    pub done: i64,
    pub is_over: bool,
    pub is_cancelled: bool,
}

/// A part of the log that can be chosen.
pub struct Tab {
    /// Its name.
    pub name: &'static str,
    /// How many there are, where that is told.
    pub tally: Option<String>,
    /// Where it is.
    pub address: String,
    /// Whether it is shown.
    pub is_current: bool,
}

/// `/webhooks/{id}/deliveries/{delivery}`: everything about one delivery.
#[derive(Template)]
#[template(path = "webhooks/delivery.html", blocks = ["main"])]
pub struct DeliveryPage {
    /// The frame.
    pub layout: Layout,
    webhook: WebhookView,
    delivery: DeliveryView,
    attempts: Vec<AttemptView>,
    sent: SentView,
}

/// `/webhooks/{id}/retries/new`: asks from when on failed deliveries are to be tried again.
#[derive(Template)]
#[template(path = "webhooks/retry.html", blocks = ["main"])]
pub struct RetryPage {
    /// The frame.
    pub layout: Layout,
    webhook: WebhookView,
    choices: Vec<RetryChoice>,
    trouble: Option<String>,
}

/// A time from which on deliveries can be tried again, and how many there are.
#[derive(Clone, Debug)]
pub struct RetryChoice {
    /// From then on.
    pub since: DateTime<Utc>,
    /// In words.
    pub label: String,
    /// So many failed.
    pub count: i64,
    /// Whether it is the one to begin with.
    pub is_chosen: bool,
}

/// Which webhooks were told of a product's changes: a part of the product's page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "webhooks/_told.html")]
pub struct Told {
    /// The newest first.
    pub changes: Vec<ToldOfChange>,
}

/// Which webhooks were told of one change.
#[derive(Clone, Debug)]
pub struct ToldOfChange {
    /// At least one.
    pub told: Vec<ToldView>,
}

/// A webhook that was told, and how that went.
#[derive(Clone, Debug)]
pub struct ToldView {
    /// What the webhook is called.
    pub webhook_name: String,
    /// Whether it is being told anything at the moment.
    pub is_sending: bool,
    /// What it was told, and what came of it.
    pub delivery: DeliveryView,
}

impl LogView {
    /// What can be chosen.
    pub fn tabs(&self, webhook: &WebhookView) -> [Tab; 4] {
        let tab = |name, only: Option<State>, tally: Option<String>| Tab {
            name,
            tally,
            address: only.map_or_else(
                || webhook.address(),
                |state| format!("{}?state={}", webhook.address(), state.as_str()),
            ),
            is_current: self.only == only,
        };
        let waiting = webhook.health.waiting_words();
        [
            tab("All", None, None),
            tab("Waiting", Some(State::Pending), Some(waiting)),
            tab("Arrived", Some(State::Delivered), None),
            tab("Failed", Some(State::Failed), Some(bounded(self.failed))),
        ]
    }

    /// What an empty list says.
    pub fn nothing_words(&self) -> (&'static str, &'static str) {
        match self.only {
            None => (
                "Nothing has been told yet",
                "As soon as somebody changes a product by hand, it shows up here. Send a test to see whether the other \
                 system answers.",
            ),
            Some(State::Pending) => ("Nothing waits", "Everything there was to tell has been sent."),
            Some(State::Delivered) => ("Nothing has arrived", "No message has reached the other system yet."),
            Some(State::Failed) => ("Nothing has failed", "Every message arrived, or is still being tried."),
        }
    }
}

fn bounded(value: i64) -> String {
    if value > MOST_WAITING {
        format!("{}+", number(MOST_WAITING))
    } else {
        number(value)
    }
}

impl RetryView {
    /// How far it is, as a sentence.
    pub fn words(&self) -> String {
        let all = count(self.expected, "failed message", "failed messages");
        let done = number(self.done);
        if self.is_cancelled {
            return format!("Stopped after {done} of {all}; the others stay failed.");
        }
        if self.is_over {
            return format!("{} sent again.", capital_count(self.done));
        }
        format!("Trying again: {done} of {all}.")
    }

    /// The same for a bar.
    pub fn percent(&self) -> i64 {
        percent(self.done, self.expected)
    }
}

fn capital_count(value: i64) -> String {
    let verb = if value == 1 { "was" } else { "were" };
    format!("{} {verb}", count(value, "failed message", "failed messages"))
}

impl DeliveryPage {
    /// The page of a delivery.
    pub fn new(webhook: WebhookView, delivery: DeliveryView, attempts: Vec<AttemptView>, body: &str) -> Self {
        let title = format!("{} · {}", delivery.happened(), webhook.name());
        Self {
            layout: Layout::new(Section::Webhooks, title),
            webhook,
            delivery,
            attempts,
            sent: SentView::of(body),
        }
    }
}

impl RetryPage {
    /// The question with what can be chosen.
    pub fn new(webhook: WebhookView, choices: Vec<RetryChoice>) -> Self {
        let title = format!("Try again · {}", webhook.name());
        Self {
            layout: Layout::new(Section::Webhooks, title),
            webhook,
            choices,
            trouble: None,
        }
    }

    /// The same with what was in the way.
    #[must_use]
    pub fn with_trouble(self, trouble: impl Into<String>) -> Self {
        Self {
            trouble: Some(trouble.into()),
            ..self
        }
    }

    fn has_any(&self) -> bool {
        self.choices.iter().any(|choice| choice.count > 0)
    }
}

impl Told {
    /// Whether there is anything to show.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds one; those of one change come together.
    pub fn add(&mut self, told: ToldView) {
        let event = |change: &ToldOfChange| change.told.first().map(|told| told.delivery.event_id.clone());
        match self.changes.last_mut() {
            Some(last) if event(last).as_ref() == Some(&told.delivery.event_id) => last.told.push(told),
            _ => self.changes.push(ToldOfChange { told: vec![told] }),
        }
    }
}

impl ToldView {
    fn state_label(&self) -> &'static str {
        self.delivery.state_label(self.is_sending)
    }

    fn tone(&self) -> &'static str {
        self.delivery.tone(self.is_sending)
    }
}

impl ToldOfChange {
    /// How that went, as in "4 arrived, 1 failed".
    pub fn words(&self) -> String {
        let words = ["Arrived", "On hold", "Trying again", "Waiting", "Failed"].map(|label| {
            let is_so = |told: &&ToldView| told.state_label() == label;
            let number = self.told.iter().filter(is_so).count() as i64;
            (number > 0).then(|| format!("{} {}", format::number(number), label.to_lowercase()))
        });
        words.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether somebody should look.
    pub fn has_failed(&self) -> bool {
        self.told.iter().any(|told| told.delivery.state == State::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;
    use crate::webhooks::log::view::tests::delivery;
    use crate::webhooks::view::tests::view;

    fn shows(html: &str, parts: &[&str]) {
        assert_no_inline_code(html);
        for part in parts {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    fn attempt(number: i32, status: Option<i32>, error: Option<&str>) -> AttemptView {
        AttemptView {
            number,
            at: DateTime::UNIX_EPOCH,
            status,
            duration_ms: 41,
            error: error.map(str::to_owned),
            request_headers: vec![("webhook-id".into(), "msg_5f0c".into())],
            response_headers: vec![("server".into(), "<nginx>".into())],
            response_body: "<h1>Busy</h1>".into(),
        }
    }

    #[test]
    fn a_delivery_shows_each_attempt_and_what_was_sent() {
        let attempts = vec![
            attempt(2, Some(503), Some("answered 503 Service Unavailable")),
            attempt(1, None, Some("refused the connection")),
        ];
        let body = r#"{"type":"product.updated","data":{"product":{"name":"<b>"}}}"#;
        let page = DeliveryPage::new(view(), delivery(State::Pending, 2), attempts, body);
        let html = page.render().unwrap();
        shows(
            &html,
            &[
                "Product changed",
                "href=\"/products/4711\" dir=\"auto\">Lamp &#60;b&#62;</a>",
                "Answered 503 Service Unavailable",
                "Refused the connection",
                "after 41 ms",
                "&#60;h1&#62;Busy&#60;/h1&#62;",
                "server: &#60;nginx&#62;",
                "There was none.",
                "The next attempt is",
                "webhook-id: msg_5f0c",
                "action=\"/webhooks/7/deliveries/31/attempts\"",
                "&#34;name&#34;: &#34;&#60;b&#62;&#34;",
            ],
        );
    }

    #[test]
    fn one_that_waits_for_its_first_attempt_offers_nothing_to_try() {
        let page = DeliveryPage::new(view(), delivery(State::Pending, 0), Vec::new(), "{}");
        let html = page.render().unwrap();
        shows(&html, &["It has not been sent yet.", "None yet."]);
        assert!(!html.contains("Try again now"));
        let failed = DeliveryPage::new(view(), delivery(State::Failed, 10), Vec::new(), "{}");
        shows(&failed.render().unwrap(), &["It was tried 10 times", "Try again now"]);
        let paused = WebhookView {
            paused_at: Some(DateTime::UNIX_EPOCH),
            ..view()
        };
        let held = DeliveryPage::new(paused, delivery(State::Pending, 2), Vec::new(), "{}");
        let html = held.render().unwrap();
        shows(&html, &["On hold", "is switched on again."]);
        assert!(!html.contains("Try again now") && !html.contains("next attempt"));
    }

    #[test]
    fn trying_again_shows_the_number_first() {
        let choice = |label: &str, count| RetryChoice {
            since: DateTime::UNIX_EPOCH,
            label: label.into(),
            count,
            is_chosen: count > 0,
        };
        let choices = vec![choice("in the last hour", 0), choice("ever", 1_204)];
        let page = RetryPage::new(view(), choices).with_trouble("The number has <changed>.");
        shows(
            &page.render().unwrap(),
            &[
                "1,204 messages",
                "value=\"1970-01-01T00:00:00Z\" checked",
                "value=\"1970-01-01T00:00:00Z=1204\"",
                "disabled",
                "The number has &#60;changed&#62;.",
                "action=\"/webhooks/7/retries\"",
            ],
        );
        let nothing = RetryPage::new(view(), vec![choice("ever", 0)]).render().unwrap();
        shows(&nothing, &["Nothing has failed"]);
    }

    #[test]
    fn a_products_page_names_who_was_told() {
        let mut told = Told::default();
        for (name, state, attempts) in [
            ("Web shop <b>", State::Failed, 10),
            ("Stock", State::Delivered, 1),
            ("Prices", State::Delivered, 1),
        ] {
            told.add(ToldView {
                webhook_name: name.into(),
                is_sending: true,
                delivery: delivery(state, attempts),
            });
        }
        assert_eq!(told.changes.len(), 1);
        shows(
            &told.render().unwrap(),
            &[
                "Told to other systems",
                "href=\"/webhooks/7/deliveries/31\" dir=\"auto\">Web shop &#60;b&#62;</a>",
                "Product changed",
                "Refused the connection",
                "2 arrived, 1 failed",
            ],
        );
    }

    #[test]
    fn an_empty_part_of_the_log_says_what_is_missing() {
        let log = |only| LogView {
            only,
            ..LogView::default()
        };
        assert_eq!(log(Some(State::Failed)).nothing_words().0, "Nothing has failed");
        assert_eq!(log(Some(State::Pending)).nothing_words().0, "Nothing waits");
        let tabs = log(Some(State::Failed)).tabs(&view());
        assert!(tabs[3].is_current && !tabs[0].is_current);
        assert_eq!(tabs[3].address, "/webhooks/7?state=failed");
        assert_eq!(tabs[0].address, "/webhooks/7");
    }
}
