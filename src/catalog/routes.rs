//! The catalogue's pages.

use super::api::{ListQuery, of_status};
use super::counts;
use super::list::{self, Cursor};
use super::pages::{ProductRow, ProductsPage};
use crate::http::pages::Pager;
use crate::http::render::{self, Page};
use crate::platform::database::Database;
use axum::extract::{Query as UrlQuery, State};

/// `GET /products`.
pub async fn index(State(database): State<Database>, UrlQuery(query): UrlQuery<ListQuery>) -> Page {
    let query = query.parse()?;
    let page = list::page(&database.orm, &query).await?;
    let counts = counts::read(&database.pool).await?;
    let pager = Pager {
        previous: page.previous.map(|cursor| address(&cursor)),
        next: page.next.map(|cursor| address(&cursor)),
    };
    let rows = page.products.into_iter().map(|product| ProductRow {
        name: product.name,
        sku: product.sku,
        active: product.active,
        updated_at: product.updated_at,
    });
    render::page(&ProductsPage::new(
        of_status(counts, query.status),
        rows.collect(),
        pager,
    ))
}

fn address(cursor: &Cursor) -> String {
    format!("/products?cursor={}", cursor.encode())
}
