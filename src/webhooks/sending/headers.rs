//! The headers of a delivery: ours, and those that somebody added to a webhook.

use super::sender::Outgoing;
use super::trouble::Trouble;
use crate::webhooks::signature::sign;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use url::Position;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("product-importer/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What is ours, or the connection's.
const TAKEN: [&str; 12] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// A header as it was entered; the error is for the person who entered it.
pub fn check_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name).map_err(|_| format!("{name:?} is no name of a header"))?;
    let text = parsed.as_str();
    if TAKEN.contains(&text) || ["webhook-", "proxy-"].iter().any(|start| text.starts_with(start)) {
        return Err(format!("{name} is set by this program"));
    }
    let plain = value.is_ascii().then(|| HeaderValue::from_str(value).ok()).flatten();
    let mut value =
        plain.ok_or_else(|| format!("{name}: only letters without accents, digits and signs, in one line"))?;
    // Neither in a log.
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// All headers of a delivery.
pub fn headers(outgoing: &Outgoing<'_>, url: &url::Url) -> Result<HeaderMap, Trouble> {
    let mut headers = HeaderMap::with_capacity(8 + outgoing.headers.len());
    let value = |name: &str, text: &str| HeaderValue::from_str(text).map_err(|_| Trouble::Header(name.to_owned()));
    headers.insert(HOST, value("Host", &url[Position::BeforeHost..Position::AfterPort])?);
    headers.insert(USER_AGENT, AGENT);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ID, value("webhook-id", outgoing.message_id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(outgoing.timestamp));
    let signature = sign(
        outgoing.message_id,
        outgoing.timestamp,
        &outgoing.body,
        outgoing.secrets,
    );
    headers.insert(SIGNATURE, value("webhook-signature", &signature)?);
    for (name, text) in outgoing.headers {
        let (name, value) = check_header(name, text).map_err(|_| Trouble::Header(name.clone()))?;
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_ones_own_are_taken_and_hidden() {
        let (name, value) = check_header("Authorization", "Bearer 123").unwrap();
        assert_eq!(name, "authorization");
        assert!(!format!("{value:?}").contains("123"));
        assert!(check_header("X-Shop", "").is_ok());
    }

    #[test]
    fn what_is_no_header_or_not_theirs_is_refused() {
        for (name, value) in [
            ("", "a"),
            ("a b", "a"),
            ("a:", "a"),
            ("Ä", "a"),
            ("x", "a\r\nHost: b"),
            ("x", "ä"),
            ("x", "\0"),
            ("Host", "internal"),
            ("CONTENT-LENGTH", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Webhook-Signature", "v1,a"),
            ("webhook-id", "a"),
            ("Proxy-Authorization", "a"),
        ] {
            assert!(check_header(name, value).is_err(), "{name:?}: {value:?}");
        }
    }
}
