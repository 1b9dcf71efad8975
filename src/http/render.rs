//! Templates and problems as HTML.

use super::error::{Error, Problem};
use super::pages::ErrorPage;
use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

/// What a page's handler returns.
pub type Page = Result<Html<String>, Error>;

/// Renders a page.
pub fn page(template: &impl Template) -> Page {
    template
        .render()
        .map(Html)
        .map_err(|error| Error::Internal(error.into()))
}

/// The answer to an address that leads nowhere.
pub async fn not_found() -> Error {
    Error::NotFound("There is no page at this address.".into())
}

/// The same in the API.
pub async fn no_such_resource() -> Error {
    Error::NotFound("There is nothing at this address of the API.".into())
}

/// Everything comes from this server itself, nobody else may frame it, and types are not guessed.
pub async fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// A layer for page routes: whoever asked for a page is told of a problem by a page.
pub async fn problems_as_pages(response: Response) -> Response {
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    match page(&ErrorPage::new(problem.status.as_u16(), problem.title, problem.detail)) {
        Ok(html) => {
            let mut told = (problem.status, html).into_response();
            if let Some(wait) = response.headers().get(header::RETRY_AFTER) {
                told.headers_mut().insert(header::RETRY_AFTER, wait.clone());
            }
            told
        }
        Err(_) => response,
    }
}
