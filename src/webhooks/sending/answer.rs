//! What a receiver answered: as much of it as is worth keeping, however much it sends.

use super::trouble::{Step, Trouble};
use axum::http::header::{HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use axum::http::{StatusCode, response};
use chrono::DateTime;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How much of a body is kept.
pub const KEPT_MAX_BYTES: usize = 16 * 1024;

/// How much of a body is read, so that the connection can be used again. It is closed on whoever sends more.
const READ_MAX_BYTES: usize = 64 * 1024;

/// How much of a header's value is kept.
const VALUE_MAX_CHARS: usize = 1_000;

/// What came of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status, as soon as there was one.
    pub status: Option<u16>,
    /// From the look-up of the name to the end of the answer.
    pub duration: Duration,
    /// Why it was not delivered; none means that it was.
    pub error: Option<Trouble>,
    /// How long the receiver wants to be left alone (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Names and values, fit to be kept as text.
    pub response_headers: Vec<(String, String)>,
    /// The first 16 KB, fit to be kept as text.
    pub response_body: String,
    /// Whether there was more.
    pub is_cut: bool,
}

impl Answer {
    /// Whether the receiver had a say in good time, whatever it was.
    pub fn is_prompt(&self) -> bool {
        self.status.is_some() && !matches!(self.error, Some(Trouble::Late(..) | Trouble::BrokenOff))
    }

    /// Nothing came back.
    pub(super) fn without(trouble: Trouble) -> Self {
        Self {
            error: Some(trouble),
            ..Self::default()
        }
    }

    /// The head of an answer to what was sent at `sent` (seconds since 1970).
    pub(super) fn of(head: &response::Parts, sent: i64) -> Self {
        Self {
            status: Some(head.status.as_u16()),
            error: refusal(head.status, &head.headers),
            retry_after: head.headers.get(RETRY_AFTER).and_then(|value| retry_after(value, sent)),
            response_headers: head
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), shown(value)))
                .collect(),
            ..Self::default()
        }
    }

    /// Reads what belongs to it. Whether it came to its end, so that the connection can be used again.
    pub(super) async fn read(&mut self, mut body: Incoming, (deadline, patience): (Instant, Duration)) -> bool {
        let mut kept = Vec::new();
        let reading = timeout_at(deadline, take(&mut body, &mut kept)).await;
        let end = match reading {
            Ok(Ok(end)) => Ok(end),
            Ok(Err(error)) => Err(Trouble::of_http(&error)),
            Err(_) => Err(Trouble::Late(Step::Body, patience)),
        };
        self.is_cut = kept.len() > KEPT_MAX_BYTES;
        kept.truncate(KEPT_MAX_BYTES);
        self.response_body = fit_for_text(&kept);
        match end {
            Ok(end) => end == End::Whole,
            Err(trouble) => {
                // What the status said comes first.
                self.error = self.error.take().or(Some(trouble));
                false
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Whole,
    /// There is more than anybody reads.
    Endless,
}

/// Keeps one byte more than is shown, to know whether there was more.
async fn take(body: &mut Incoming, kept: &mut Vec<u8>) -> hyper::Result<End> {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        read += data.len();
        let room = KEPT_MAX_BYTES + 1 - kept.len();
        kept.extend_from_slice(&data[..room.min(data.len())]);
        if read > READ_MAX_BYTES {
            return Ok(End::Endless);
        }
    }
    Ok(End::Whole)
}

/// Why an answer does not mean "taken".
fn refusal(status: StatusCode, headers: &HeaderMap) -> Option<Trouble> {
    if status.is_success() {
        return None;
    }
    let is_redirect = status.is_redirection() && status != StatusCode::NOT_MODIFIED;
    Some(if is_redirect {
        Trouble::Redirected(headers.get(LOCATION).map(shown))
    } else {
        Trouble::Status(status.as_u16())
    })
}

/// Seconds, or a time.
fn retry_after(value: &HeaderValue, sent: i64) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?.timestamp();
    Some(Duration::from_secs(u64::try_from(until - sent).unwrap_or(0)))
}

fn shown(value: &HeaderValue) -> String {
    let text = fit_for_text(value.as_bytes());
    match text.char_indices().nth(VALUE_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// PostgreSQL's texts are UTF-8 and have no NUL.
fn fit_for_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_time() {
        let read = |text: &str| retry_after(&HeaderValue::from_str(text).unwrap(), 1_445_412_420);
        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_mins(1)));
        assert_eq!(read("Wed, 21 Oct 2015 07:20:00 GMT"), Some(Duration::ZERO));
        for nothing in ["", "soon", "-1", "1.5"] {
            assert_eq!(read(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn what_strangers_send_is_fit_to_be_kept() {
        assert_eq!(fit_for_text(b"a\0b\xff"), "a\u{fffd}b\u{fffd}");
        let long = HeaderValue::from_bytes(&[b'x'; 5000]).unwrap();
        assert_eq!(shown(&long).chars().count(), VALUE_MAX_CHARS + 1);
    }
}
