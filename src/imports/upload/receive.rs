//! The append path: bytes come in, pieces count.
//!
//! A request takes the upload over at an offset, stores its pieces and lets each count, until its stream
//! ends or another writer has taken over. See the module's head for why this is safe.

use super::pieces::{Ending, Pace, Pieces, discard};
use super::queries::{self, KeptPiece};
use super::tus::Checksum;
use super::uploads::Uploads;
use super::writer::{Stopped, Writer, acknowledge, store, throw_away};
use crate::http::{self, Error};
use crate::imports::State;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::Bytes;
use futures_util::Stream;
use std::fmt::Display;
use uuid::Uuid;

/// Takes an upload over for a request that brings `length` bytes (when it says so) from `offset` on. `None` when
/// the file is complete and the request brings nothing: there is nothing to do, and that is fine.
pub(super) async fn take_over(
    uploads: &Uploads,
    import_id: i64,
    offset: i64,
    length: Option<i64>,
) -> http::Result<Option<Writer>> {
    let pool = &uploads.database.pool;
    let standing = queries::find(pool, import_id).await?.ok_or_else(not_found)?;
    if matches!(standing.state, State::Failed | State::Cancelled) || standing.expired {
        return Err(gone());
    }
    if standing.bytes_received != offset {
        return Err(Error::Conflict(format!(
            "The upload goes on at byte {}.",
            standing.bytes_received
        )));
    }
    let Some(end) = standing.bytes_total else {
        return Err(Error::Conflict(
            "The file is being sent in one go, so it cannot be added to.".into(),
        ));
    };
    if length.is_some_and(|length| length > end - offset) {
        return Err(Error::TooLarge(beyond_the_end(end)));
    }
    if standing.state != State::Uploading {
        return Ok(None);
    }
    let id = Uuid::new_v4();
    let expires_in = uploads.settings.expire_after;
    if !queries::take_over(pool, import_id, id, offset, expires_in).await? {
        return Err(Error::Conflict(
            "Another request went on with this upload. Ask for its offset again.".into(),
        ));
    }
    Ok(Some(Writer {
        import_id,
        id,
        offset,
        end,
        expires_in,
    }))
}

/// Lets the stream's pieces count as they come. What came before it broke stays.
pub(super) async fn append<S, E>(uploads: &Uploads, writer: &mut Writer, stream: &mut S) -> Result<(), Stopped>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    let mut pieces = Pieces::of(stream, Pace::with_stall(uploads.settings.stall_after));
    while let Some(bytes) = pieces.next().await {
        let piece = store(uploads, writer, bytes).await?;
        acknowledge(uploads, writer, &[piece]).await?;
    }
    whole(pieces.ending())
}

/// The same, but nothing counts until all of it has come and matches its checksum.
pub(super) async fn append_checked<S, E>(
    uploads: &Uploads,
    writer: &mut Writer,
    stream: &mut S,
    checksum: Checksum,
) -> Result<(), Stopped>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    let stored = store_checked(uploads, writer, stream, checksum).await;
    match stored {
        Ok(pieces) if pieces.is_empty() => Ok(()),
        Ok(pieces) => acknowledge(uploads, writer, &pieces).await,
        Err(stopped) => {
            throw_away(uploads, &writer.prefix()).await;
            Err(stopped)
        }
    }
}

async fn store_checked<S, E>(
    uploads: &Uploads,
    writer: &mut Writer,
    stream: &mut S,
    mut checksum: Checksum,
) -> Result<Vec<KeptPiece>, Stopped>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    let mut pieces = Pieces::of(stream, Pace::with_stall(uploads.settings.stall_after));
    let mut stored = Vec::new();
    while let Some(bytes) = pieces.next().await {
        checksum.update(&bytes);
        let piece = store(uploads, writer, bytes).await?;
        stored.push(piece);
    }
    whole(pieces.ending())?;
    if checksum.matches() {
        Ok(stored)
    } else {
        Err(Stopped::Damaged)
    }
}

/// Reads the rest of a stream that was not wanted to its end for a moment, so that the answer is seen.
pub(super) async fn after_refusal<S, E>(stream: &mut S, stopped: &Stopped)
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    if !matches!(stopped, Stopped::Broken | Stopped::Stalled) {
        discard(stream).await;
    }
}

/// Refuses bytes that are on their way. A client that waits to be asked for them is not asked.
pub(super) async fn refuse<T>(refusal: Error, headers: &HeaderMap, body: Body) -> http::Result<T> {
    if !headers.contains_key(EXPECT) {
        discard(&mut body.into_data_stream()).await;
    }
    Err(refusal)
}

fn whole(ending: Ending) -> Result<(), Stopped> {
    match ending {
        Ending::Whole => Ok(()),
        Ending::Broken => Err(Stopped::Broken),
        Ending::Stalled => Err(Stopped::Stalled),
    }
}

pub(super) fn not_found() -> Error {
    Error::NotFound("There is no such upload. It may have been removed.".into())
}

pub(super) fn gone() -> Error {
    Error::Gone("This upload has ended and cannot go on. Please upload the file again.".into())
}

pub(super) fn beyond_the_end(end: i64) -> String {
    format!("The file was announced with {end} bytes, and more were sent.")
}
