//! A delivery in a salesperson's words: what was told, to whom, what came of each attempt, and what comes next.

use crate::http::format::{count, size};
use crate::webhooks::values;
use crate::webhooks::view::{capital, milliseconds, result_words};
use chrono::{DateTime, Utc};

/// How much of what was sent a page shows.
pub const SHOWN_BODY_BYTES: usize = 16 * 1024;

/// A delivery as lists show it.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the others are those of the API's delivery")]
pub struct DeliveryView {
    pub id: i64,
    pub webhook_id: i64,
    pub event_id: String,
    /// What happened, by its name in the API.
    pub kind: String,
    pub product_id: Option<i64>,
    /// What the product was called in what was told.
    pub product_name: Option<String>,
    pub state: State,
    /// How often it was tried.
    pub attempts: i32,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its first attempt, or for another.
    Pending,
    /// It arrived.
    Delivered,
    /// It did not, and is not tried again by itself.
    Failed,
}

/// One attempt.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the others are those of the API's attempt")]
pub struct AttemptView {
    /// The first is 1.
    pub number: i32,
    pub at: DateTime<Utc>,
    pub status: Option<i32>,
    pub duration_ms: i32,
    pub error: Option<String>,
    pub request_headers: Vec<(String, String)>,
    pub response_headers: Vec<(String, String)>,
    /// The first 16 KB of it.
    pub response_body: String,
}

/// What was sent, as a page shows it.
#[derive(Clone, Debug, Default)]
pub struct SentView {
    /// Set apart in lines, and cut where it is long.
    pub text: String,
    /// How long it is, where it was cut.
    pub cut_of: Option<String>,
}

impl State {
    /// The state behind a word of the API.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }

    /// Its word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl DeliveryView {
    /// Its page.
    pub fn address(&self) -> String {
        format!("/webhooks/{}/deliveries/{}", self.webhook_id, self.id)
    }

    /// What happened, in words.
    pub fn happened(&self) -> &str {
        values::happened(&self.kind)
    }

    /// The product in question by its name, or by its number.
    pub fn product_words(&self) -> Option<String> {
        let named = self.product_name.clone().filter(|name| !name.trim().is_empty());
        named.or_else(|| self.product_id.map(|id| format!("product {id}")))
    }

    /// The state in a word; its webhook may send nothing at the moment.
    pub fn state_label(&self, is_sending: bool) -> &'static str {
        match self.state {
            State::Pending if !is_sending => "On hold",
            State::Pending if self.attempts > 0 => "Trying again",
            State::Pending => "Waiting",
            State::Delivered => "Arrived",
            State::Failed => "Failed",
        }
    }

    /// How the state is coloured.
    pub fn tone(&self, is_sending: bool) -> &'static str {
        match self.state {
            State::Pending if !is_sending => "quiet",
            State::Pending if self.attempts > 0 => "warn",
            State::Pending => "quiet",
            State::Delivered => "good",
            State::Failed => "bad",
        }
    }

    /// What came of the last attempt.
    pub fn result(&self) -> String {
        if self.attempts == 0 {
            return "Not tried yet".into();
        }
        result_words(self.last_status, self.last_error.as_deref())
    }

    /// How often it was tried.
    pub fn attempts_words(&self) -> String {
        count(i64::from(self.attempts), "attempt", "attempts")
    }

    /// Whether one attempt was not enough.
    pub fn has_more_to_tell(&self) -> bool {
        self.attempts > 1 || (self.attempts == 1 && self.next_attempt_at.is_some())
    }

    /// Whether it can be tried again by hand.
    pub fn can_be_tried(&self, is_sending: bool) -> bool {
        is_sending && (self.state != State::Pending || self.attempts > 0)
    }
}

impl AttemptView {
    /// What came of it, in a few words.
    pub fn result(&self) -> String {
        result_words(self.status, self.error.as_deref())
    }

