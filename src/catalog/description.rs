//! What the API's description tells of products.

use super::{api, clearing, download, edit, selection};
use serde_json::{Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        api::list,
        api::show,
        edit::api::create,
        edit::api::change,
        edit::api::delete,
        edit::api::restore,
        edit::api::history,
    ),
    tags((name = "Products", description = "The catalogue. Lists are cut into pages: ask again with `next_cursor` as \
        `cursor` until it is null. Nothing is skipped or told twice while products change."))
)]
struct Description;

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    clearing::api::clear_all,
    clearing::api::restore_all,
    selection::api::list,
    selection::api::create,
    selection::api::show,
    selection::api::cancel,
    selection::api::restore,
    download::export_csv,
))]
struct OfMany;

/// The requests about products.
pub fn description() -> OpenApi {
    let mut description = Description::openapi();
    description.merge(OfMany::openapi());
    description
}

/// A product as an example shows it.
pub(super) fn product() -> Value {
    json!({
        "id": "4711", "sku": "LAMP-0042", "name": "Garden lamp", "description": "Warm white, 4 W, for outdoors",
        "active": true, "version": 3,
        "created_at": "2026-10-01T09:00:00Z", "updated_at": "2026-11-22T08:30:14Z",
    })
}
