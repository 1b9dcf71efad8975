//! An import in a salesperson's words: what a page needs to know of it, and how it says so.
//!
//! Fields are those of the API's JSON (`json.rs`), so that a page's first state and the live one agree.
//! The words of each phase stand in the templates; `assets/js/import-progress.js` does the same sums live.

pub use super::rejection_view::RejectionView;
use crate::http::format::{count, number, percent, size};
use crate::imports::Import;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An import as pages show it.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the others are those of the API's import")]
pub struct ImportView {
    pub id: i64,
    pub filename: String,
    /// `upload` or `terminal`.
    pub source: String,
    pub mode: String,
    pub new_status: String,
    pub state: String,
    pub phase: String,
    /// Unknown while a streamed upload has not ended.
    pub bytes_total: Option<i64>,
    pub bytes_received: i64,
    pub bytes_read: i64,
    pub rows_read: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub duplicates: i64,
    pub skipped: i64,
    pub rejected: i64,
    /// Why it failed, in one sentence.
    pub error: Option<String>,
    pub warnings: Vec<Warning>,
    /// Known once the header has been read.
    pub columns: Option<Columns>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Something odd that did not keep rows from being imported.
#[derive(Clone, Debug, Deserialize)]
pub struct Warning {
    /// `mangled_sku` has its own advice.
    pub kind: String,
    /// How many rows it befell.
    pub count: i64,
    /// The first few of them.
    pub examples: Vec<Example>,
    /// What happened, in one sentence with its number.
    pub text: String,
}

/// Where a [`Warning`] can be seen in the file.
#[derive(Clone, Debug, Deserialize)]
pub struct Example {
    /// The line of the file.
    pub line: i64,
    /// What stands there.
    pub value: String,
}

/// Which columns of the file were used.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Columns {
    /// Those that fill a field.
    pub used: Vec<UsedColumn>,
    /// The headers of the others.
    pub ignored: Vec<String>,
}

/// A column of the file and the product's field it fills.
#[derive(Clone, Debug, Deserialize)]
pub struct UsedColumn {
    /// `sku`, `name`, `description` or `status`.
    pub field: String,
    /// The column as the file names it.
    pub header: String,
}

/// One step of the way from a file to the catalogue.
pub struct Step {
    /// What scripts call it.
    pub key: &'static str,
    /// What people read.
    pub name: &'static str,
    /// `done`, `current` or `todo`.
    pub state: &'static str,
    /// How far it is, or what came of it.
    pub detail: String,
}

impl Warning {
    /// Its first sentence, which stands out, and the others.
    pub fn parts(&self) -> (&str, &str) {
        match self.text.split_once(". ") {
            Some((first, rest)) => (&self.text[..=first.len()], rest),
            None => (&self.text, ""),
        }
    }

    /// Whether a spreadsheet has turned SKUs into numbers.
    pub fn is_mangled_sku(&self) -> bool {
        self.kind == "mangled_sku"
    }
}

impl From<&Import> for ImportView {
    fn from(import: &Import) -> Self {
        Self {
            id: import.id,
            filename: import.filename.clone(),
            source: import.source.as_str().to_owned(),
            mode: import.mode.as_str().to_owned(),
            new_status: import.new_status.as_str().to_owned(),
            state: import.state.as_str().to_owned(),
            phase: import.phase.as_str().to_owned(),
            bytes_total: import.bytes_total,
            bytes_received: import.bytes_received,
            bytes_read: import.bytes_read,
            rows_read: import.rows_read,
            created: import.created,
            updated: import.updated,
            unchanged: import.unchanged,
            duplicates: import.duplicates,
            skipped: import.skipped,
            rejected: import.rejected,
            error: import.error.clone(),
            warnings: read_json(&import.warnings),
            columns: import
                .columns
                .as_ref()
                .and_then(|columns| serde_json::from_value(columns.clone()).ok()),
            created_at: import.created_at,
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }
}

/// What an import's row keeps as JSON; a page leaves out what it cannot read.
fn read_json<T: DeserializeOwned>(list: &serde_json::Value) -> Vec<T> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| serde_json::from_value(entry.clone()).ok())
        .collect()
}

