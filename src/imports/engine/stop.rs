//! Why work on an import ends before its end.

use crate::imports::read::FileFailure;

/// What stopped the work, and so what is to be done with the import.
#[derive(Debug)]
pub enum Stop {
    /// The file cannot be imported: the import fails at once with this sentence.
    File(FileFailure),
    /// The claim is no longer ours: cancelled, or taken over. There is nothing left to write.
    ClaimLost,
    /// This process is to end: somebody else may go on at once.
    Asked,
    /// Something that may pass: the import is tried again.
    Trouble(anyhow::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Trouble(error)
    }
}

impl From<FileFailure> for Stop {
    fn from(failure: FileFailure) -> Self {
        Self::File(failure)
    }
}

impl From<tokio::task::JoinError> for Stop {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Trouble(anyhow::Error::new(error).context("a thread ended before its work did"))
    }
}

/// Short for what the engine's steps return.
pub type Result<T> = std::result::Result<T, Stop>;
