//! Asks everybody for the password, or for the cookie that says it was given before.
//!
//! Whoever wants a page is led to where it is asked for, and from there back; what a form sent is kept meanwhile. Programs
//! and scripts are refused.

use super::access::{Access, REMEMBERED_DAYS, Shown};
use super::address::Address;
use super::kept_form::KeptForm;
use super::pages::{SignInPage, in_words};
use super::return_to::sign_in_for;
use super::routes::{is_https, refused};
use crate::http::fragment::Wanted;
use crate::http::{Error, cookies, visitor};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

/// Where a browser keeps its session.
pub(super) const COOKIE: &str = "product_importer_session";

const REFUSED: &str = "A password is needed here. Sign in at /sign-in, or send it as “Authorization: Bearer …”.";
const WRONG: &str = "The password sent as “Authorization: Bearer …” is not the right one.";

/// Who asks.
enum Visitor {
    /// Anybody, where no password is asked for; or a program that sent it.
    Any,
    /// A browser that is signed in, and its cookie where that is to be made anew.
    SignedIn(Option<String>),
}

/// The middleware before pages: `from_fn_with_state(access, gate::before_pages)`.
pub async fn before_pages(State(access): State<Access>, request: Request, next: Next) -> Response {
    // Not the request itself, whose body may not be looked at from two threads.
    match admit(&access, request.headers(), request.extensions()).await {
        Ok(visitor) => pass(&access, visitor, request, next).await,
        Err(Error::Unauthorized(_)) if is_navigation(request.headers()) => ask(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The same before the API, where nobody looks at a page.
pub async fn before_api(State(access): State<Access>, request: Request, next: Next) -> Response {
    match admit(&access, request.headers(), request.extensions()).await {
        Ok(visitor) => pass(&access, visitor, request, next).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Asks a person for the password, and keeps what a form sent. Other sites' forms have been refused before.
async fn ask(request: Request) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => Redirect::to(&sign_in_for(request.uri())).into_response(),
        Method::POST => match KeptForm::of(request).await {
            Some(form) => refused(&SignInPage::keeping(&form)).into_response(),
            None => Redirect::to("/sign-in").into_response(),
        },
        _ => Error::Unauthorized(REFUSED.to_owned()).into_response(),
    }
}

async fn pass(access: &Access, visitor: Visitor, request: Request, next: Next) -> Response {
    let https = is_https(access, request.headers());
    let renewed = match visitor {
        Visitor::Any => return next.run(request).await,
        Visitor::SignedIn(renewed) => renewed,
    };
    let mut response = visitor::signed_in(next.run(request)).await;
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-cache"));
    if let Some(token) = renewed {
        headers.append(SET_COOKIE, cookies::kept(COOKIE, &token, REMEMBERED_DAYS, https));
    }
    response
}

async fn admit(access: &Access, headers: &HeaderMap, extensions: &Extensions) -> Result<Visitor, Error> {
    if !access.is_locked() {
        return Ok(Visitor::Any);
    }
    if let Some(password) = bearer(headers) {
        let address = Address::of(extensions, headers);
        let shown = access.check(address, password).await.map_err(Error::from_failure)?;
        return match shown {
            Shown::Right => Ok(Visitor::Any),
            Shown::Wrong => Err(Error::Unauthorized(WRONG.to_owned())),
            Shown::TooMany { wait_seconds } => Err(Error::TooManyRequests {
                detail: format!("Too many wrong passwords. Try again in {}.", in_words(wait_seconds)),
                retry_after_seconds: wait_seconds,
            }),
        };
    }
    let session = cookies::find(headers, COOKIE).and_then(|cookie| access.session(cookie));
    match session {
        Some(session) => Ok(Visitor::SignedIn(access.renewed(session))),
        None => Err(Error::Unauthorized(REFUSED.to_owned())),
    }
}

/// The password that a program sends along.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, password) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| password.trim_ascii())
}

/// Whether a person goes to a page, and not a script to a part of one, or a program that sent a password. Browsers say
/// what they want something for. Those that do not, and people who look by curl, get to the page that asks.
fn is_navigation(headers: &HeaderMap) -> bool {
    let is_script = headers.get("sec-fetch-dest").is_some_and(|wanted| wanted != "document");
    !is_script && !headers.contains_key(AUTHORIZATION) && Wanted::by(headers).is_page()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    #[test]
    fn a_password_is_sent_as_it_is() {
        let sent = |value: &'static str| {
            let headers: HeaderMap = [(AUTHORIZATION, HeaderValue::from_static(value))].into_iter().collect();
            bearer(&headers).map(<[u8]>::to_vec)
        };
        assert_eq!(sent("Bearer open sesame"), Some(b"open sesame".to_vec()));
        assert_eq!(sent("bearer  x "), Some(b"x".to_vec()));
        assert_eq!(sent("Basic eDp4"), None);
        assert_eq!(sent("Bearer"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn only_people_are_led_to_the_sign_in_page() {
        let is_led = |headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            is_navigation(&headers.collect())
        };
        assert!(is_led(&[]));
        assert!(is_led(&[("sec-fetch-dest", "document"), ("accept", "text/html")]));
        assert!(!is_led(&[("sec-fetch-dest", "empty"), ("accept", "text/html")]));
        assert!(!is_led(&[("x-fragment", "results")]));
        assert!(!is_led(&[("accept", "application/json")]));
        assert!(!is_led(&[("authorization", "Bearer guess")]));
    }
}
