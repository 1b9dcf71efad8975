//! `/api/v1/imports`: looking at imports, watching them and ending them. Sending files is `imports::upload`.

use super::import::State as ImportState;
use super::json::ImportJson;
use super::live::{Watches, events};
use super::queries;
use super::rejected;
use crate::http::paging::{self, PageQuery};
use crate::http::{Error, sse};
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A page of imports.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ImportList)]
pub struct List {
    items: Vec<ImportJson>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Lists imports, newest first
#[utoipa::path(
    get,
    path = "/imports",
    operation_id = "list_imports",
    tag = "Imports",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of the list.", body = List),
        (status = 422, description = "The cursor or the limit is none."),
    )
)]
pub async fn list(State(database): State<Database>, Query(query): Query<PageQuery>) -> Result<Json<List>, Error> {
    let (limit, before) = (query.limit()?, query.before()?);
    let mut found = queries::list(&database.orm, before, limit + 1).await?;
    let next_cursor = paging::cut(&mut found, limit).map(|import| import.id.to_string());
    let items = found.into_iter().map(ImportJson::from).collect();
    Ok(Json(List { items, next_cursor }))
}

/// Shows one import
#[utoipa::path(
    get,
    path = "/imports/{id}",
    operation_id = "show_import",
    tag = "Imports",
    params(("id" = String, Path, description = "The import's id.")),
    responses(
        (status = 200, description = "The import as it is now.", body = ImportJson),
        (status = 404, description = "There is no such import."),
    )
)]
pub async fn show(State(database): State<Database>, Path(id): Path<String>) -> Result<Json<ImportJson>, Error> {
    let import = queries::find(&database.orm, parse_id(&id)?)
        .await?
        .ok_or_else(unknown)?;
    Ok(Json(import.into()))
}

/// Watches an import live
///
/// Server-sent events: `progress` and, when it is over, `end` carry the whole import; `row` carries one rejected row
/// (`line`, `reason`, `values`). `progress` comes at least every 200 ms while numbers change, and a comment at least
/// every 15 s. After a break, `Last-Event-ID` brings the rows missed since, at most 1,000. An import that is over
/// answers its last state and ends.
#[utoipa::path(
    get,
    path = "/imports/{id}/events",
    operation_id = "watch_import",
    tag = "Imports",
    params(
        ("id" = String, Path, description = "The import's id."),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen; browsers send it."),
    ),
    responses(
        (status = 200, description = "The events, as they happen.", body = String, content_type = "text/event-stream"),
        (status = 404, description = "There is no such import."),
    )
)]
pub async fn watch(
    State(watches): State<Watches>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let watched = watches.watch(parse_id(&id)?).await.map_err(Error::from_failure)?;
    let import = watched.ok_or_else(unknown)?;
    let last_event = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    Ok(sse::live(events(watches, import, last_event.unwrap_or(0))))
}

/// Cancels an import
///
/// What it has already written stays. Cancelling again is fine.
#[utoipa::path(
    put,
    path = "/imports/{id}/cancellation",
    operation_id = "cancel_import",
    tag = "Imports",
    params(("id" = String, Path, description = "The import's id.")),
    responses(
        (status = 202, description = "It ends as `cancelled`.", body = ImportJson),
        (status = 404, description = "There is no such import."),
        (status = 409, description = "It was over before."),
    )
)]
pub async fn cancel(State(database): State<Database>, Path(id): Path<String>) -> Result<Response, Error> {
    let import = end(&database, parse_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(import)).into_response())
}

/// Ends an import unless it is over, and answers its last state.
pub async fn end(database: &Database, id: i64) -> Result<ImportJson, Error> {
    queries::cancel(&database.pool, id).await?;
    let import = queries::find(&database.orm, id).await?.ok_or_else(unknown)?;
    match import.state {
        ImportState::Done => Err(Error::Conflict(
            "This import was finished before it could be cancelled.".into(),
        )),
        ImportState::Failed => Err(Error::Conflict(
            "This import had failed before it could be cancelled.".into(),
        )),
        _ => Ok(import.into()),
    }
}

/// Downloads the rows that were not taken
///
/// As they stood in the file, behind two columns of their own: `line`, where the row began, and `reason`. Put right
/// and saved, the file can be imported as it is.
#[utoipa::path(
    get,
    path = "/imports/{id}/rejected.csv",
    operation_id = "download_rejected_rows",
    tag = "Imports",
    params(("id" = String, Path, description = "The import's id.")),
    responses(
        (status = 200, description = "UTF-8, however many rows there are.", body = String, content_type = "text/csv"),
        (status = 404, description = "There is no such import."),
    )
)]
pub async fn rejected_rows(State(database): State<Database>, Path(id): Path<String>) -> Result<Response, Error> {
    let import = queries::find(&database.orm, parse_id(&id)?)
        .await?
        .ok_or_else(unknown)?;
    Ok(rejected::download(database.pool.clone(), &import))
}

/// An import's id as it stands in an address; whatever is none belongs to no import.
pub fn parse_id(id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| unknown())
}

/// Nobody knows this import.
pub fn unknown() -> Error {
    Error::NotFound("There is no such import. It may have been removed, or the address has a typing error.".into())
}
