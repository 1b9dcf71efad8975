//! One writer: it stores pieces under keys of its own and lets them count.
//!
//! A database that is away for a moment (a restart) is waited for, so that it breaks no upload.

use super::queries::{self, KeptPiece};
use super::uploads::{TOPIC, Uploads};
use crate::http::Error;
use crate::platform::database::Trouble;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// One request's right to add bytes to an import.
#[derive(Debug)]
pub(super) struct Writer {
    pub import_id: i64,
    /// What the import's row names it by.
    pub id: Uuid,
    /// Where its next byte goes.
    pub offset: i64,
    /// Where the file has to end.
    pub end: i64,
    /// How long the upload lives on after each piece.
    pub expires_in: Duration,
}

/// Why a writer stopped before its stream had come to its end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The connection broke, or the client gave up.
    Broken,
    /// Nothing came for too long.
    Stalled,
    /// There is more than may be.
    TooLarge,
    /// Someone else ended the import or writes to it.
    Lost,
    /// The bytes are not those that were announced.
    Damaged,
    /// It is not the stream's fault.
    Trouble(Error),
}

/// Where the files of all imports are.
pub(super) const FOLDER: &str = "imports/";

/// Everything an import's file is stored under begins with this.
pub(super) fn prefix_of(import_id: i64) -> String {
    format!("{FOLDER}{import_id}/")
}

impl Writer {
    /// Everything it stores begins with this.
    pub(super) fn prefix(&self) -> String {
        format!("{}{}/", prefix_of(self.import_id), self.id)
    }

    fn piece(&self, bytes: &Bytes) -> KeptPiece {
        KeptPiece {
            start: self.offset,
            size_bytes: size_of(bytes),
            key: format!("{}{}", self.prefix(), self.offset),
        }
    }
}

/// Puts a piece into the storage, where it does not count yet.
pub(super) async fn store(uploads: &Uploads, writer: &mut Writer, bytes: Bytes) -> Result<KeptPiece, Stopped> {
    let piece = writer.piece(&bytes);
    if piece.start + piece.size_bytes > writer.end {
        return Err(Stopped::TooLarge);
    }
    let mut patience = Patience::of(uploads);
    while let Err(failure) = uploads.storage.put(&piece.key, bytes.clone()).await {
        patience.bear(failure).await?;
    }
    writer.offset += piece.size_bytes;
    Ok(piece)
}

/// Lets stored pieces count and rings.
pub(super) async fn acknowledge(uploads: &Uploads, writer: &Writer, pieces: &[KeptPiece]) -> Result<(), Stopped> {
    let mut patience = Patience::of(uploads);
    loop {
        match try_to_acknowledge(uploads, writer, pieces).await {
            Ok(true) => break,
            Ok(false) => {
                for piece in pieces {
                    throw_away(uploads, &piece.key).await;
                }
                return Err(Stopped::Lost);
            }
            Err(error) => patience.bear(error.into()).await?,
        }
    }
    uploads.doorbell.ring(TOPIC, writer.import_id);
    Ok(())
}

async fn try_to_acknowledge(uploads: &Uploads, writer: &Writer, pieces: &[KeptPiece]) -> sqlx::Result<bool> {
    let pool = &uploads.database.pool;
    if queries::advance(pool, writer.import_id, writer.id, writer.expires_in, pieces).await? {
        return Ok(true);
    }
    // An earlier try may have been committed although its answer got lost.
    match pieces.last() {
        Some(piece) => queries::counts(pool, writer.import_id, piece).await,
        None => Ok(true),
    }
}

/// Makes a file complete whose size the stream has told only by ending.
pub(super) async fn complete(uploads: &Uploads, writer: &Writer) -> Result<(), Stopped> {
    let mut patience = Patience::of(uploads);
    loop {
        match try_to_complete(uploads, writer).await {
            Ok(true) => break,
            Ok(false) => return Err(Stopped::Lost),
            Err(error) => patience.bear(error.into()).await?,
        }
    }
    uploads.doorbell.ring(TOPIC, writer.import_id);
    Ok(())
}

async fn try_to_complete(uploads: &Uploads, writer: &Writer) -> sqlx::Result<bool> {
    let pool = &uploads.database.pool;
    Ok(queries::complete(pool, writer.import_id, writer.id).await?
        || queries::is_completed(pool, writer.import_id, writer.id).await?)
}

/// Removes what no row points at: a piece, or all of a folder. When that fails it goes with the import's file later.
pub(super) async fn throw_away(uploads: &Uploads, key: &str) {
    let removed = match key.strip_suffix('/') {
        Some(_) => uploads.storage.remove_folder(key).await,
        None => uploads.storage.remove(key).await,
    };
    if let Err(error) = removed {
        let error = format!("{error:#}");
        tracing::warn!(error, key, "could not remove a piece that does not count");
    }
}

/// How long to go on waiting for a database that is away.
struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    fn of(uploads: &Uploads) -> Self {
        Self {
            until: Instant::now() + uploads.settings.database_patience,
            pause: Duration::from_millis(50),
        }
    }

    /// Waits a little before another try, or says why there should be none.
    async fn bear(&mut self, failure: anyhow::Error) -> Result<(), Stopped> {
        if Trouble::within(&failure) != Trouble::Away || Instant::now() >= self.until {
            return Err(Stopped::Trouble(Error::from_failure(failure)));
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(1));
        Ok(())
    }
}

fn size_of(bytes: &Bytes) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}