impl ImportView {
    /// Whether nothing will happen any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed" | "cancelled")
    }

    /// The state in a word or two.
    pub fn state_label(&self) -> &'static str {
        match (self.state.as_str(), self.shown_phase()) {
            ("done", _) => "Done",
            ("failed", _) => "Failed",
            ("cancelled", _) => "Cancelled",
            (_, "receiving") => "Uploading",
            (_, "reading") => "Reading",
            (_, "merging") => "Adding",
            _ => "Waiting",
        }
    }

    /// How the state is coloured.
    pub fn tone(&self) -> &'static str {
        match self.state.as_str() {
            "done" if self.took_nothing() => "warn",
            "done" => "good",
            "failed" => "bad",
            "cancelled" => "quiet",
            _ => "busy",
        }
    }

    /// The phase a page speaks of: while a file is uploaded and read at once, it is being uploaded.
    pub fn shown_phase(&self) -> &str {
        match (self.state.as_str(), self.phase.as_str()) {
            ("uploading", _) => "receiving",
            (_, "receiving") => "reading",
            (_, phase) => phase,
        }
    }

    /// How far the whole import is; unknown while the file's size is.
    ///
    /// Uploading counts for 40 of 100, reading for 10 and adding for 50, so that it never goes back.
    pub fn percent(&self) -> Option<i64> {
        if self.is_over() {
            return Some(100);
        }
        let total = self.bytes_total?;
        let uploaded = if self.source == "terminal" {
            100
        } else {
            percent(self.bytes_received, total)
        };
        let added = if self.phase == "merging" {
            percent(self.rows_settled(), self.rows_read)
        } else {
            0
        };
        Some(((uploaded * 40 + percent(self.bytes_read, total) * 10 + added * 50) / 100).min(99))
    }

    /// Rows whose outcome is known.
    pub fn rows_settled(&self) -> i64 {
        self.created + self.updated + self.unchanged + self.duplicates + self.skipped + self.rejected
    }

    /// Rows that an import which did not end well never came to.
    pub fn rows_left_out(&self) -> i64 {
        if self.is_over() {
            self.rows_read - self.rows_settled()
        } else {
            0
        }
    }

    /// The four steps and how far each of them is.
    pub fn steps(&self) -> [Step; 4] {
        let (upload, read, add) = match self.shown_phase() {
            "receiving" => ("current", if self.rows_read > 0 { "current" } else { "todo" }, "todo"),
            "reading" => ("done", "current", "todo"),
            _ => ("done", "done", "current"),
        };
        [
            Step {
                key: "upload",
                name: "Upload",
                state: upload,
                detail: self.upload_detail(),
            },
            Step {
                key: "read",
                name: "Read",
                state: read,
                detail: self.read_detail(),
            },
            Step {
                key: "add",
                name: "Add to catalogue",
                state: add,
                detail: self.add_detail(),
            },
            Step {
                key: "done",
                name: "Done",
                state: "todo",
                detail: String::new(),
            },
        ]
    }

    fn upload_detail(&self) -> String {
        match self.bytes_total {
            Some(total) if self.bytes_received < total && self.source != "terminal" => {
                format!("{} of {}", size(self.bytes_received), size(total))
            }
            Some(total) => size(total),
            None => size(self.bytes_received),
        }
    }

    fn read_detail(&self) -> String {
        if self.rows_read == 0 {
            String::new()
        } else {
            count(self.rows_read, "row", "rows")
        }
    }

    fn add_detail(&self) -> String {
        if self.phase != "merging" {
            return String::new();
        }
        format!("{} of {}", number(self.rows_settled()), number(self.rows_read))
    }

    /// What it was told to do with products that exist.
    pub fn mode_words(&self) -> &'static str {
        match self.mode.as_str() {
            "create_only" => "Only adds new products",
            "update_only" => "Only updates products you have",
            _ => "Adds and updates products",
        }
    }

    /// Whether rows may be skipped at all.
    pub fn may_skip(&self) -> bool {
        self.mode != "overwrite" || self.skipped > 0
    }

    /// Why rows are skipped.
    pub fn skipped_words(&self) -> &'static str {
        if self.mode == "update_only" {
            "not in your catalogue, as you chose"
        } else {
            "you have them already, as you chose"
        }
    }

    /// What a finished import did, in one sentence.
    pub fn headline(&self) -> String {
        let added = count(self.created, "product", "products");
        match (self.created, self.updated) {
            (0, 0) if self.took_nothing() => "No row of this file could be taken".into(),
            (0, 0) if self.mode == "update_only" && self.unchanged == 0 => {
                "None of these products is in your catalogue".into()
            }
            (0, 0) => "Your catalogue already had all of this".into(),
            (_, 0) => format!("{added} added"),
            (0, changed) => format!("{} updated", count(changed, "product", "products")),
            (_, changed) => format!("{added} added, {} updated", number(changed)),
        }
    }

    /// Whether every row was rejected.
    pub fn took_nothing(&self) -> bool {
        self.rows_read == self.rejected
    }

    /// `500,000 rows read`.
    pub fn rows_words(&self) -> String {
        format!("{} read", count(self.rows_read, "row", "rows"))
    }

    /// `24 rows`.
    pub fn rejected_words(&self) -> String {
        count(self.rejected, "row", "rows")
    }

    /// Why it failed.
    pub fn reason(&self) -> &str {
        self.error
            .as_deref()
            .unwrap_or("Something unexpected happened on the server.")
    }

    /// Whether an import that did not end well left something behind.
    pub fn changed_something(&self) -> bool {
        self.created + self.updated > 0
    }

    /// What an import that did not end well left behind.
    pub fn what_stays(&self) -> String {
        if !self.changed_something() {
            return "Nothing in your catalogue was changed.".into();
        }
        let added = count(self.created, "product", "products");
        format!(
            "What was done before it stopped stays in your catalogue: {added} added, {} changed.",
            number(self.updated)
        )
    }

    /// What to do after a failure.
    pub fn next_words(&self) -> &'static str {
        match (self.changed_something(), &self.error) {
            (true, _) => "Import the same file again: products that are in already are recognised by their SKU.",
            // The reason says what to do.
            (false, Some(_)) => "",
            (false, None) => "Import it again; if that does not help, ask whoever runs this program.",
        }
    }

    /// From the start to the end, once there is one.
    pub fn took_seconds(&self) -> Option<f64> {
        let took = self.finished_at? - self.created_at;
        Some(took.num_milliseconds() as f64 / 1000.0)
    }

    /// Columns that fill no field of a product, in one line.
    pub fn ignored_columns(&self) -> String {
        self.columns
            .as_ref()
            .map(|columns| columns.ignored.join(", "))
            .unwrap_or_default()
    }
}

