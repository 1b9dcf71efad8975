//! `products-2026-11-22.csv`: the products of a list, or the selected ones, for a browser to keep.

use super::api::ListQuery;
use super::export::{Exported, Pieces, header, is_complete, lines};
use super::queries;
use super::search::Search;
use super::selection::{as_expected, ids_of};
use crate::http::Error;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use serde::Deserialize;

/// Without it Excel takes UTF-8 for something else, and what is saved there comes back garbled.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The words of a list's address and how many products are expected to match, or the ids of products, separated by commas.
#[derive(Deserialize)]
pub struct ExportQuery {
    #[serde(flatten)]
    list: ListQuery,
    #[serde(default)]
    ids: String,
    #[serde(default)]
    expected: String,
}

/// Exports products as CSV
///
/// All that match, or those of `ids`; streamed, since there may be millions.
#[utoipa::path(
    get,
    path = "/products/export.csv",
    operation_id = "export_products",
    tag = "Products",
    params(ListQuery, ("ids" = Option<String>, Query, description = "Ids of products, separated by commas: these and no others."),
        ("expected" = Option<i64>, Query, description = "How many are believed to match: refused when there is another number.")),
    responses(
        (status = 200, description = "`name,sku,description,status` in the order of the SKUs, whatever `sort`, `limit` and `cursor` say; an import takes it back unchanged. When everything is deleted meanwhile, the transfer breaks off.", body = String, content_type = "text/csv"),
        (status = 409, description = "There are not as many products as `expected`. Or some have just arrived and cannot all be found yet, so try again in a moment; never without search and filter, or by status alone."),
        (status = 422, description = "A word of the address is none; `errors` names it."),
    )
)]
pub async fn export_csv(State(search): State<Search>, Query(query): Query<ExportQuery>) -> Result<Response, Error> {
    download(&search, asked_for(&search, query).await?, "").await
}

/// `GET /products/export.csv`: the same for people, who open it in a spreadsheet.
pub async fn export_list(State(search): State<Search>, Query(query): Query<ExportQuery>) -> Result<Response, Error> {
    download(&search, asked_for(&search, query).await?, BYTE_ORDER_MARK).await
}

/// `POST /products/export.csv`: the same for products that were ticked, whose ids would make too long an address.
pub async fn export_ticked(State(search): State<Search>, body: Bytes) -> Result<Response, Error> {
    let ids: Vec<_> = form_urlencoded::parse(&body)
        .filter(|(name, _)| name == "ids")
        .map(|(_, ids)| ids)
        .collect();
    let exported = Exported::Named(ids_of(ids.iter().flat_map(|ids| ids.split(',')))?);
    download(&search, exported, BYTE_ORDER_MARK).await
}

/// What the address asks for, unless something stands in the way.
async fn asked_for(search: &Search, query: ExportQuery) -> Result<Exported, Error> {
    let exported = if query.ids.is_empty() {
        Exported::Matching(query.list.filter()?)
    } else {
        Exported::Named(ids_of(query.ids.split(','))?)
    };
    complete(search, &exported).await?;
    if let Exported::Matching(filter) = &exported
        && !query.expected.is_empty()
    {
        let expected = query.expected.parse();
        let expected =
            expected.map_err(|_| Error::invalid("expected", "Say how many products match, as a whole number."))?;
        as_expected(search, filter, expected, "Nothing was exported").await?;
    }
    Ok(exported)
}

async fn complete(search: &Search, exported: &Exported) -> Result<(), Error> {
    if is_complete(search, exported).await? {
        return Ok(());
    }
    Err(Error::Conflict(
        "Products have just arrived and cannot all be found yet, so some would be missing from the file. \
         Try again in a moment."
            .into(),
    ))
}

async fn download(search: &Search, exported: Exported, start: &'static str) -> Result<Response, Error> {
    let today = queries::today(&search.database.pool).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"products-{today}.csv\""),
        ),
    ];
    let body = Body::from_stream(chunks(Pieces::of(search.clone(), exported), start));
    Ok((headers, body).into_response())
}

/// An error ends the transfer before its end, so that whoever receives it notices.
fn chunks(pieces: Pieces, start: &'static str) -> impl Stream<Item = anyhow::Result<Bytes>> {
    stream::try_unfold((pieces, true), move |(mut pieces, is_first)| async move {
        if is_first {
            let first = [start.as_bytes(), &header()?].concat();
            return Ok(Some((Bytes::from(first), (pieces, false))));
        }
        match pieces.next().await {
            Ok(Some(piece)) => Ok(Some((Bytes::from(lines(&piece)?), (pieces, false)))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "an export broke off");
                Err(error)
            }
        }
    })
}
