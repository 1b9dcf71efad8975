//! Files that come in one request: as its body, or as a field of a form.
//!
//! They cannot be resumed, so an import whose line breaks has failed and says so. The work runs in a task of its
//! own: when a connection breaks the server drops the request's future, and nobody would write that down.

use super::options::{Options, OptionsDraft};
use super::queries::{self, NewUpload};
use super::receive::{self, after_refusal};
use super::uploads::{TOPIC, Uploads};
use super::writer::{self, Stopped, Writer};
use crate::http::{self, Error};
use crate::imports::Import;
use axum::body::Body;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use bytes::Bytes;
use futures_util::Stream;
use std::fmt::Display;
use uuid::Uuid;

/// The name of the form's field with the file.
const FILE: &str = "file";
/// No option is longer.
const OPTION_MAX_BYTES: usize = 4096;

/// Receives a file that is the body of a request, `length` bytes long when the request says so (within the limit).
pub async fn receive_body(uploads: Uploads, options: Options, length: Option<i64>, body: Body) -> http::Result<Import> {
    let receiving = tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        let mut writer = begin(&uploads, &options, length).await?;
        let outcome = append(&uploads, &mut writer, &mut stream).await;
        let outcome = match outcome {
            Ok(()) => finish(&uploads, &writer, length).await,
            stopped => stopped,
        };
        end(&uploads, &writer, outcome).await
    });
    receiving.await.map_err(|panic| Error::Internal(panic.into()))?
}

/// Receives a file that is the field `file` of a form. Options may stand before it as fields of their own and
/// overrule `draft`.
pub async fn receive_form(uploads: Uploads, draft: OptionsDraft, form: Multipart) -> http::Result<Import> {
    let receiving = tokio::spawn(read_form(uploads, draft, form));
    receiving.await.map_err(|panic| Error::Internal(panic.into()))?
}

async fn read_form(uploads: Uploads, mut draft: OptionsDraft, mut form: Multipart) -> http::Result<Import> {
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == FILE {
            draft.set_filename_if_missing(field.file_name().unwrap_or_default());
            return receive_field(&uploads, &draft.finish()?, field)
                .await?
                .complete(&uploads, &mut form)
                .await;
        }
        if OptionsDraft::knows(&name) {
            let value = short_text(field).await?;
            draft.set(&name, value);
        }
    }
    Err(Error::invalid(
        FILE,
        "The form has no file. Choose one and send it again.",
    ))
}

/// A form whose file has come, and how that went.
struct FormFile {
    writer: Writer,
    outcome: Result<(), Stopped>,
}

async fn receive_field(uploads: &Uploads, options: &Options, mut field: Field<'_>) -> http::Result<FormFile> {
    let mut writer = begin(uploads, options, None).await?;
    let outcome = append(uploads, &mut writer, &mut field).await;
    Ok(FormFile { writer, outcome })
}

impl FormFile {
    async fn complete(self, uploads: &Uploads, form: &mut Multipart) -> http::Result<Import> {
        let outcome = match self.outcome {
            Ok(()) => match no_options_left(form).await {
                Ok(()) => finish(uploads, &self.writer, None).await,
                stopped => stopped,
            },
            stopped => stopped,
        };
        end(uploads, &self.writer, outcome).await
    }
}

/// Options behind the file would come too late for a worker that reads it already.
async fn no_options_left(form: &mut Multipart) -> Result<(), Stopped> {
    while let Some(field) = form.next_field().await.map_err(|_| Stopped::Broken)? {
        let name = field.name().unwrap_or_default();
        if OptionsDraft::knows(name) || name == FILE {
            let refusal = Error::invalid(
                name,
                format!("The form's field {name} has to stand before its one file."),
            );
            return Err(Stopped::Trouble(refusal));
        }
    }
    Ok(())
}

async fn begin(uploads: &Uploads, options: &Options, length: Option<i64>) -> http::Result<Writer> {
    let id = Uuid::new_v4();
    let expires_in = uploads.settings.stream_expire_after();
    let new = NewUpload {
        options,
        bytes_total: length,
        metadata: None,
        writer: Some(id),
        expires_in,
    };
    let import = queries::create(&uploads.database.pool, &new).await?;
    uploads.doorbell.ring(TOPIC, import.id);
    let end = length.unwrap_or_else(|| uploads.settings.max_size());
    Ok(Writer {
        import_id: import.id,
        id,
        offset: 0,
        end,
        expires_in,
    })
}

async fn append<S, E>(uploads: &Uploads, writer: &mut Writer, stream: &mut S) -> Result<(), Stopped>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Display,
{
    let outcome = receive::append(uploads, writer, stream).await;
    if let Err(stopped) = &outcome {
        after_refusal(stream, stopped).await;
    }
    outcome
}

/// A file of known length became complete with its last byte; any other becomes so now.
async fn finish(uploads: &Uploads, writer: &Writer, length: Option<i64>) -> Result<(), Stopped> {
    match length {
        None => writer::complete(uploads, writer).await,
        Some(length) if writer.offset < length => Err(Stopped::Broken),
        Some(_) => Ok(()),
    }
}

/// Answers with the import, or writes down why it failed and answers with that.
async fn end(uploads: &Uploads, writer: &Writer, outcome: Result<(), Stopped>) -> http::Result<Import> {
    let pool = &uploads.database.pool;
    let Err(stopped) = outcome else {
        return Ok(queries::import(pool, writer.import_id).await?);
    };
    if matches!(stopped, Stopped::Lost) {
        // A worker that reads along may find that the file cannot be used, and anyone may cancel. The import says
        // itself what came of it, as that of a small file does.
        let import = queries::import(pool, writer.import_id).await?;
        if import.is_over() {
            return Ok(import);
        }
    }
    let too_large = matches!(stopped, Stopped::TooLarge);
    let error = explain(uploads, stopped);
    match queries::fail(pool, writer.import_id, writer.id, &error.detail()).await {
        Ok(true) => uploads.doorbell.ring(TOPIC, writer.import_id),
        Ok(false) => {}
        // It fails a little later then, when its upload expires.
        Err(failure) => tracing::warn!(%failure, import = writer.import_id, "could not write down a failure"),
    }
    if too_large {
        remove_file(uploads, writer.import_id).await?;
    }
    Err(error)
}

/// Removes what was kept of a file.
async fn remove_file(uploads: &Uploads, import_id: i64) -> http::Result<()> {
    uploads
        .storage
        .remove_folder(&writer::prefix_of(import_id))
        .await
        .map_err(Error::from_failure)?;
    Ok(queries::forget_file(&uploads.database.pool, import_id).await?)
}

fn explain(uploads: &Uploads, stopped: Stopped) -> Error {
    match stopped {
        Stopped::Broken | Stopped::Damaged => Error::Malformed(
            "The connection broke before the whole file had arrived. Please upload the file again.".into(),
        ),
        Stopped::Stalled => Error::Malformed(format!(
            "Nothing arrived for {} seconds, so the upload was ended. Please upload the file again.",
            uploads.settings.stall_after.as_secs()
        )),
        Stopped::TooLarge => Error::TooLarge(uploads.settings.too_large()),
        Stopped::Lost => Error::Conflict("The import was ended before the whole file had arrived.".into()),
        Stopped::Trouble(error) => error,
    }
}

async fn short_text(mut field: Field<'_>) -> http::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(malformed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > OPTION_MAX_BYTES {
            let name = field.name().unwrap_or_default();
            return Err(Error::invalid(name, format!("The value of {name} is too long.")));
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn malformed(error: MultipartError) -> Error {
    Error::Malformed(format!("The form could not be read: {}.", error.body_text()))
}