    /// Whether it arrived.
    pub fn arrived(&self) -> bool {
        self.error.is_none() && self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// How long it took.
    pub fn took(&self) -> String {
        milliseconds(self.duration_ms)
    }

    /// How the answer began.
    pub fn answer(&self) -> String {
        let status = self.status.map(|status| format!("HTTP {status}"));
        let headers = self
            .response_headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        let head: Vec<String> = status.into_iter().chain(headers).collect();
        if self.response_body.is_empty() {
            return head.join("\n");
        }
        format!("{}\n\n{}", head.join("\n"), self.response_body)
    }

    /// The headers that were sent.
    pub fn request(&self) -> String {
        let headers = self
            .request_headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        headers.collect::<Vec<_>>().join("\n")
    }
}

impl SentView {
    /// What a page shows of a body.
    pub fn of(body: &str) -> Self {
        let text = set_apart(body);
        if text.len() <= SHOWN_BODY_BYTES {
            return Self { text, cut_of: None };
        }
        let mut end = SHOWN_BODY_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            text: format!("{}…", &text[..end]),
            cut_of: Some(size(body.len() as i64)),
        }
    }
}

/// JSON in lines, with nothing else changed: neither the order of its fields nor how a number is written.
fn set_apart(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut letters = json.chars().filter(|letter| !matches!(letter, '\n' | '\r')).peekable();
    while let Some(letter) = letters.next() {
        if in_string {
            text.push(letter);
            in_string = is_escaped || letter != '"';
            is_escaped = letter == '\\' && !is_escaped;
            continue;
        }
        match letter {
            '{' | '[' if letters.peek().is_some_and(|next| matches!(next, '}' | ']')) => text.push(letter),
            '{' | '[' => {
                depth += 1;
                text.push(letter);
                break_line(&mut text, depth);
            }
            '}' | ']' if text.ends_with(['{', '[']) => text.push(letter),
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            ' ' | '\t' => {}
            _ => {
                in_string = letter == '"';
                text.push(letter);
            }
        }
    }
    text
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// What a test answered, as a sentence.
pub fn test_words(status: Option<i32>, duration_ms: i32, error: Option<&str>) -> String {
    match (error, status) {
        (Some(error), _) => format!("The test did not arrive: {error}."),
        (None, Some(status)) => format!("It works: answered {status} in {}.", milliseconds(duration_ms)),
        (None, None) => capital("the test did not arrive."),
    }
}

#[cfg(test)]
pub(in crate::webhooks) mod tests {
    use super::*;

    /// A delivery as tests draw it.
    pub fn delivery(state: State, attempts: i32) -> DeliveryView {
        DeliveryView {
            id: 31,
            webhook_id: 7,
            event_id: "msg_5f0c".into(),
            kind: "product.updated".into(),
            product_id: Some(4711),
            product_name: Some("Lamp <b>".into()),
            state,
            attempts,
            last_status: (state == State::Delivered).then_some(200),
            last_error: (state != State::Delivered && attempts > 0).then(|| "refused the connection".into()),
            created_at: DateTime::UNIX_EPOCH,
            finished_at: None,
            next_attempt_at: (state == State::Pending).then_some(DateTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn states_are_words() {
        let label = |state, attempts| delivery(state, attempts).state_label(true);
        assert_eq!(label(State::Pending, 0), "Waiting");
        assert_eq!(label(State::Pending, 2), "Trying again");
        assert_eq!(label(State::Delivered, 1), "Arrived");
        assert_eq!(label(State::Failed, 10), "Failed");
        assert_eq!(delivery(State::Pending, 2).state_label(false), "On hold");
        assert_eq!(delivery(State::Failed, 10).state_label(false), "Failed");
        assert_eq!(State::of_word("failed"), Some(State::Failed));
        assert_eq!(State::of_word("lost"), None);
    }

    #[test]
    fn what_was_sent_is_set_apart_and_cut() {
        let sent = SentView::of(r#"{"b":[1.0,{}],"a":"{,:\\\"[ "}"#);
        assert_eq!(
            sent.text,
            "{\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"a\": \"{,:\\\\\\\"[ \"\n}"
        );
        assert_eq!(sent.cut_of, None);
        let long = SentView::of(&format!("{{\"a\":\"{}\"}}", "é".repeat(100_000)));
        assert!(long.text.len() <= SHOWN_BODY_BYTES + 3 && long.text.ends_with('…'));
        assert_eq!(long.cut_of.as_deref(), Some("200 kB"));
    }

    #[test]
    fn a_test_is_answered_in_a_sentence() {
        assert_eq!(test_words(Some(204), 45, None), "It works: answered 204 in 45 ms.");
        assert_eq!(
            test_words(None, 3, Some("the certificate has expired")),
            "The test did not arrive: the certificate has expired."
        );
    }
}
