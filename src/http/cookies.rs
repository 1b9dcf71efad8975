//! Cookies as requests carry them and answers set them.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// The value of a cookie, unless it is empty.
pub fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, value)| *found == name && !value.is_empty())?;
    Some(value)
}

/// A cookie that the browser keeps, out of the reach of scripts and of other sites' forms.
pub fn kept(name: &str, value: &str, days: i64, https: bool) -> HeaderValue {
    set(name, value, days * 24 * 3600, https)
}

/// Takes a cookie away.
pub fn gone(name: &str, https: bool) -> HeaderValue {
    set(name, "", 0, https)
}

fn set(name: &str, value: &str, max_age_seconds: i64, https: bool) -> HeaderValue {
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}
