//! The description for programs.

use super::openapi::document;
use axum::Json;
use utoipa::openapi::OpenApi;

/// `GET /api/v1/openapi.json`.
pub async fn openapi() -> Json<&'static OpenApi> {
    Json(document())
}