/// `2 more after it.`, for a notice.
pub fn others_words(others: i64) -> String {
    format!("{} more after it.", number(others))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: &str, phase: &str) -> ImportView {
        ImportView {
            id: 1,
            filename: "products.csv".into(),
            source: "upload".into(),
            mode: "overwrite".into(),
            new_status: "active".into(),
            state: state.into(),
            phase: phase.into(),
            bytes_total: Some(1000),
            bytes_received: 0,
            bytes_read: 0,
            rows_read: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            duplicates: 0,
            skipped: 0,
            rejected: 0,
            error: None,
            warnings: Vec::new(),
            columns: None,
            created_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn per_cent_never_goes_back_and_is_whole_only_at_the_end() {
        let mut import = view("uploading", "receiving");
        let mut seen = vec![import.percent().unwrap()];
        (import.bytes_received, import.bytes_read) = (1000, 900);
        seen.push(import.percent().unwrap());
        (import.state, import.phase, import.bytes_read) = ("running".into(), "reading".into(), 1000);
        import.rows_read = 10;
        seen.push(import.percent().unwrap());
        import.phase = "merging".into();
        for _ in 0..10 {
            import.created += 1;
            seen.push(import.percent().unwrap());
        }
        assert!(seen.is_sorted(), "{seen:?}");
        assert_eq!((seen[0], seen.last()), (0, Some(&99)));
        import.state = "done".into();
        assert_eq!(import.percent(), Some(100));
    }

    #[test]
    fn steps_follow_the_phase() {
        let states = |state, phase| view(state, phase).steps().map(|step| step.state);
        assert_eq!(states("uploading", "receiving"), ["current", "todo", "todo", "todo"]);
        assert_eq!(states("running", "receiving"), ["done", "current", "todo", "todo"]);
        assert_eq!(states("running", "waiting"), ["done", "done", "current", "todo"]);
        assert_eq!(states("running", "merging"), ["done", "done", "current", "todo"]);
    }

    #[test]
    fn headlines_tell_what_happened() {
        let mut import = view("done", "over");
        import.rows_read = 3;
        import.unchanged = 3;
        assert_eq!(
            (import.headline().as_str(), import.tone()),
            ("Your catalogue already had all of this", "good")
        );
        (import.unchanged, import.skipped, import.mode) = (0, 3, "update_only".into());
        assert_eq!(import.headline(), "None of these products is in your catalogue");
        (import.skipped, import.rejected) = (0, 3);
        assert_eq!(
            (import.headline().as_str(), import.tone()),
            ("No row of this file could be taken", "warn")
        );
        (import.created, import.rejected) = (1, 2);
        assert_eq!(import.headline(), "1 product added");
        (import.created, import.updated) = (1000, 2);
        assert_eq!(import.headline(), "1,000 products added, 2 updated");
    }

    #[test]
    fn an_unknown_state_is_shown_as_going_on() {
        let import = view("paused", "pausing");
        assert!(!import.is_over());
        assert_eq!((import.state_label(), import.tone()), ("Waiting", "busy"));
    }
}
