//! An import as JSON: the API's answer and what every live event carries.
//!
//! A promise to programs (`description/openapi.rs` says so to them): fields may be added, none is renamed. Ids are
//! opaque strings, times RFC 3339 in UTC.

use super::description::{ColumnsJson, WarningJson};
use super::import::{Import, Mode, NewStatus, Phase, Source, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// An import: a file on its way into the catalogue, or one that has arrived.
///
/// When it is `done`, `rows_read` is exactly the sum of `created`, `updated`, `unchanged`, `duplicates`, `skipped` and
/// `rejected`. No number ever goes down.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Import, example = json!(super::description::import()))]
pub struct ImportJson {
    /// Opaque: compare it, keep it, do not read anything into it.
    pub id: String,
    /// What the file was called where it came from.
    pub filename: String,
    /// Whether it was sent here or read by the command `import`.
    pub source: Source,
    /// How far it is. More words may come.
    pub state: State,
    /// What is being done at the moment.
    pub phase: Phase,
    /// What happens to products that exist, and to those that do not.
    pub mode: Mode,
    /// The status of products it creates, where the file does not say.
    pub new_status: NewStatus,
    /// The size of the file; null while it is not known.
    pub bytes_total: Option<i64>,
    /// How much of it has arrived.
    pub bytes_received: i64,
    /// How much of it has been read.
    pub bytes_read: i64,
    /// Rows read so far, without the header and blank lines.
    pub rows_read: i64,
    /// Products that are new.
    pub created: i64,
    /// Products that were changed.
    pub updated: i64,
    /// Products that were as the file says already.
    pub unchanged: i64,
    /// Good rows overruled by a later good row of the same file with the same SKU.
    pub duplicates: i64,
    /// Rows left alone because of the mode.
    pub skipped: i64,
    /// Rows that could not be taken.
    pub rejected: i64,
    /// Why it failed, in plain words.
    pub error: Option<String>,
    /// What went well but should be looked at.
    #[schema(value_type = Vec<WarningJson>)]
    pub warnings: serde_json::Value,
    /// What the columns of the file were taken for, as soon as its header has been read.
    #[schema(value_type = Option<ColumnsJson>)]
    pub columns: Option<serde_json::Value>,
    /// Where the rejected rows are, when there are any.
    pub rejected_url: Option<String>,
    /// When its first byte was announced.
    pub created_at: DateTime<Utc>,
    /// When a worker began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, in whatever way.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<Import> for ImportJson {
    fn from(import: Import) -> Self {
        let id = import.id.to_string();
        Self {
            rejected_url: (import.rejected > 0).then(|| format!("/api/v1/imports/{id}/rejected.csv")),
            id,
            filename: import.filename,
            source: import.source,
            state: import.state,
            phase: import.phase,
            mode: import.mode,
            new_status: import.new_status,
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
            error: import.error,
            warnings: import.warnings,
            columns: import.columns,
            created_at: import.created_at,
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }
}

/// What was odd in the file of an import, in sentences.
pub fn warnings_of(import: &Import) -> Vec<String> {
    let warnings = import.warnings.as_array().map(Vec::as_slice).unwrap_or_default();
    warnings
        .iter()
        .filter_map(|warning| Some(warning.get("text")?.as_str()?.to_owned()))
        .collect()
}
