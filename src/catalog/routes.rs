//! The catalogue's pages.

use super::api::ListQuery;
use super::clearing::restorable;
use super::pages::{ProductCount, ProductResults, ProductsPage};
use super::search::Search;
use super::view::ListView;
use super::{counts, list};
use crate::http::Error;
use crate::http::fragment::{self, Wanted};
use crate::http::render::{self, Page};
use axum::extract::{Query as UrlQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Up to here products are counted while somebody waits.
const COUNTED_UP_TO: i64 = 10_000;

/// How carefully products are to be counted.
#[derive(Deserialize)]
pub struct CountQuery {
    /// Anything: to the last one, however long it takes.
    #[serde(default)]
    exact: String,
}

/// `GET /products`: the page, or for scripts the results alone.
pub async fn index(
    State(search): State<Search>,
    wanted: Wanted,
    UrlQuery(asked): UrlQuery<ListQuery>,
) -> Result<Response, Error> {
    let query = match asked.parse() {
        Ok(query) => query,
        Err(error) => return first_page(&asked).map(IntoResponse::into_response).ok_or(error),
    };
    let (counts, page) = tokio::join!(counts::read(&search.database.pool), list::page(&search, &query));
    let counts = counts?;
    let list = ListView::new(asked, &query, counts, page?);
    // The same address has two answers: a browser must not show the smaller one when somebody goes back to it.
    let kept = |how| [(header::VARY, fragment::HEADER), (header::CACHE_CONTROL, how)];
    if wanted == Wanted::Fragment {
        return Ok((kept("no-store"), render::page(&ProductResults { list })?).into_response());
    }
    let restoration = match counts.all() {
        0 => restorable(&search.database.pool).await?,
        _ => None,
    };
    let page = ProductsPage::new(list).offering(restoration);
    Ok((kept("no-cache"), render::page(&page)?).into_response())
}

/// An address that leads to no page of its list leads to the first one, if nothing else is wrong with it.
fn first_page(asked: &ListQuery) -> Option<Redirect> {
    let first = asked.at("");
    (!asked.cursor.is_empty() && first.parse().is_ok()).then(|| Redirect::to(&first.address()))
}

/// `GET /products/count`: how many match. Rows come first, so this is asked after they are shown.
pub async fn count(
    State(search): State<Search>,
    UrlQuery(how): UrlQuery<CountQuery>,
    UrlQuery(asked): UrlQuery<ListQuery>,
) -> Page {
    let up_to = how.exact.is_empty().then_some(COUNTED_UP_TO);
    let total = list::count(&search, &asked.filter()?, up_to).await?;
    render::page(&ProductCount {
        value: total.value,
        is_exact: total.is_exact,
    })
}
