//! The description for programs and for people.

use super::openapi::document;
use super::pages::DocsPage;
use crate::http::render::{self, Page};
use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use utoipa::openapi::OpenApi;

/// `GET /api/v1/openapi.json`.
pub async fn openapi() -> Json<&'static OpenApi> {
    Json(document())
}

/// `GET /api/docs`. Its commands name the server as its reader does.
pub async fn docs(headers: HeaderMap) -> Page {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    render::page(&DocsPage::new(host.unwrap_or("localhost:8080")))
}
