//! The pages about imports: one template struct a page.
//!
//! They hold what a page shows and nothing that fetches it; the words are in [`super::view`] and the templates.

use super::backlog_view;
use super::view::{self, ImportView, RejectionView};
use crate::catalog::{IndexBacklog, Restoration};
use crate::http::format::filters;
use crate::http::pages::{Layout, Pager, Section};
use askama::Template;

/// How many rejected rows a page shows; `assets/js/rejected-rows.js` keeps as many.
pub const SHOWN_REJECTIONS: i64 = 200;

/// `/imports`: where a file is dropped, and the history.
#[derive(Template)]
#[template(path = "imports/index.html")]
pub struct ImportsPage {
    /// The frame.
    pub layout: Layout,
    /// The largest file taken.
    pub size_limit: i64,
    /// Newest first.
    pub history: Vec<ImportView>,
    /// Whether files can be dropped here.
    pub is_first_page: bool,
    /// The way to older and newer imports.
    pub pager: Pager,
    /// What was deleted all at once and can be brought back.
    pub restoration: Option<Restoration>,
}

impl ImportsPage {
    /// The page, for files of at most `size_limit` bytes.
    pub fn new(size_limit: i64, history: Vec<ImportView>, pager: Pager) -> Self {
        let is_first_page = pager.previous.is_none();
        Self {
            layout: Layout::new(Section::Imports, "Imports"),
            size_limit,
            history,
            is_first_page,
            pager,
            restoration: None,
        }
    }

    /// The same with an offer to bring back what was deleted.
    #[must_use]
    pub fn offering(self, restoration: Option<Restoration>) -> Self {
        Self { restoration, ..self }
    }

    fn has_open(&self) -> bool {
        self.history.iter().any(|import| !import.is_over())
    }
}

/// `/imports/{id}`: one import, live until it is over and then its summary.
#[derive(Template)]
#[template(path = "imports/show.html")]
pub struct ImportPage {
    /// The frame.
    pub layout: Layout,
    /// The import itself.
    pub import: ImportView,
    /// The last [`SHOWN_REJECTIONS`], in the order of the file.
    pub rejections: Vec<RejectionView>,
    shown_rejections: i64,
}

impl ImportPage {
    /// The page of one import with its last rejected rows.
    pub fn new(import: ImportView, rejections: Vec<RejectionView>) -> Self {
        let title = format!("{}: {}", import.state_label(), import.filename);
        let layout = Layout::new(Section::Imports, title);
        Self {
            layout,
            import,
            rejections,
            shown_rejections: SHOWN_REJECTIONS,
        }
    }

    fn shows_only_some(&self) -> bool {
        self.import.rejected > SHOWN_REJECTIONS
    }
}

/// `/imports/running`: a fragment for other pages that tells of the import going on, or of what it brought and cannot
/// be found yet, or is empty.
#[derive(Template)]
#[template(path = "imports/running.html")]
pub struct RunningNotice {
    /// The one that is furthest.
    pub import: Option<ImportView>,
    /// How many more are going on.
    pub others: i64,
    /// How far the search index is behind.
    pub backlog: IndexBacklog,
}

impl RunningNotice {
    fn others_words(&self) -> String {
        view::others_words(self.others)
    }

    fn backlog_words(&self) -> Option<String> {
        backlog_view::backlog_words(self.backlog)
    }
}

/// The entries of a menu in which an import is chosen.
#[derive(Template)]
#[template(path = "imports/choices.html")]
pub struct ImportChoices {
    /// Newest first.
    pub imports: Vec<ImportView>,
}

/// `/imports/choices`: the same as a page, where the menu on the list of products stays empty without scripts.
#[derive(Template)]
#[template(path = "imports/choose.html")]
pub struct ImportChoicePage {
    /// The frame.
    pub layout: Layout,
    /// The imports that can be chosen.
    pub choices: ImportChoices,
    /// What else narrows the list of products, as words of its address.
    pub words: Vec<(String, String)>,
}

impl ImportChoicePage {
    /// The page that leads back to the list with these words.
    pub fn new(choices: ImportChoices, words: Vec<(String, String)>) -> Self {
        Self {
            layout: Layout::new(Section::Products, "Choose an import"),
            choices,
            words,
        }
    }
}
