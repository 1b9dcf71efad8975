//! An import as JSON: the API's answer and what every live event carries.
//!
//! The names are a promise (the contract's Imports table): more may be added, none renamed. Ids are opaque
//! strings, times RFC 3339 in UTC.

use super::import::{Import, Mode, NewStatus, Phase, Source, State};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// An import as it is told.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are explained in the API's description")]
pub struct ImportJson {
    pub id: String,
    pub filename: String,
    pub source: Source,
    pub state: State,
    pub phase: Phase,
    pub mode: Mode,
    pub new_status: NewStatus,
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
    pub error: Option<String>,
    pub warnings: serde_json::Value,
    pub columns: Option<serde_json::Value>,
    /// Where the rejected rows are, when there are any.
    pub rejected_url: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
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
