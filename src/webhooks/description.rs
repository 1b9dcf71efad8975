//! What the API's description tells of webhooks.

use super::{api, log};
use serde_json::{Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        api::list,
        api::create,
        api::show,
        api::change,
        api::delete,
        api::secret,
        api::replace_secret,
        api::try_out,
        log::api::list,
        log::api::show,
        log::api::try_again,
        log::api::retry,
        log::api::show_retry,
        log::api::cancel_retry,
    ),
    tags((name = "Webhooks", description = "Other systems that are told when a product is changed by hand, in a page or \
        by this API; an import tells nobody. A message is a `POST` of `{\"type\", \"timestamp\", \"data\": {\"product\", \
        \"previous\"}}`, signed as [Standard Webhooks](https://www.standardwebhooks.com/); `previous` has the fields that \
        changed as they were, and `product.version` tells which of two messages is newer. 2xx means that it arrived; \
        anything else is tried again over three days."))
)]
struct Description;

/// The requests about webhooks.
pub fn description() -> OpenApi {
    Description::openapi()
}

/// A webhook as an example shows it.
pub(super) fn webhook() -> Value {
    json!({
        "id": "12", "url": "https://shop.example.com/hooks", "description": "Web shop",
        "events": ["product.created", "product.updated", "product.deleted"], "only_fields": null,
        "header_names": ["X-Api-Key"], "enabled": true, "stopped_reason": null, "paused_at": null,
        "secret": null, "previous_secret_until": null, "waiting": 0, "failing_since": null, "rest_until": null,
        "last_attempt_at": "2026-11-22T08:30:14Z", "last_status": 200, "last_error": null,
        "created_at": "2026-10-01T09:00:00Z", "updated_at": "2026-10-01T09:00:00Z",
    })
}

/// A delivery as an example shows it.
pub(super) fn delivery() -> Value {
    json!({
        "id": "90210", "webhook_id": "12", "event_id": "msg_019a5f0c7c3e7d1c8b1f2a6d4e9b3c55",
        "type": "product.updated", "product_id": "4711", "state": "pending",
        "attempts": [{
            "number": 1, "at": "2026-11-22T08:30:14Z", "status": 503, "duration_ms": 41,
            "error": "answered 503 Service Unavailable",
        }],
        "next_attempt_at": "2026-11-22T08:30:19Z", "created_at": "2026-11-22T08:30:14Z", "finished_at": null,
    })
}
