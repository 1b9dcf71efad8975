//! The pages about products: one template struct a page.
//!
//! They hold what a page shows and nothing that fetches it; the words are in [`super::view`] and the templates.

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
    q_max_chars: usize,
}

/// The part of `/products` that changes with every search: scripts put it in place of the one before.
#[derive(Template)]
#[template(path = "catalog/index.html", block = "results")]
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
            q_max_chars: Q_MAX_CHARS,
        }
    }
}

impl ProductCount {
    fn words(&self) -> String {
        total_words(self.value, self.is_exact)
    }
}
