//! The catalogue's pages.

use super::api::{ListQuery, of_status};
use super::counts;
use super::list::{self, Cursor};
use super::pages::{ProductRow, ProductsPage};
use crate::http::pages::Pager;
use crate::http::render::{self, Page};
use crate::platform::database::Database;
use axum::extract::{Query as UrlQuery, State};
use std::fmt::Write as _;

/// `GET /products`.
pub async fn index(State(database): State<Database>, UrlQuery(query): UrlQuery<ListQuery>) -> Page {
    let asked = query;
    let query = asked.parse()?;
    let page = list::page(&database.orm, &query).await?;
    let counts = counts::read(&database.pool).await?;
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
    let total = of_status(counts, query.status);
    render::page(&ProductsPage::new(total, rows.collect(), pager).only(query.status.only()))
}

/// Another page of the list that was asked for.
fn address(asked: &ListQuery, cursor: &Cursor) -> String {
    let mut address = String::from("/products?");
    for (name, value) in [("status", &asked.status), ("sort", &asked.sort)] {
        // Only words that `ListQuery::parse` knows get here: nothing to escape.
        if let Some(value) = value {
            let _ = write!(address, "{name}={value}&");
        }
    }
    if let Some(limit) = asked.limit {
        let _ = write!(address, "limit={limit}&");
    }
    address + "cursor=" + &cursor.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_page_keeps_what_was_asked_for() {
        let cursor = Cursor::After("k".into());
        assert_eq!(address(&ListQuery::default(), &cursor), "/products?cursor=YWs");
        let asked = ListQuery {
            status: Some("inactive".into()),
            sort: Some("-sku".into()),
            limit: Some(10),
            cursor: None,
        };
        assert_eq!(
            address(&asked, &cursor),
            "/products?status=inactive&sort=-sku&limit=10&cursor=YWs"
        );
    }
}
