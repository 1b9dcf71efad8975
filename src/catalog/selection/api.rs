//! `/api/v1/products/changes`: changing many products at once.

use super::bulk_change::{BulkChange, BulkChangeJson};
use super::request::{Request, RequestJson};
use super::start::start;
use super::{queries, undo};
use crate::catalog::Search;
use crate::http::Error;
use crate::http::json::JsonFields;
use crate::http::paging::{self, PageQuery};
use crate::platform::doorbell::Doorbell;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A page of changes to many products.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BulkChangeList)]
pub struct List {
    items: Vec<BulkChangeJson>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Lists changes to many products, newest first
#[utoipa::path(
    get,
    path = "/products/changes",
    operation_id = "list_changes_of_products",
    tag = "Products",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of the list.", body = List),
        (status = 422, description = "The cursor or the limit is none."),
    )
)]
pub async fn list(State(search): State<Search>, Query(query): Query<PageQuery>) -> Result<Json<List>, Error> {
    let (limit, before) = (query.limit()?, query.before()?);
    let (changes, older) = recent(&search, before, limit).await?;
    Ok(Json(List {
        items: changes.into_iter().map(BulkChangeJson::from).collect(),
        next_cursor: older.map(|id| id.to_string()),
    }))
}

/// Changes below that id, newest first, and below which id there are more.
pub async fn recent(search: &Search, before: Option<i64>, limit: u64) -> Result<(Vec<BulkChange>, Option<i64>), Error> {
    let mut found = queries::recent(&search.database.pool, before, limit + 1).await?;
    let older = paging::cut(&mut found, limit).map(|change| change.id);
    Ok((found, older))
}

/// Changes many products
///
/// Those named by `ids` at once, what matches `filter` in the background.
#[utoipa::path(
    post,
    path = "/products/changes",
    operation_id = "change_products",
    tag = "Products",
    request_body = RequestJson,
    responses(
        (status = 200, description = "The products named by `ids` are changed.", body = BulkChangeJson),
        (status = 202, description = "A worker changes what matches; `Location` tells how far it is.", body = BulkChangeJson),
        (status = 409, description = "Another number of products matches; `detail` says how many. Nothing was changed."),
        (status = 415, description = "It is not JSON."),
        (status = 422, description = "A field is wrong or missing; `errors` names it."),
    )
)]
pub async fn create(
    State(search): State<Search>,
    State(doorbell): State<Doorbell>,
    fields: JsonFields,
) -> Result<Response, Error> {
    let change = start(&search, &doorbell, &Request::from_json(fields)?).await?;
    Ok(answer(change))
}

/// Tells how far a change to many products is
#[utoipa::path(
    get,
    path = "/products/changes/{id}",
    operation_id = "show_change_of_products",
    tag = "Products",
    params(("id" = String, Path, description = "The change's id.")),
    responses(
        (status = 200, description = "The change.", body = BulkChangeJson),
        (status = 404, description = "There is no such change."),
    )
)]
pub async fn show(State(search): State<Search>, Path(id): Path<String>) -> Result<Json<BulkChangeJson>, Error> {
    Ok(Json(find(&search, &id).await?.into()))
}

/// Cancels a change to many products
///
/// What was changed so far stays.
#[utoipa::path(
    put,
    path = "/products/changes/{id}/cancellation",
    operation_id = "cancel_change_of_products",
    tag = "Products",
    params(("id" = String, Path, description = "The change's id.")),
    responses(
        (status = 200, description = "It is cancelled. What was changed so far stays.", body = BulkChangeJson),
        (status = 404, description = "There is no such change."),
        (status = 409, description = "It was over already."),
    )
)]
pub async fn cancel(State(search): State<Search>, Path(id): Path<String>) -> Result<Json<BulkChangeJson>, Error> {
    Ok(Json(end(&search, &id).await?.into()))
}

/// Brings back what a change has deleted
///
/// As far as the SKUs are still free, within 24 hours, once.
#[utoipa::path(
    put,
    path = "/products/changes/{id}/restoration",
    operation_id = "undo_deletion_of_products",
    tag = "Products",
    params(("id" = String, Path, description = "The change's id.")),
    responses(
        (status = 200, description = "The products are back whose SKUs are still free: `changed` says how many.", body = BulkChangeJson),
        (status = 202, description = "They are many, and a worker brings them back.", body = BulkChangeJson),
        (status = 404, description = "There is no such change."),
        (status = 409, description = "It deleted nothing, 24 hours have passed, or somebody has undone it already."),
    )
)]
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
