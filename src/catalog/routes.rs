//! The catalogue's pages.

use super::api::ListQuery;
use super::list::{self, Cursor};
use super::pages::{ProductRow, ProductsPage};
use super::search::Search;
use crate::http::pages::Pager;
use crate::http::render::{self, Page};
use axum::extract::{Query as UrlQuery, State};

/// `GET /products`.
pub async fn index(State(search): State<Search>, UrlQuery(asked): UrlQuery<ListQuery>) -> Page {
    let query = asked.parse()?;
    let page = list::page(&search, &query).await?;
    let pager = Pager {
        previous: page.previous.map(|cursor| address(&asked, &cursor)),
        next: page.next.map(|cursor| address(&asked, &cursor)),
    };
    let rows = page.products.into_iter().map(|product| ProductRow {
        name: product.name,
        sku: product.sku,
        active: product.active,
        updated_at: product.updated_at,
    });
    let only = query.filter.status.only();
    render::page(&ProductsPage::new(page.total.value, rows.collect(), pager).only(only))
}

/// Another page of the list that was asked for.
fn address(asked: &ListQuery, cursor: &Cursor) -> String {
    asked.at(&cursor.encode()).address()
}
