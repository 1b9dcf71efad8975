//! A message that is shown once, on the page that a form leads to.
//!
//! It travels in a cookie of half a minute. The layer [`carry`] takes it from the request; the first
//! [`Layout`](super::pages::Layout) made while the request is answered shows it, and the cookie goes.

use super::cookies;
use super::fragment::HEADER;
use super::pages::{Flash, FlashKind};
use axum::extract::Request;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::cell::RefCell;

const NAME: &str = "flash";
/// More than this is no message for one line, and cookies have their limits.
const MOST_BYTES: usize = 3_000;

tokio::task_local! {
    static WAITING: RefCell<Option<Flash>>;
}

/// Leads to another page, which shows the message.
pub fn redirect(to: &str, flash: &Flash) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(LOCATION, to);
    }
    let cookie = format!("{NAME}={}; Path=/; Max-Age=30; HttpOnly; SameSite=Lax", encode(flash));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(SET_COOKIE, cookie);
    }
    response
}

/// The middleware: `axum::middleware::from_fn(flash::carry)`. Fragments leave the message to the page.
pub async fn carry(request: Request, next: Next) -> Response {
    let flash = if request.headers().contains_key(HEADER) {
        None
    } else {
        cookies::find(request.headers(), NAME).and_then(decode)
    };
    let Some(flash) = flash else {
        return next.run(request).await;
    };
    let answer = async {
        let response = next.run(request).await;
        (response, take().is_none())
    };
    let (mut response, was_shown) = WAITING.scope(RefCell::new(Some(flash)), answer).await;
    if was_shown && !response.headers().contains_key(SET_COOKIE) {
        let gone = HeaderValue::from_static("flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        response.headers_mut().append(SET_COOKIE, gone);
    }
    response
}

/// The message that waits to be shown while this request is answered; after this it waits no more.
pub fn take() -> Option<Flash> {
    WAITING.try_with(|waiting| waiting.borrow_mut().take()).ok().flatten()
}

fn encode(flash: &Flash) -> String {
    let kind = if flash.kind == FlashKind::Good { "good" } else { "bad" };
    let text: String = flash.text.chars().take(MOST_BYTES / 16).collect();
    let undo = flash.undo.as_deref().unwrap_or_default();
    URL_SAFE_NO_PAD.encode(format!("{kind}\n{undo}\n{text}"))
}

/// Other programs on the same host share its cookies, so a message must not lead elsewhere.
fn decode(text: &str) -> Option<Flash> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() <= MOST_BYTES)?;
    let decoded = String::from_utf8(bytes).ok()?;
    let mut parts = decoded.splitn(3, '\n');
    let (kind, undo, text) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = undo.starts_with("/products/") && undo.bytes().all(|byte| byte.is_ascii_graphic());
    Some(Flash {
        kind: if kind == "good" {
            FlashKind::Good
        } else {
            FlashKind::Bad
        },
        text: text.to_owned(),
        undo: is_ours.then(|| undo.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::ErrorPage;
    use crate::http::render;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::header::COOKIE;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    async fn ask(path: &str, cookie: &str, fragment: bool) -> (String, Option<String>) {
        let routes = Router::new()
            .route(
                "/page",
                get(|| async { render::page(&ErrorPage::new(200, "Page", "")) }),
            )
            .route("/data", get(|| async { "data" }))
            .layer(from_fn(carry));
        let mut request = Request::get(path).header(COOKIE, cookie);
        if fragment {
            request = request.header(HEADER, "1");
        }
        let response = routes.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let set = response
            .headers()
            .get(SET_COOKIE)
            .map(|value| value.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), 100_000).await.unwrap();
        (String::from_utf8(body.into()).unwrap(), set)
    }

    #[tokio::test]
    async fn a_message_is_shown_once_by_the_page_it_leads_to() {
        let flash = Flash::good("Deleted “Lamp <b>”.").with_undo("/products/7/restoration");
        let redirected = redirect("/page", &flash);
        assert_eq!(redirected.status(), StatusCode::SEE_OTHER);
        let cookie = redirected.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        let cookie = format!("other=1; {}", cookie.split(';').next().unwrap());

        assert_eq!(ask("/data", &cookie, false).await, ("data".to_owned(), None));
        let (html, set) = ask("/page", &cookie, true).await;
        assert!(!html.contains("Deleted") && set.is_none());
        let (html, set) = ask("/page", &cookie, false).await;
        assert!(html.contains("Deleted “<bdi>Lamp &#60;b&#62;</bdi>”."), "{html}");
        assert!(html.contains("action=\"/products/7/restoration\""), "{html}");
        assert!(set.unwrap().contains("Max-Age=0"));
    }

    #[tokio::test]
    async fn what_others_put_there_leads_nowhere() {
        let foreign = Flash::good("Win!").with_undo("//evil.example/");
        assert_eq!(decode(&encode(&foreign)).unwrap().undo, None);
        for cookie in ["flash=", "flash=%%%", "flash=eA", "x=1"] {
            let (html, set) = ask("/page", cookie, false).await;
            assert!(!html.contains("notice") && set.is_none(), "{cookie}");
        }
    }
}
