//! Changing many products from pages: by forms, and by scripts that want JSON or the part of a page that changes.

use super::api::{end, find, recent};
use super::bulk_change::{BulkChange, BulkChangeJson};
use super::progress_page::{Progress, ProgressPage, whole_summary};
use super::recent_page::RecentPage;
use super::request::Request;
use super::start::start;
use super::undo;
use crate::catalog::Search;
use crate::catalog::list_before::list_before;
use crate::http::fragment::Wanted;
use crate::http::pages::{Flash, Pager};
use crate::http::{Error, flash, paging, render};
use crate::platform::doorbell::Doorbell;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

/// Changes on a page of them.
const PAGE_SIZE: u64 = 50;

/// Where a page of changes begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct IndexQuery {
    before: String,
}

/// What a script is told: where to look next, if the change goes on, and where it can be undone.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    change: BulkChangeJson,
    text: String,
    location: Option<String>,
    undo: Option<String>,
}

/// `POST /products/changes`.
pub async fn create(
    State(search): State<Search>,
    State(doorbell): State<Doorbell>,
    wanted: Wanted,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Error> {
    let change = start(&search, &doorbell, &Request::from_form(&body)?).await?;
    Ok(answer(wanted, &headers, change))
}

/// `GET /products/changes`: what was done to many products, newest first.
pub async fn index(State(search): State<Search>, Query(query): Query<IndexQuery>) -> Result<Response, Error> {
    let before = paging::before(&query.before)?;
    let (changes, older) = recent(&search, before, PAGE_SIZE).await?;
    let pager = Pager {
        previous: before.map(|_| "/products/changes".to_owned()),
        next: older.map(|id| format!("/products/changes?before={id}")),
    };
    Ok(render::page(&RecentPage::new(changes, pager))?.into_response())
}

/// `GET /products/changes/{id}`: how far it is, live while it goes on.
pub async fn show(State(search): State<Search>, Path(id): Path<String>, wanted: Wanted) -> Result<Response, Error> {
    let change = find(&search, &id).await?;
    let progress = Progress::of(change);
    match wanted {
        Wanted::Json => Ok(Json(BulkChangeJson::from(progress.change)).into_response()),
        Wanted::Fragment => Ok(render::page(&progress)?.into_response()),
        Wanted::Page => Ok(render::page(&ProgressPage::new(progress))?.into_response()),
    }
}

/// `POST /products/changes/{id}/cancellation`.
pub async fn cancel(State(search): State<Search>, Path(id): Path<String>) -> Result<Redirect, Error> {
    match end(&search, &id).await {
        // Whoever was too late sees how it ended.
        Ok(_) | Err(Error::Conflict(_)) => Ok(Redirect::to(&find(&search, &id).await?.address())),
        Err(error) => Err(error),
    }
}

/// `POST /products/changes/{id}/restoration`: undoes a deletion.
pub async fn restore(
    State(search): State<Search>,
    State(doorbell): State<Doorbell>,
    Path(id): Path<String>,
    wanted: Wanted,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let id = find(&search, &id).await?.id;
    Ok(answer(wanted, &headers, undo::undo(&search, &doorbell, id).await?))
}

/// What is over already is told on the list; else its own page tells.
fn answer(wanted: Wanted, headers: &HeaderMap, change: BulkChange) -> Response {
    let (text, undo) = (whole_summary(&change), change.undo_address());
    let location = (!change.is_over()).then(|| change.address());
    if wanted.is_page() {
        let mut told = Flash::good(text);
        told.undo = undo;
        return match location {
            Some(location) => Redirect::to(&location).into_response(),
            None => flash::redirect(&list_before(headers), &told),
        };
    }
    let status = if location.is_some() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let told = Told {
        change: change.into(),
        text,
        location,
        undo,
    };
    (status, Json(told)).into_response()
}
