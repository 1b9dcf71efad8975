//! Whether a page's address is asked for as a page, or by a script that wants less.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::convert::Infallible;

/// The header by which scripts ask for what is inside `<main>`.
pub const HEADER: &str = "x-fragment";

/// What an answer should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A whole page, or the way to one.
    Page,
    /// What changes on the page that a script shows.
    Fragment,
    /// JSON.
    Json,
}

impl Wanted {
    /// Reads what is wanted.
    pub fn by(headers: &HeaderMap) -> Self {
        let accepts = |kind| {
            let values = headers.get_all(header::ACCEPT).iter();
            values
                .filter_map(|value| value.to_str().ok())
                .any(|value| value.contains(kind))
        };
        if headers.contains_key(HEADER) {
            Self::Fragment
        } else if accepts("application/json") && !accepts("text/html") {
            Self::Json
        } else {
            Self::Page
        }
    }

    /// Whether a whole page is wanted.
    pub fn is_page(self) -> bool {
        self == Self::Page
    }
}

impl<S: Sync> FromRequestParts<S> for Wanted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::by(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_want_pages_and_scripts_say_so() {
        let wanted = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            Wanted::by(&headers)
        };
        assert_eq!(wanted("accept", "text/html,application/json;q=0.9"), Wanted::Page);
        assert_eq!(wanted("accept", "*/*"), Wanted::Page);
        assert_eq!(wanted("accept", "application/json"), Wanted::Json);
        assert_eq!(wanted(HEADER, "1"), Wanted::Fragment);
    }
}
