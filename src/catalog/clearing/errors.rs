//! Why the catalogue was not cleared or restored.

use crate::http::Error;
use crate::http::format;

/// Why everything stayed as it was.
#[derive(Debug)]
pub enum ClearingError {
    /// There are not as many products as whoever asked believed: so many.
    OtherCount(i64),
    /// An import is being merged.
    Merging,
    /// Somebody reads or writes the whole catalogue and did not let go of it in time.
    InUse,
    /// There is nothing that could be brought back.
    NothingKept,
    /// The catalogue has products again.
    NotEmpty,
    /// The database failed.
    Failed(anyhow::Error),
}

impl From<sqlx::Error> for ClearingError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<anyhow::Error> for ClearingError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<ClearingError> for Error {
    fn from(error: ClearingError) -> Self {
        match error {
            ClearingError::OtherCount(count) => Self::Conflict(format!(
                "Nothing was deleted, because the number has changed: there {} now.",
                there_are(count)
            )),
            ClearingError::Merging => Self::Conflict(
                "An import is being added to the catalogue at the moment. Wait until it is done or cancel it, then try \
                 again."
                    .into(),
            ),
            ClearingError::InUse => Self::Conflict(
                "Somebody is reading the whole catalogue at the moment, as a backup does, so it was left as it is. Try \
                 again in a few minutes."
                    .into(),
            ),
            ClearingError::NothingKept => Self::Conflict(
                "There are no deleted products to bring back: deleting everything can be undone once, within 24 hours."
                    .into(),
            ),
            ClearingError::NotEmpty => Self::Conflict(
                "The catalogue has products again, so the deleted ones cannot be brought back beside them.".into(),
            ),
            ClearingError::Failed(cause) => Self::from_failure(cause),
        }
    }
}

/// "is 1 product", "are 2,000 products".
fn there_are(count: i64) -> String {
    match count {
        0 => "are no products".to_owned(),
        1 => "is 1 product".to_owned(),
        _ => format!("are {}", format::count(count, "product", "products")),
    }
}
