//! The page that explains the API.

use super::openapi::{SHARED, document};
use super::operations::{Operation, operations};
use super::shapes::{Shape, Text, shapes};
use crate::http::pages::{Layout, Section};
use askama::Template;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(document()).unwrap_or_default());

/// The whole API on one page.
#[derive(Template)]
#[template(path = "description/docs.html")]
pub struct DocsPage {
    /// The frame.
    pub layout: Layout,
    /// What holds for every request, by paragraphs.
    pub about: Vec<Text>,
    /// What any request may be answered: status and when.
    pub shared: [(&'static str, Text); SHARED.len()],
    /// The requests by what they are about.
    pub groups: Vec<Group>,
    /// What is sent and answered.
    pub shapes: Vec<Shape>,
}

/// Requests about the same thing.
pub struct Group {
    /// The thing.
    pub name: String,
    /// Where it stands on the page.
    pub anchor: String,
    /// What is to be known about all of them.
    pub about: Vec<Text>,
    /// The requests.
    pub operations: Vec<Operation>,
}

impl DocsPage {
    /// The page for a reader who knows the server as `host`.
    pub fn new(host: &str) -> Self {
        let document = &*DOCUMENT;
        let mut groups: Vec<Group> = document["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .map(Group::of)
            .collect();
        for operation in operations(document, host) {
            if let Some(group) = groups.iter_mut().find(|group| group.name == operation.tag) {
                group.operations.push(operation);
            }
        }
        Self {
            layout: Layout::new(Section::None, "The API"),
            about: Text::paragraphs(&document["info"]["description"]),
            shared: SHARED.map(|(status, when)| (status, Text::of(when))),
            groups,
            shapes: shapes(document),
        }
    }
}

impl Group {
    fn of(tag: &Value) -> Self {
        let name = tag["name"].as_str().unwrap_or_default();
        let letters = name.to_lowercase();
        let words: Vec<_> = letters
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        Self {
            name: name.to_owned(),
            anchor: words.join("-"),
            about: Text::paragraphs(&tag["description"]),
            operations: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;

    #[test]
    fn every_operation_stands_on_the_page() {
        let html = DocsPage::new("shop.example").render().unwrap();
        assert_no_inline_code(&html);
        for item in DOCUMENT["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
            }
        }
        assert!(
            html.contains("curl &#39;shop.example/api/v1/products?q=garden%20lamp&#39;"),
            "{html}"
        );
    }

    #[test]
    fn every_link_on_the_page_leads_somewhere() {
        let html = DocsPage::new("localhost").render().unwrap();
        for link in html.split("href=\"#").skip(1) {
            let anchor = link.split('"').next().unwrap();
            assert!(html.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        }
    }
}
