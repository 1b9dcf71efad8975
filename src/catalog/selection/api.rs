//! `/api/v1/products/changes`: changing many products at once.

use super::bulk_change::{BulkChange, BulkChangeJson};
use super::request::Request;
use super::start::start;
use super::{queries, undo};
use crate::catalog::Search;
use crate::http::Error;
use crate::http::json::JsonFields;
use crate::platform::doorbell::Doorbell;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `POST /products/changes`: 200 when it is done already, else 202.
pub async fn create(
    State(search): State<Search>,
    State(doorbell): State<Doorbell>,
    fields: JsonFields,
) -> Result<Response, Error> {
    let change = start(&search, &doorbell, &Request::from_json(fields)?).await?;
    Ok(answer(change))
}

/// `GET /products/changes/{id}`.
pub async fn show(State(search): State<Search>, Path(id): Path<String>) -> Result<Json<BulkChangeJson>, Error> {
    Ok(Json(find(&search, &id).await?.into()))
}

/// `PUT /products/changes/{id}/cancellation`: what was changed so far stays.
pub async fn cancel(State(search): State<Search>, Path(id): Path<String>) -> Result<Json<BulkChangeJson>, Error> {
    Ok(Json(end(&search, &id).await?.into()))
}

/// `PUT /products/changes/{id}/restoration`: brings back what was deleted.
pub async fn restore(
    State(search): State<Search>,
    State(doorbell): State<Doorbell>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let id = find(&search, &id).await?.id;
    Ok(answer(undo::undo(&search, &doorbell, id).await?))
}

/// Ends a change unless it is over, and answers its last state.
pub async fn end(search: &Search, id: &str) -> Result<BulkChange, Error> {
    let change = find(search, id).await?;
    if !queries::cancel(&search.database.pool, change.id).await? && change.is_over() {
        return Err(Error::Conflict(
            "This change was over before it could be cancelled.".into(),
        ));
    }
    find(search, id).await
}

/// The change behind an address.
pub async fn find(search: &Search, id: &str) -> Result<BulkChange, Error> {
    let unknown = || Error::NotFound("There is no such change. The address may have a typing error.".into());
    let id = id.parse().map_err(|_| unknown())?;
    queries::find(&search.database.pool, id).await?.ok_or_else(unknown)
}

fn answer(change: BulkChange) -> Response {
    let status = if change.is_over() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    let location = [(header::LOCATION, format!("/api/v1{}", change.address()))];
    (status, location, Json(BulkChangeJson::from(change))).into_response()
}
