//! What receiving needs at hand: the database, the file storage, the doorbell and its settings.
//!
//! The state of the upload routes; the router derives it from its own.

use crate::platform::database::Database;
use crate::platform::doorbell::Doorbell;
use crate::platform::storage::FileStorage;
use std::time::Duration;

/// The doorbell's topic when an import has got bytes, is complete, or ended.
pub const TOPIC: &str = "import";

/// State of the upload routes. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Uploads {
    /// Where imports are rows.
    pub database: Database,
    /// Where the bytes go.
    pub storage: FileStorage,
    /// Tells workers and viewers that there is more.
    pub doorbell: Doorbell,
    /// Limits and times.
    pub settings: UploadSettings,
}

/// Limits and times of uploads.
#[derive(Clone, Debug)]
pub struct UploadSettings {
    /// The largest file that is taken.
    pub max_size_bytes: u64,
    /// How long a resumable upload may rest before it is given up.
    pub expire_after: Duration,
    /// How long a file is kept after its import is over.
    pub keep_file_for: Duration,
    /// How long a connection may say nothing before it counts as broken.
    pub stall_after: Duration,
    /// How long a piece waits for a database that is away, so that its restart breaks no upload.
    pub database_patience: Duration,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self {
            max_size_bytes: 4 << 30,
            expire_after: Duration::from_hours(24),
            keep_file_for: Duration::from_hours(24),
            stall_after: Duration::from_mins(2),
            database_patience: Duration::from_secs(20),
        }
    }
}

impl UploadSettings {
    /// The limit as PostgreSQL counts.
    pub(super) fn max_size(&self) -> i64 {
        i64::try_from(self.max_size_bytes).unwrap_or(i64::MAX)
    }

    /// What is said when a file is larger than that.
    pub(super) fn too_large(&self) -> String {
        format!(
            "The file is larger than {}, the most this server takes.",
            in_words(self.max_size_bytes)
        )
    }

    /// How long an upload that cannot be resumed may show no sign of life: its own process notices a silent line
    /// after `stall_after`, so twice that means the process is gone.
    pub(super) fn stream_expire_after(&self) -> Duration {
        2 * (self.stall_after + self.database_patience)
    }
}

/// A size for people.
fn in_words(size_bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];
    match UNITS
        .iter()
        .find(|(_, unit)| size_bytes >= *unit && size_bytes.is_multiple_of(*unit))
    {
        Some((name, unit)) => format!("{} {name}", size_bytes / unit),
        None => format!("{size_bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_told_in_words() {
        assert!(UploadSettings::default().too_large().contains(" 4 GB,"));
        assert_eq!(in_words(1536), "1536 bytes");
        assert_eq!(in_words(100 << 20), "100 MB");
    }
}
