//! The pages about products: one template struct a page.
//!
//! They hold what a page shows and nothing that fetches it.

use crate::http::format::filters;
use crate::http::pages::{Layout, Pager, Section};
use askama::Template;
use chrono::{DateTime, Utc};

/// `/products`: the catalogue as a list.
#[derive(Template)]
#[template(path = "catalog/index.html")]
pub struct ProductsPage {
    /// The frame.
    pub layout: Layout,
    /// How many there are in all.
    pub total: i64,
    /// Those of this page.
    pub products: Vec<ProductRow>,
    /// The way to the pages beside it.
    pub pager: Pager,
    /// `active` or `inactive` when only those are shown.
    pub only: Option<&'static str>,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct ProductRow {
    /// What it is called.
    pub name: String,
    /// As it was last written.
    pub sku: String,
    /// Whether it is shown.
    pub active: bool,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

impl ProductsPage {
    /// One page of the list.
    pub fn new(total: i64, products: Vec<ProductRow>, pager: Pager) -> Self {
        Self {
            layout: Layout::new(Section::Products, "Products"),
            total,
            products,
            pager,
            only: None,
        }
    }

    /// The same for products of one status only.
    #[must_use]
    pub fn only(self, status: Option<&'static str>) -> Self {
        Self { only: status, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;

    fn page(total: i64, products: Vec<ProductRow>) -> String {
        ProductsPage::new(
            total,
            products,
            Pager {
                previous: None,
                next: Some("/products?cursor=x".into()),
            },
        )
        .render()
        .unwrap()
    }

    #[test]
    fn an_empty_catalogue_leads_to_the_imports() {
        let html = page(0, Vec::new());
        assert!(html.contains("Your catalogue is empty"));
        assert!(html.contains("href=\"/imports\""));
        assert_no_inline_code(&html);
    }

    #[test]
    fn a_list_shows_products_and_their_number() {
        let product = ProductRow {
            name: "Lamp <b>".into(),
            sku: "LAMP-1".into(),
            active: false,
            updated_at: DateTime::from_timestamp(1_795_376_460, 0).unwrap(),
        };
        let html = page(500_000, vec![product]);
        for shown in [
            "500,000",
            "Lamp &#60;b&#62;",
            "LAMP-1",
            "Inactive",
            "2026-11-22T19:41:00Z",
            "/products?cursor=x",
        ] {
            assert!(html.contains(shown), "{shown}");
        }
        assert_no_inline_code(&html);
    }

    #[test]
    fn a_filter_that_finds_nothing_does_not_call_the_catalogue_empty() {
        let page = ProductsPage::new(0, Vec::new(), Pager::default()).only(Some("inactive"));
        let html = page.render().unwrap();
        assert!(html.contains("No inactive products") && html.contains("Show all products"));
        assert!(!html.contains("Your catalogue is empty"));
    }

    #[test]
    fn a_page_that_emptied_leads_back() {
        assert!(page(3, Vec::new()).contains("Back to the first page"));
    }
}
