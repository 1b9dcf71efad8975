//! The page and the metrics.

use super::figures::Figures;
use super::metrics;
use super::pages::StatusPage;
use super::process::ProcessFigures;
use crate::http::Error;
use crate::http::render::{self, Page};
use crate::platform::database::Pools;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /status`.
pub async fn show(State(pools): State<Pools>) -> Page {
    let figures = Figures::read(&pools.pages).await?;
    render::page(&StatusPage::new(&figures, &pools, ProcessFigures::read()))
}

/// `GET /metrics`.
pub async fn metrics(State(pools): State<Pools>) -> Result<Response, Error> {
    let text = metrics::text(&pools).await.map_err(Error::Internal)?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
