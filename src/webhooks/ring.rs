//! Ringing for workers once a change by hand has been committed, while whoever made it has his answer already.
//!
//! NOTIFY within the change's own transaction would make commits wait for each other, and says nothing to brokers. So
//! requests that may have told something are seen from outside: when one is answered, its transaction is over.

use super::TOPIC;
use crate::platform::doorbell::Doorbell;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Where changes by hand and what is done to webhooks arrive.
const PATHS: [&str; 3] = ["/products", "/webhooks", "/deliveries"];

/// Rings for workers that send deliveries.
#[derive(Clone, Debug)]
pub struct Rings {
    doorbell: Doorbell,
}

impl Rings {
    /// Rings by this doorbell.
    pub fn new(doorbell: Doorbell) -> Self {
        Self { doorbell }
    }

    /// Rings without keeping anybody waiting.
    pub fn ring(&self) {
        self.doorbell.ring(TOPIC, 0);
    }
}

/// Rings after every request that may have changed something by hand.
pub async fn ring_after_changes(State(rings): State<Rings>, request: Request, next: Next) -> Response {
    let may_tell = !request.method().is_safe() && PATHS.iter().any(|path| request.uri().path().contains(path));
    let response = next.run(request).await;
    if may_tell && !response.status().is_client_error() {
        rings.ring();
    }
    response
}
