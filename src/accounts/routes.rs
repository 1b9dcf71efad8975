//! Signing in and out.

use super::access::{Access, REMEMBERED_DAYS, Shown};
use super::address::Address;
use super::gate::COOKIE;
use super::kept_form::KeptForm;
use super::pages::{SendAgainPage, SignInPage, in_words};
use super::return_to::safe;
use crate::http::{Error, cookies, render};
use askama::Template;
use axum::Form;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::convert::Infallible;

const WRONG: &str = "That is not the password. Capitals and small letters count.";

/// What leads to the page.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Wish {
    to: String,
}

/// What the page sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    password: String,
    to: String,
    /// What a form sent that was not taken for want of the password.
    kept: String,
}

/// Where a request comes from.
pub struct From(Address);

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Address::of(&parts.extensions, &parts.headers)))
    }
}

/// `GET /sign-in`.
pub async fn ask(
    State(access): State<Access>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let to = safe(&wish.to);
    let cookie = cookies::find(&headers, COOKIE);
    if !access.is_locked() || cookie.is_some_and(|cookie| access.session(cookie).is_some()) {
        return Ok(lead_to(to));
    }
    page(StatusCode::OK, &SignInPage::leading_to(to))
}

/// `POST /sign-in`.
pub async fn sign_in(
    State(access): State<Access>,
    From(address): From,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Result<Response, Error> {
    let kept = KeptForm::carried(&form.to, &form.kept);
    if !access.is_locked() {
        return go_on(&form.to, kept);
    }
    let asking = SignInPage {
        kept: kept.as_ref().map(KeptForm::text),
        ..SignInPage::leading_to(safe(&form.to))
    };
    match access.sign_in(address, form.password.as_bytes()).await {
        Ok((_, Some(token))) => {
            let cookie = cookies::kept(COOKIE, &token, REMEMBERED_DAYS, is_https(&access, &headers));
            Ok(with(go_on(&form.to, kept)?, SET_COOKIE, cookie))
        }
        Ok((Shown::TooMany { wait_seconds }, None)) => {
            let fault = format!("Too many wrong passwords. Try again in {}.", in_words(wait_seconds));
            let told = page(StatusCode::TOO_MANY_REQUESTS, &asking.because(fault))?;
            Ok(with(told, RETRY_AFTER, wait_seconds.into()))
        }
        Ok((Shown::Right | Shown::Wrong, None)) => refused(&asking.because(WRONG)),
        Err(failure) => not_compared(failure, asking),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(State(access): State<Access>, headers: HeaderMap) -> Response {
    let gone = cookies::gone(COOKIE, is_https(&access, &headers));
    with(lead_to("/sign-in"), SET_COOKIE, gone)
}

/// Whether the visitor's browser speaks https, which a router says that does so for us.
pub(super) fn is_https(access: &Access, headers: &HeaderMap) -> bool {
    let said = headers.get("x-forwarded-proto").and_then(|said| said.to_str().ok());
    let last = said.and_then(|said| said.rsplit(',').next()).map(str::trim);
    access.is_https() || last.is_some_and(|last| last.eq_ignore_ascii_case("https"))
}

/// Asks for the password where it is missing or wrong.
pub(super) fn refused(asking: &SignInPage) -> Result<Response, Error> {
    let told = page(StatusCode::UNAUTHORIZED, asking)?;
    Ok(with(told, WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
}

/// Asks again where the database could not be asked: with an error's page, what is carried would be gone.
fn not_compared(failure: anyhow::Error, asking: SignInPage) -> Result<Response, Error> {
    let error = Error::from_failure(failure);
    let asking = asking.because(error.detail());
    // Telling the log is part of making an answer of it.
    let problem = error.into_response();
    let mut told = page(problem.status(), &asking)?;
    if let Some(seconds) = problem.headers().get(RETRY_AFTER) {
        told.headers_mut().insert(RETRY_AFTER, seconds.clone());
    }
    Ok(told)
}

/// Where one wanted to go, or the page that sends what waits.
fn go_on(to: &str, kept: Option<KeptForm>) -> Result<Response, Error> {
    match kept {
        Some(form) => page(StatusCode::OK, &SendAgainPage { form }),
        None => Ok(lead_to(safe(to))),
    }
}

fn page(status: StatusCode, template: &impl Template) -> Result<Response, Error> {
    let told = (status, render::page(template)?).into_response();
    Ok(with(told, CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

fn lead_to(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    let led = with(StatusCode::SEE_OTHER.into_response(), LOCATION, place);
    with(led, CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

fn with(mut response: Response, name: axum::http::HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}
