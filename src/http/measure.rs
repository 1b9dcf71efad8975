//! Every request counted and timed, with an id that stands in each line of the log it caused and in the answer.

use crate::platform::telemetry;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::LazyLock;
use std::time::Instant;
use tracing::Instrument as _;

/// Set by routers in front of us, and told to whoever asks.
const ID: &str = "x-request-id";
/// What led to no route. One name for all of them: paths that are made up must not fill the memory.
const UNMATCHED: &str = "unmatched";
const BUCKETS_SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Labels by name.
type Labels = Vec<(&'static str, String)>;

struct Requests {
    answered: Family<Labels, Counter>,
    duration: Family<Labels, Histogram, fn() -> Histogram>,
}

static REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests {
    answered: Family::default(),
    duration: Family::new_with_constructor(|| Histogram::new(BUCKETS_SECONDS)),
});

/// Tells what was counted.
pub fn register(registry: &mut Registry) {
    registry.register("http_requests", "Requests answered", REQUESTS.answered.clone());
    registry.register_with_unit(
        "http_request_duration",
        "Time until an answer began",
        Unit::Seconds,
        REQUESTS.duration.clone(),
    );
}

/// The middleware around all routes.
pub async fn measure(request: Request, next: Next) -> Response {
    let id = id_of(request.headers());
    let method = name_of(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(UNMATCHED, route_of)
        .to_owned();
    let span = tracing::info_span!("request", id, method, route, status = tracing::field::Empty);
    telemetry::continue_trace(&span, request.headers());
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration = began.elapsed();
    let status = response.status().as_u16();
    span.record("status", status);
    span.in_scope(|| tracing::debug!(duration_ms = duration.as_millis() as u64, "answered"));
    let labels = vec![("method", method.to_owned()), ("route", route)];
    REQUESTS.duration.get_or_create(&labels).observe(duration.as_secs_f64());
    let labels = labels.into_iter().chain([("status", status.to_string())]).collect();
    REQUESTS.answered.get_or_create(&labels).inc();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(ID, id);
    }
    response
}

/// The id that a router gave, if it could be one, else a new one.
fn id_of(headers: &HeaderMap) -> String {
    let given = headers.get(ID).and_then(|id| id.to_str().ok());
    let is_id = |id: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (8..=64).contains(&id.len()) && id.bytes().all(is_plain)
    };
    given
        .filter(is_id)
        .map_or_else(|| format!("{:016x}", rand::random::<u64>()), str::to_owned)
}

/// Methods can be made up too.
fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let mut known = KNOWN.into_iter();
    known.find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Where a nested router finds nothing, axum names a path of its own.
fn route_of(path: &MatchedPath) -> &str {
    if path.as_str().contains("__private") {
        UNMATCHED
    } else {
        path.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    #[test]
    fn an_id_is_taken_from_a_router_and_made_where_there_is_none() {
        let id = |given: &'static str| {
            id_of(
                &[(ID.parse().unwrap(), HeaderValue::from_static(given))]
                    .into_iter()
                    .collect(),
            )
        };
        assert_eq!(
            id("6f3c1a52-7d0e-4c55-8a9c-2f1d5f0a1b2c"),
            "6f3c1a52-7d0e-4c55-8a9c-2f1d5f0a1b2c"
        );
        for nonsense in ["", "short", "{\"a\": 1, \"b\": 2}", &"x".repeat(65).leak()[..]] {
            assert_ne!(id(nonsense), nonsense);
            assert_eq!(id(nonsense).len(), 16);
        }
    }

    #[tokio::test]
    async fn routes_are_counted_by_their_templates() -> anyhow::Result<()> {
        let nested = Router::new().route("/things/{id}", get(|| async { "thing" }));
        let app = Router::new()
            .nest(
                "/measured",
                nested.fallback(|| async { axum::http::StatusCode::NOT_FOUND }),
            )
            .layer(from_fn(measure));
        for path in [
            "/measured/things/1",
            "/measured/things/2",
            "/measured/made-up",
            "/made-up",
        ] {
            let answer = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
            assert!(answer.headers().contains_key(ID), "{path}");
        }
        let mut registry = Registry::default();
        register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        let thing = "http_requests_total{method=\"GET\",route=\"/measured/things/{id}\",status=\"200\"} 2";
        assert!(text.contains(thing), "{text}");
        assert!(text.contains("route=\"unmatched\",status=\"404\"} 2"), "{text}");
        assert!(text.contains("http_request_duration_seconds_bucket"), "{text}");
        assert!(!text.contains("made-up"), "{text}");
        Ok(())
    }
}
