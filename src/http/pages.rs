//! What every page shares: its frame with title, navigation and a message, and the page that tells of an error.
//!
//! A page is a template struct with a [`Layout`] in a field of that name; its template extends `layout.html`.

use super::{assets, flash, visitor};
use askama::Template;

/// Where a page belongs in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The catalogue.
    Products,
    /// Uploads and their history.
    Imports,
    /// Who else is told of changes.
    Webhooks,
    /// None of them.
    None,
}

/// A message shown once on top of a page.
#[derive(Clone, Debug)]
pub struct Flash {
    /// Whether it tells of a success or of a problem.
    pub kind: FlashKind,
    /// One sentence.
    pub text: String,
    /// Where a form undoes it.
    pub undo: Option<String>,
}

impl Flash {
    /// Tells of a success.
    pub fn good(text: impl Into<String>) -> Self {
        Self {
            kind: FlashKind::Good,
            text: text.into(),
            undo: None,
        }
    }

    /// Tells of a problem.
    pub fn bad(text: impl Into<String>) -> Self {
        Self {
            kind: FlashKind::Bad,
            ..Self::good(text)
        }
    }

    /// The same with a way back.
    #[must_use]
    pub fn with_undo(self, address: impl Into<String>) -> Self {
        Self {
            undo: Some(address.into()),
            ..self
        }
    }
}

/// How a [`Flash`] looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    /// It worked.
    Good,
    /// It did not.
    Bad,
}

impl FlashKind {
    /// The class of its notice.
    pub fn css_class(self) -> &'static str {
        match self {
            Self::Good => "notice--good",
            Self::Bad => "notice--bad",
        }
    }
}

/// The frame around a page.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The tab's title, without the program's name.
    pub title: String,
    /// The part of the navigation that is marked.
    pub section: Section,
    /// A message on top.
    pub flash: Option<Flash>,
}

impl Layout {
    /// A frame, with the message that waits to be shown.
    pub fn new(section: Section, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            section,
            flash: flash::take(),
        }
    }

    /// The address of an asset.
    pub fn asset(&self, path: &str) -> String {
        assets::url(path)
    }

    /// Whether the visitor can sign out.
    pub fn is_signed_in(&self) -> bool {
        visitor::is_signed_in()
    }

    /// Whether the page is one of the catalogue's.
    pub fn is_products(&self) -> bool {
        self.section == Section::Products
    }

    /// Whether the page is one of the imports'.
    pub fn is_imports(&self) -> bool {
        self.section == Section::Imports
    }

    /// Whether the page is one of the webhooks'.
    pub fn is_webhooks(&self) -> bool {
        self.section == Section::Webhooks
    }
}

/// A rule of the drawings that every page's tests check: no inline script or style, which a strict
/// Content-Security-Policy forbids.
#[cfg(test)]
pub fn assert_no_inline_code(html: &str) {
    for inline in [" style=\"", " onclick=", "<style", "javascript:"] {
        assert!(!html.contains(inline), "{inline} in {html}");
    }
    for script in html.split("<script").skip(1) {
        assert!(
            script.contains("src=") || script.contains("application/json"),
            "inline script: {script}"
        );
    }
}

/// Something went wrong: what, and what to do next.
#[derive(Template)]
#[template(path = "http/error.html")]
pub struct ErrorPage {
    /// The frame.
    pub layout: Layout,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in one sentence.
    pub what: String,
    /// What to do next, in one or two sentences.
    pub next: String,
    /// Where the page may be there a moment later: its own address, as a reference relative to it (RFC 3986, 4.2), which
    /// cannot lead to another site.
    pub again: Option<String>,
}

impl ErrorPage {
    /// A page in no part of the navigation.
    pub fn new(status: u16, what: impl Into<String>, next: impl Into<String>) -> Self {
        let what = what.into();
        Self {
            layout: Layout::new(Section::None, what.clone()),
            status,
            what,
            next: next.into(),
            again: None,
        }
    }
}

/// One page of a list that goes on: where the neighbouring pages are.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_what_and_what_next() {
        let page = ErrorPage::new(404, "There is no import <7>", "Look for it in the list of imports.");
        let html = page.render().unwrap();
        assert!(html.contains("There is no import &#60;7&#62;"));
        assert!(html.contains("Look for it"));
        assert!(html.contains("404"));
        assert_no_inline_code(&html);
    }

    #[test]
    fn a_message_stands_on_top() {
        let mut page = ErrorPage::new(503, "The database is away", "Try again in a moment.");
        page.layout.flash = Some(Flash::bad("Nothing was saved."));
        let html = page.render().unwrap();
        assert!(html.contains("notice--bad"));
        assert!(html.contains("Nothing was saved."));
    }
}
