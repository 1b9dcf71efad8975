//! Answers that are streams of server-sent events.

use axum::BoxError;
use axum::http::HeaderValue;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::Stream;
use std::time::Duration;

/// A comment at least every 15 s is promised, and lines are not always prompt.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The events as they happen, with comments between them, so that nobody on the way takes the line for dead.
pub fn live<E: Into<BoxError>>(events: impl Stream<Item = Result<Event, E>> + Send + 'static) -> Response {
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"))
        .into_response();
    // Proxies must not gather what is meant to be live.
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no);
    response
}
