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
        .layer(from_fn(speak_tus))
        .options(capabilities);
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

async fn capabilities(State(uploads): State<Uploads>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(tus::TUS_RESUMABLE, tus::VERSION);
    headers.insert(tus::TUS_VERSION, tus::VERSION);
    headers.insert(tus::TUS_EXTENSION, tus::EXTENSIONS);
    headers.insert(tus::TUS_MAX_SIZE, uploads.settings.max_size_bytes.into());
    headers.insert(tus::TUS_CHECKSUM_ALGORITHM, tus::CHECKSUM_ALGORITHMS);
    (StatusCode::NO_CONTENT, headers).into_response()
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

async fn show(State(uploads): State<Uploads>, Path(id): Path<String>) -> http::Result<Response> {
    let standing = queries::find(&uploads.database.pool, number(&id)?)
        .await?
        .ok_or_else(receive::not_found)?;
    if matches!(standing.state, ImportState::Failed | ImportState::Cancelled) || standing.expired {
        return Err(receive::gone());
    }
    Ok((StatusCode::OK, offset_headers(&standing)).into_response())
}

/// Runs in a task of its own: when the connection breaks the server drops this future, and the bytes that came
/// before would go with it.
async fn append(State(uploads): State<Uploads>, Path(id): Path<String>, request: Request) -> http::Result<Response> {
    let id = number(&id)?;
    let (parts, body) = request.into_parts();
    let (patch, writer) = match admit(&uploads, id, &parts.headers).await {
        Ok(admitted) => admitted,
        Err(refusal) => return refuse(refusal, &parts.headers, body).await,
    };
    if let Some(writer) = writer {
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

async fn cancel(State(uploads): State<Uploads>, Path(id): Path<String>) -> http::Result<StatusCode> {
    let id = number(&id)?;
    if queries::cancel(&uploads.database.pool, id).await? {
        uploads.doorbell.ring(TOPIC, id).await;
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
