//! The routes of uploads: tus, and files in one request.
//!
//! They stand under `/api/v1`, where the links in their answers lead.

use super::create::create;
use super::queries::{self, Standing};
use super::receive::{self, after_refusal, refuse};
use super::tus::{self, Patch, as_tus, insert};
use super::uploads::{TOPIC, Uploads};
use super::writer::{Stopped, Writer};
use crate::http::{self, Error};
use crate::imports::State as ImportState;
use crate::imports::description::PieceBytes;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRef, Path, Request, State};
use axum::handler::Handler;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{head, post};

/// `POST /imports` and everything about `/imports/{id}/file`.
pub fn routes<S>() -> Router<S>
where
    Uploads: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    let file = head(show)
        .patch(append)
        .delete(cancel)
        // Not for methods there are none of: those are refused whatever is spoken.
        .route_layer(from_fn(speak_tus))
        .options(file_capabilities);
    Router::new()
        .route("/imports", post(create).options(capabilities))
        .route("/imports/{id}/file", file)
        // Files are streamed and have a limit of their own.
        .layer(DefaultBodyLimit::disable())
}

/// `POST /imports` of the pages: a form with a file, for browsers without scripts. `create` answers.
pub fn form_routes<S, H, T>(create: H) -> Router<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/imports", post(create))
        .layer(DefaultBodyLimit::disable())
}

/// Asks what uploads may be like
#[utoipa::path(
    options,
    path = "/imports",
    operation_id = "upload_capabilities",
    tag = "Uploads (tus)",
    responses((status = 204, description = "In headers: versions, extensions, checksums and the largest size.", headers(
        ("Tus-Version" = String),
        ("Tus-Extension" = String),
        ("Tus-Checksum-Algorithm" = String),
        ("Tus-Max-Size" = u64, description = "Bytes."),
    )))
)]
async fn capabilities(State(uploads): State<Uploads>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(tus::TUS_RESUMABLE, tus::VERSION);
    headers.insert(tus::TUS_VERSION, tus::VERSION);
    headers.insert(tus::TUS_EXTENSION, tus::EXTENSIONS);
    headers.insert(tus::TUS_MAX_SIZE, uploads.settings.max_size_bytes.into());
    headers.insert(tus::TUS_CHECKSUM_ALGORITHM, tus::CHECKSUM_ALGORITHMS);
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Asks what uploads may be like, at an upload
#[utoipa::path(
    options,
    path = "/imports/{id}/file",
    operation_id = "upload_file_capabilities",
    tag = "Uploads (tus)",
    params(("id" = String, Path, description = "The import's id.")),
    responses((status = 204, description = "In headers: versions, extensions, checksums and the largest size.", headers(
        ("Tus-Version" = String),
        ("Tus-Extension" = String),
        ("Tus-Checksum-Algorithm" = String),
        ("Tus-Max-Size" = u64, description = "Bytes."),
    )))
)]
async fn file_capabilities(uploads: State<Uploads>) -> Response {
    capabilities(uploads).await
}

/// Refuses other versions of tus, and says ours in every answer.
async fn speak_tus(request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    let mut response = match tus::check_version(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    if is_head {
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    as_tus(response)
}

/// Asks how much of a file has arrived
///
/// Go on from `Upload-Offset`. It is the file's length once the upload is complete.
#[utoipa::path(
    head,
    path = "/imports/{id}/file",
    operation_id = "show_upload",
    tag = "Uploads (tus)",
    params(
        ("id" = String, Path, description = "The import's id."),
        ("Tus-Resumable" = String, Header, description = "The version: `1.0.0`.", pattern = "^1\\.0\\.0$", example = "1.0.0"),
    ),
    responses(
        (status = 200, description = "In headers: how much has arrived.", headers(
            ("Upload-Offset" = u64, description = "Bytes that have arrived."),
            ("Upload-Length" = u64, description = "Bytes of the whole file."),
        )),
        (status = 404, description = "There is no such upload."),
        (status = 410, description = "The upload has failed, was cancelled or has expired."),
        (status = 412, description = "Another version of tus was asked for."),
    )
)]
async fn show(State(uploads): State<Uploads>, Path(id): Path<String>) -> http::Result<Response> {
    let standing = queries::find(&uploads.database.pool, number(&id)?)
        .await?
        .ok_or_else(receive::not_found)?;
    if matches!(standing.state, ImportState::Failed | ImportState::Cancelled) || standing.expired {
        return Err(receive::gone());
    }
    Ok((StatusCode::OK, offset_headers(&standing)).into_response())
}

