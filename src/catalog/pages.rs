//! The pages about products: one template struct a page.
//!
//! They hold what a page shows and nothing that fetches it; the words are in [`super::view`] and the templates.

use super::clearing::Restoration;
use super::filter::Q_MAX_CHARS;
use super::view::{ListView, total_words};
use crate::http::format::filters;
use crate::http::pages::{Layout, Section};
use askama::Template;

/// `/products`: the catalogue as a list.
#[derive(Template)]
#[template(path = "catalog/index.html")]
pub struct ProductsPage {
    /// The frame.
    pub layout: Layout,
    /// What is asked for, and what was found.
    pub list: ListView,
    /// What was deleted all at once and can be brought back.
    pub restoration: Option<Restoration>,
    q_max_chars: usize,
}

/// The part of `/products` that changes with every search: scripts put it in place of the one before.
#[derive(Template)]
#[template(path = "catalog/_results.html")]
pub struct ProductResults {
    /// What is asked for, and what was found.
    pub list: ListView,
}

/// `/products/count`: how many products match, counted after the rows are shown.
#[derive(Template)]
#[template(path = "catalog/count.html")]
pub struct ProductCount {
    /// So many, or at least so many.
    pub value: i64,
    /// Whether it is the number itself.
    pub is_exact: bool,
}

impl ProductsPage {
    /// One page of the list.
    pub fn new(list: ListView) -> Self {
        let title = match list.asked.q.trim() {
            "" => "Products".to_owned(),
            q => format!("“{q}” · Products"),
        };
        Self {
            layout: Layout::new(Section::Products, title),
            list,
            restoration: None,
            q_max_chars: Q_MAX_CHARS,
        }
    }

    /// The same with an offer to bring back what was deleted.
    #[must_use]
    pub fn offering(self, restoration: Option<Restoration>) -> Self {
        Self { restoration, ..self }
    }
}

impl ProductCount {
    fn words(&self) -> String {
        total_words(self.value, self.is_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::api::ListQuery;
    use crate::catalog::counts::Counts;
    use crate::catalog::list::{Page, Total};
    use crate::catalog::product::Product;
    use crate::http::pages::assert_no_inline_code;
    use chrono::DateTime;

    fn lamp() -> Product {
        let at = DateTime::from_timestamp(1_795_376_460, 0).unwrap();
        Product {
            id: 7,
            created_at: at,
            updated_at: at,
            import_id: Some(1),
            import_line: Some(2),
            version: 3,
            active: false,
            sku: "LAMP-1".into(),
            sku_key: "lamp-1".into(),
            name: "Lamp <b>".into(),
            description: "Made of \"brass\"".into(),
        }
    }

    fn view(asked: ListQuery, all: i64, products: Vec<Product>, is_exact: bool) -> ListView {
        let query = asked.parse().unwrap();
        let page = Page {
            total: Total {
                value: products.len() as i64,
                is_exact,
            },
            products,
            previous: None,
            next: None,
        };
        let counts = Counts {
            active: all,
            inactive: 0,
        };
        ListView::new(asked, &query, counts, page)
    }

    fn page(list: ListView) -> String {
        let html = ProductsPage::new(list).render().unwrap();
        assert_no_inline_code(&html);
        html
    }

    fn search(q: &str) -> ListQuery {
        ListQuery {
            q: q.into(),
            ..ListQuery::default()
        }
    }

    #[test]
    fn an_empty_catalogue_leads_to_the_imports() {
        let html = page(view(ListQuery::default(), 0, Vec::new(), true));
        assert!(html.contains("Your catalogue is empty"));
        assert!(html.contains("href=\"/imports\"") && html.contains("href=\"/products/new\""));
        assert!(!html.contains("id=\"search\""));
    }

    #[test]
    fn a_list_that_lost_its_last_products_leads_to_the_imports() {
        let list = view(search("lamp"), 0, Vec::new(), true);
        let html = ProductResults { list }.render().unwrap();
        assert!(html.contains("Your catalogue is empty") && html.contains("href=\"/imports\""));
        assert!(!html.contains("Show all products"), "{html}");
    }

    #[test]
    fn a_list_shows_products_and_their_numbers() {
        let html = page(view(search("lamp"), 500_000, vec![lamp()], true));
        for shown in [
            "500,000",
            "<mark>Lamp</mark> &#60;b&#62;",
            "<mark>LAMP</mark>-1",
            "Made of &#34;brass&#34;",
            "value=\"lamp\"",
            "2026-11-22T19:41:00Z",
            "action=\"/products/7/status\"",
            "name=\"active\" value=\"true\"",
            "1 product<",
        ] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
    }

    #[test]
    fn the_results_are_the_same_alone_and_in_the_page() {
        let list = view(search("lamp"), 5, vec![lamp()], false);
        let alone = ProductResults { list: list.clone() }.render().unwrap();
        assert!(page(list).contains(alone.trim()));
        assert!(alone.contains("1+ products") && !alone.contains("<html"));
        assert!(alone.contains("data-exact=\"false\""));
    }

    #[test]
    fn a_search_that_finds_nothing_says_what_was_searched_for() {
        let html = page(view(search("<lamp>"), 5, Vec::new(), true));
        assert!(html.contains("No products match “<bdi>&#60;lamp&#62;</bdi>”") && html.contains("Show all products"));
        assert!(!html.contains("Your catalogue is empty"));
        let inactive = ListQuery {
            status: "inactive".into(),
            ..search("lamp")
        };
        let html = page(view(inactive, 5, Vec::new(), true));
        assert!(
            html.contains("No inactive products match “<bdi>lamp</bdi>”") && html.contains("Search in all products")
        );
    }

    #[test]
    fn a_page_that_emptied_leads_back() {
        let mut list = view(ListQuery::default(), 3, Vec::new(), true);
        list.asked.cursor = "x".into();
        assert!(page(list).contains("Back to the first page"));
    }

    #[test]
    fn a_count_says_whether_it_is_one() {
        let count = |value, is_exact| ProductCount { value, is_exact }.render().unwrap();
        assert!(count(12_345, true).contains("data-exact=\"true\">12,345 products<"));
        assert!(count(10_000, false).contains("data-exact=\"false\">10,000+ products<"));
    }
}
