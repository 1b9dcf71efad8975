//! `POST /imports`: a new import, by tus, with the file as the body, or with a form.
//!
//! Which of them is meant stands in the request's headers.

use super::options::{Options, OptionsDraft, OptionsQuery};
use super::queries::{self, NewUpload};
use super::receive::refuse;
use super::tus::{self, Creation, as_tus, insert};
use super::uploads::{TOPIC, Uploads};
use super::whole::{receive_body, receive_form};
use crate::http::{self, Error};
use crate::imports::description::FileForm;
use crate::imports::{Import, ImportJson};
use axum::Json;
use axum::extract::{FromRequest, Multipart, Query, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// What a body that is a file may call itself.
const FILE_TYPES: [&str; 4] = [
    "text/csv",
    "application/csv",
    "text/tab-separated-values",
    "application/octet-stream",
];

/// Imports a file
///
/// Either send the file as the body, or as the field `file` of a form, in one go; or announce it by tus
/// (`Tus-Resumable` and `Upload-Length`, no body) and send it in pieces that can be resumed. Behind a router with a
/// time limit, only the latter will do for large files. The options can be given in the address, as fields of the form
/// before the file, or in `Upload-Metadata`.
#[utoipa::path(
    post,
    path = "/imports",
    operation_id = "create_import",
    tag = "Imports",
    params(
        OptionsQuery,
        ("Tus-Resumable" = Option<String>, Header, description = "For tus: `1.0.0`.", pattern = "^1\\.0\\.0$"),
        ("Upload-Length" = Option<u64>, Header, description = "For tus: the file's size in bytes."),
        ("Upload-Metadata" = Option<String>, Header,
            description = "For tus: pairs of an option's name and its value in Base64, with commas between them.",
            example = "filename c3ByaW5nLmNzdg=="),
    ),
    request_body(description = "The file, unless it is sent by tus.", content(
        (String = "text/csv", example = "name,sku,description\nGarden lamp,LAMP-1,Warm white\n"),
        (FileForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "tus: send the pieces to `Location`.", headers(
            ("Location" = String, description = "`/api/v1/imports/{id}/file`."),
            ("Upload-Expires" = String, description = "Until when the next piece is waited for."),
        )),
        (status = 202, description = "The file is there and is being imported.", body = ImportJson, headers(
            ("Location" = String, description = "`/api/v1/imports/{id}`."),
        )),
        (status = 409, description = "The import was cancelled before the whole file had arrived."),
        (status = 412, description = "Another version of tus was asked for."),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "The body is no CSV; a workbook has to be saved as one."),
        (status = 422, description = "An option is none, or the form has no file."),
    )
)]
pub(super) async fn create(State(uploads): State<Uploads>, request: Request) -> Response {
    if tus::is_creation(request.headers()) {
        return as_tus(create_upload(&uploads, request.headers()).await.into_response());
    }
    let created = match media_type(request.headers()).as_str() {
        "multipart/form-data" => create_from_form(uploads, request).await,
        media_type if FILE_TYPES.contains(&media_type) => create_from_body(uploads, request).await,
        media_type => {
            let refusal = wrong_type(media_type);
            let (parts, body) = request.into_parts();
            refuse(refusal, &parts.headers, body).await
        }
    };
    created.map(accepted).into_response()
}

async fn create_upload(uploads: &Uploads, headers: &HeaderMap) -> http::Result<Response> {
    tus::check_version(headers)?;
    let creation = Creation::of(headers)?;
    if creation.length > uploads.settings.max_size() {
        return Err(Error::TooLarge(uploads.settings.too_large()));
    }
    let new = NewUpload {
        options: &creation.options,
        bytes_total: Some(creation.length),
        metadata: creation.metadata.as_deref(),
        writer: None,
        expires_in: uploads.settings.expire_after,
    };
    let import = queries::create(&uploads.database.pool, &new).await?;
    uploads.doorbell.ring(TOPIC, import.id);
    let mut headers = HeaderMap::new();
    insert(&mut headers, LOCATION, &format!("/api/v1/imports/{}/file", import.id));
    if let Some(expires_at) = import.upload_expires_at {
        insert(&mut headers, tus::UPLOAD_EXPIRES, &tus::http_date(expires_at));
    }
    Ok((StatusCode::CREATED, headers).into_response())
}

async fn create_from_body(uploads: Uploads, request: Request) -> http::Result<Import> {
    let (parts, body) = request.into_parts();
    let length = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    match options_of_body(&uploads, &parts.uri, length) {
        Ok(options) => receive_body(uploads, options, length, body).await,
        Err(refusal) => refuse(refusal, &parts.headers, body).await,
    }
}

fn options_of_body(uploads: &Uploads, uri: &Uri, length: Option<i64>) -> http::Result<Options> {
    if length.is_some_and(|length| length > uploads.settings.max_size()) {
        return Err(Error::TooLarge(uploads.settings.too_large()));
    }
    options_in(uri)?.finish()
}

async fn create_from_form(uploads: Uploads, request: Request) -> http::Result<Import> {
    let draft = options_in(request.uri())?;
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|rejection| Error::Malformed(format!("{}.", rejection.body_text())))?;
    receive_form(uploads, draft, form).await
}

fn options_in(uri: &Uri) -> http::Result<OptionsDraft> {
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let Query(pairs) = query.map_err(|rejection| Error::Malformed(format!("{}.", rejection.body_text())))?;
    let mut draft = OptionsDraft::default();
    for (name, value) in pairs {
        draft.set(&name, value);
    }
    Ok(draft)
}

fn accepted(import: Import) -> Response {
    let location = [(LOCATION, format!("/api/v1/imports/{}", import.id))];
    (StatusCode::ACCEPTED, location, Json(ImportJson::from(import))).into_response()
}

/// The media type without its parameters.
fn media_type(headers: &HeaderMap) -> String {
    let stated = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn wrong_type(media_type: &str) -> Error {
    Error::UnsupportedType(if media_type.contains("excel") || media_type.contains("spreadsheet") {
        "This is an Excel workbook. Save it as “CSV UTF-8” and send that file.".into()
    } else {
        "Send the file as text/csv, or as the field “file” of a form (multipart/form-data).".into()
    })
}