/// Sends a piece of a file
///
/// From `Upload-Offset` on, as long as you like. Bytes that arrived are kept when the line breaks, unless
/// `Upload-Checksum` was sent. A newer request takes over from one that is stuck.
#[utoipa::path(
    patch,
    path = "/imports/{id}/file",
    operation_id = "send_piece",
    tag = "Uploads (tus)",
    params(
        ("id" = String, Path, description = "The import's id."),
        ("Tus-Resumable" = String, Header, description = "The version: `1.0.0`.", pattern = "^1\\.0\\.0$", example = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the bytes belong: what `HEAD` answers.", example = 0),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` and the bytes' checksum in Base64."),
    ),
    request_body(content = inline(PieceBytes), content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "The bytes are kept.", headers(
            ("Upload-Offset" = u64, description = "Where to go on."),
        )),
        (status = 404, description = "There is no such upload."),
        (status = 409, description = "The upload goes on somewhere else; ask for its offset."),
        (status = 410, description = "The upload has failed, was cancelled or has expired."),
        (status = 412, description = "Another version of tus was asked for."),
        (status = 413, description = "More bytes than were announced."),
        (status = 415, description = "The body is not `application/offset+octet-stream`."),
        (status = 460, description = "The bytes do not match their checksum; send them again."),
    )
)]
async fn append(State(uploads): State<Uploads>, Path(id): Path<String>, request: Request) -> http::Result<Response> {
    let id = number(&id)?;
    let (parts, body) = request.into_parts();
    let (patch, writer) = match admit(&uploads, id, &parts.headers).await {
        Ok(admitted) => admitted,
        Err(refusal) => return refuse(refusal, &parts.headers, body).await,
    };
    if let Some(writer) = writer {
        // When the connection breaks the server drops this future, and the bytes that came before would go with it.
        let receiving = tokio::spawn(receive_patch(uploads.clone(), writer, patch, body));
        receiving.await.map_err(|panic| Error::Internal(panic.into()))??;
    }
    let standing = queries::find(&uploads.database.pool, id)
        .await?
        .ok_or_else(receive::not_found)?;
    Ok((StatusCode::NO_CONTENT, offset_headers(&standing)).into_response())
}

async fn admit(uploads: &Uploads, id: i64, headers: &HeaderMap) -> http::Result<(Patch, Option<Writer>)> {
    let patch = Patch::of(headers)?;
    let writer = receive::take_over(uploads, id, patch.offset, patch.length).await?;
    Ok((patch, writer))
}

async fn receive_patch(uploads: Uploads, mut writer: Writer, patch: Patch, body: Body) -> http::Result<()> {
    let mut stream = body.into_data_stream();
    let outcome = match patch.checksum {
        None => receive::append(&uploads, &mut writer, &mut stream).await,
        Some(checksum) => receive::append_checked(&uploads, &mut writer, &mut stream, checksum).await,
    };
    let Err(stopped) = outcome else { return Ok(()) };
    after_refusal(&mut stream, &stopped).await;
    Err(explain(&uploads, &writer, stopped).await)
}

async fn explain(uploads: &Uploads, writer: &Writer, stopped: Stopped) -> Error {
    match stopped {
        Stopped::Broken => Error::Malformed("The connection broke; what arrived is kept.".into()),
        // A client that is still there should go on, and 503 is how it is told to.
        Stopped::Stalled => Error::Unavailable(anyhow::anyhow!("an upload's connection said nothing for too long")),
        Stopped::TooLarge => Error::TooLarge(receive::beyond_the_end(writer.end)),
        Stopped::Damaged => Error::ChecksumMismatch("The bytes are not those that were sent; send them again.".into()),
        Stopped::Trouble(error) => error,
        Stopped::Lost => match queries::find(&uploads.database.pool, writer.import_id).await {
            Ok(
                Some(Standing {
                    state: ImportState::Failed | ImportState::Cancelled,
                    ..
                })
                | None,
            ) => receive::gone(),
            Ok(Some(_)) => Error::Conflict("A newer request has taken this upload over.".into()),
            Err(error) => error.into(),
        },
    }
}

/// Cancels an upload
#[utoipa::path(
    delete,
    path = "/imports/{id}/file",
    operation_id = "cancel_upload",
    tag = "Uploads (tus)",
    params(
        ("id" = String, Path, description = "The import's id."),
        ("Tus-Resumable" = String, Header, description = "The version: `1.0.0`.", pattern = "^1\\.0\\.0$", example = "1.0.0"),
    ),
    responses(
        (status = 204, description = "The import ends as `cancelled`."),
        (status = 404, description = "There is no such upload."),
        (status = 409, description = "The upload was over before."),
        (status = 412, description = "Another version of tus was asked for."),
    )
)]
async fn cancel(State(uploads): State<Uploads>, Path(id): Path<String>) -> http::Result<StatusCode> {
    let id = number(&id)?;
    if queries::cancel(&uploads.database.pool, id).await? {
        uploads.doorbell.ring(TOPIC, id);
        return Ok(StatusCode::NO_CONTENT);
    }
    match queries::find(&uploads.database.pool, id).await? {
        None => Err(receive::not_found()),
        Some(_) => Err(Error::Conflict(
            "The upload is over, so it cannot be removed any more.".into(),
        )),
    }
}

fn offset_headers(standing: &Standing) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(tus::UPLOAD_OFFSET, standing.bytes_received.into());
    match standing.bytes_total {
        Some(total) => headers.insert(tus::UPLOAD_LENGTH, total.into()),
        None => headers.insert(tus::UPLOAD_DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if let Some(metadata) = &standing.metadata {
        insert(&mut headers, tus::UPLOAD_METADATA, metadata);
    }
    if let Some(expires_at) = standing.expires_at {
        insert(&mut headers, tus::UPLOAD_EXPIRES, &tus::http_date(expires_at));
    }
    headers
}

/// Ids are opaque to clients; whatever is none of ours is not there.
fn number(id: &str) -> http::Result<i64> {
    id.parse().map_err(|_| receive::not_found())
}
