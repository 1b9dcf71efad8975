//! `X-HTTP-Method-Override`: for clients behind something that lets only GET and POST through.
//!
//! The tus protocol asks for it. It has to happen before a router looks at the method, so it wraps the router.

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::map_request;

/// The header that names the method that is really meant.
pub const HEADER: &str = "x-http-method-override";

/// Wraps `router` so that overridden methods reach it as what they mean.
pub fn before(router: Router) -> Router {
    // A layer of the router itself would run after its routing; as a fallback, the router runs after the layer.
    Router::new().fallback_service(router).layer(map_request(overridden))
}

/// The request with the method it means. Only POST may stand for another, so that no link or picture can.
async fn overridden(mut request: Request) -> Request {
    if request.method() == Method::POST
        && let Some(method) = request.headers().get(HEADER)
        && let Ok(method) = Method::from_bytes(method.as_bytes())
        && [Method::PATCH, Method::DELETE, Method::PUT, Method::HEAD].contains(&method)
    {
        *request.method_mut() = method;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn method_of(method: Method, named: &str) -> Method {
        let mut request = Request::new(axum::body::Body::empty());
        *request.method_mut() = method;
        if let Ok(named) = named.parse() {
            request.headers_mut().insert(HEADER, named);
        }
        overridden(request).await.method().clone()
    }

    #[tokio::test]
    async fn only_a_post_stands_for_another_method() {
        assert_eq!(method_of(Method::POST, "PATCH").await, Method::PATCH);
        assert_eq!(method_of(Method::GET, "DELETE").await, Method::GET);
        assert_eq!(method_of(Method::POST, "TRACE").await, Method::POST);
    }
}
