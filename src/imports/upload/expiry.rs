//! Tidying up: uploads that nobody went on with, and files that nobody needs any more.
//!
//! Any process may do it at any time, also several at once.

use super::queries;
use super::uploads::{TOPIC, Uploads};
use super::writer::{FOLDER, prefix_of};

const ABANDONED: &str = "The upload was not finished in time. Please upload the file again.";

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that were given up.
    pub expired: usize,
    /// Imports whose kept files were removed.
    pub files_removed: usize,
}

/// Gives up abandoned uploads and removes the files of imports that have been over for long enough.
pub async fn sweep(uploads: &Uploads) -> anyhow::Result<Swept> {
    let pool = &uploads.database.pool;
    let expired = queries::expire(pool, ABANDONED).await?;
    for id in &expired {
        uploads.doorbell.ring(TOPIC, *id);
    }
    let old = queries::with_old_files(pool, uploads.settings.keep_file_for).await?;
    for id in &old {
        // The bytes first: when this breaks off in between, the next sweep finds the import again.
        uploads.storage.remove_folder(&prefix_of(*id)).await?;
        queries::forget_file(pool, *id).await?;
    }
    Ok(Swept {
        expired: expired.len(),
        files_removed: old.len(),
    })
}

/// Removes what is kept for imports that have no file any more, and tells for how many: a writer that was killed, or
/// stood still while its import ended, may have left a piece behind.
pub async fn sweep_orphans(uploads: &Uploads) -> anyhow::Result<usize> {
    let kept = uploads.storage.folders(FOLDER).await?;
    // What has another name is not ours.
    let kept: Vec<i64> = kept.iter().filter_map(|name| name.parse().ok()).collect();
    let orphans = queries::without_file(&uploads.database.pool, &kept).await?;
    for id in &orphans {
        uploads.storage.remove_folder(&prefix_of(*id)).await?;
    }
    Ok(orphans.len())
}
