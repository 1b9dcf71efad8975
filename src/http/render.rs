//! Templates and problems as HTML.

use super::error::{Error, Problem};
use super::fragment::Wanted;
use super::pages::ErrorPage;
use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
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

/// Renders a page, or for scripts the part of it that they show.
pub fn page_or_part(
    wanted: Wanted,
    status: StatusCode,
    whole: &impl Template,
    part: &impl Template,
) -> Result<Response, Error> {
    let html = if wanted.is_page() { page(whole)? } else { page(part)? };
    Ok((status, html).into_response())
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

/// A layer for all routes: what the framework refuses by itself, such as an address with a letter where a number
/// belongs, is told as every other problem is.
pub async fn refusals_as_problems(response: Response) -> Response {
    if response.extensions().get::<Problem>().is_some() || is_html(&response) {
        return response;
    }
    let Some(error) = Error::of_status(response.status()) else {
        return response;
    };
    let mut told = error.into_response();
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    told
}

/// A form that is shown again with what is wrong with it. The framework itself writes plain text.
fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// A layer for page routes: whoever asked for a page is told of a problem by a page, scripts as the API tells it.
pub async fn problems_as_pages(request: Request, next: Next) -> Response {
    let wanted = Wanted::by(request.headers());
    let address = (request.method() == Method::GET).then(|| request.uri().clone());
    let response = next.run(request).await;
    if !wanted.is_page() {
        return response;
    }
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    let mut error = ErrorPage::new(problem.status.as_u16(), problem.title, problem.detail);
    error.again = address
        .filter(|_| response.headers().contains_key(header::RETRY_AFTER))
        .map(|address| address.query().map_or_else(String::new, |query| format!("?{query}")));
    match page(&error) {
        Ok(html) => {
            let mut told = (problem.status, html).into_response();
            for name in [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE] {
                if let Some(value) = response.headers().get(&name) {
                    told.headers_mut().insert(name, value.clone());
                }
            }
            told
        }
        Err(_) => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Query;
    use axum::middleware::{from_fn, map_response};
    use axum::routing::get;
    use serde::Deserialize;
    use tower::ServiceExt as _;

    #[derive(Deserialize)]
    struct Limit {
        limit: u32,
    }

    async fn away() -> Error {
        Error::Unavailable(anyhow::anyhow!("away"))
    }

    async fn ask(method: Method, address: &str) -> anyhow::Result<(StatusCode, Option<HeaderValue>, String)> {
        let pages = Router::new()
            .route(
                "/",
                get(|Query(query): Query<Limit>| async move { query.limit.to_string() }),
            )
            .route("/away", get(away).post(away))
            .layer(map_response(refusals_as_problems))
            .layer(from_fn(problems_as_pages));
        let request = Request::builder().method(method).uri(address).body(Body::empty())?;
        let response = pages.oneshot(request).await?;
        let (status, allow) = (response.status(), response.headers().get(header::ALLOW).cloned());
        let body = to_bytes(response.into_body(), 100_000).await?;
        Ok((status, allow, String::from_utf8(body.into())?))
    }

    #[tokio::test]
    async fn what_the_framework_refuses_is_told_by_a_page() -> anyhow::Result<()> {
        let (status, _, html) = ask(Method::GET, "/?limit=many").await?;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(
            html.contains("Request not understood") && !html.contains("deserialize"),
            "{html}"
        );
        let (status, allow, html) = ask(Method::DELETE, "/").await?;
        assert_eq!((status, allow.is_some()), (StatusCode::METHOD_NOT_ALLOWED, true));
        assert!(html.contains("Not possible at this address"), "{html}");
        assert_eq!(ask(Method::GET, "/?limit=7").await?.2, "7");
        Ok(())
    }

    #[tokio::test]
    async fn what_may_be_there_in_a_moment_can_be_asked_for_again() -> anyhow::Result<()> {
        for (address, expected) in [
            ("/away?q=a&sort=-sku", "href=\"?q=a&#38;sort=-sku\">Try again<"),
            ("/away", "href=\"\">Try again<"),
        ] {
            let (status, _, html) = ask(Method::GET, address).await?;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(html.contains(expected), "{html}");
        }
        // Sent once more without its form it would mean something else, and what is not there will not come.
        for (method, address) in [(Method::POST, "/away"), (Method::GET, "/?limit=many")] {
            let (.., html) = ask(method, address).await?;
            assert!(
                html.contains("Go to the products") && !html.contains("Try again"),
                "{html}"
            );
        }
        Ok(())
    }
}
