//! `/api/v1/imports`: looking at imports, watching them and ending them. Sending files is `imports::upload`.

use super::import::State as ImportState;
use super::json::ImportJson;
use super::live::{Watches, events};
use super::queries;
use super::rejected;
use crate::http::Error;
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A comment at least every 15 s is promised, and lines are not always prompt.
const HEARTBEAT: Duration = Duration::from_secs(10);
const DEFAULT_LIMIT: u64 = 50;
const MOST_LIMIT: u64 = 200;

/// Which part of the list is asked for.
#[derive(Deserialize)]
pub struct ListQuery {
    cursor: Option<String>,
    limit: Option<u64>,
}

#[derive(Serialize)]
struct List {
    items: Vec<ImportJson>,
    next_cursor: Option<String>,
}

/// `GET /imports`: newest first.
pub async fn list(State(database): State<Database>, Query(query): Query<ListQuery>) -> Result<Response, Error> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST_LIMIT);
    let before = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let mut found = queries::list(&database.orm, before, limit + 1).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| has_more).map(|import| import.id.to_string());
    let items = found.into_iter().map(ImportJson::from).collect();
    Ok(Json(List { items, next_cursor }).into_response())
}

/// `GET /imports/{id}`.
pub async fn show(State(database): State<Database>, Path(id): Path<String>) -> Result<Json<ImportJson>, Error> {
    let import = queries::find(&database.orm, parse_id(&id)?)
        .await?
        .ok_or_else(unknown)?;
    Ok(Json(import.into()))
}

/// `GET /imports/{id}/events`: the import live, as server-sent events.
pub async fn watch(
    State(watches): State<Watches>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let import = watches.watch(parse_id(&id)?).await?.ok_or_else(unknown)?;
    let last_event = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let stream = events(watches, import, last_event.unwrap_or(0));
    let mut response = Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"))
        .into_response();
    // Proxies must not gather what is meant to be live.
    response
        .headers_mut()
        .insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    Ok(response)
}

/// `PUT /imports/{id}/cancellation`: ends an import; what it wrote so far stays.
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

/// `GET /imports/{id}/rejected.csv`: the rejected rows as they stood in the file.
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

/// Where the list goes on.
pub fn parse_cursor(cursor: &str) -> Result<i64, Error> {
    cursor.parse().map_err(|_| {
        Error::invalid(
            "cursor",
            "This address leads to no page of the list. Leave the cursor out to start from the newest.",
        )
    })
}

/// Nobody knows this import.
pub fn unknown() -> Error {
    Error::NotFound("There is no such import. It may have been removed, or the address has a typing error.".into())
}
