//! What the API's description tells of imports: the requests, and the shape of what is kept as JSON.

use super::{api, upload};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(api::list, api::show, api::watch, api::cancel, api::rejected_rows),
    tags(
        (name = "Imports", description = "A file and what becomes of it are one resource. Any number of files upload \
            and are read at once; they are merged one after another. Nothing is written to the catalogue before the \
            last row of a file has been read."),
        (name = "Uploads (tus)", description = "Files in pieces, by the protocol tus 1.0 with creation, checksum \
            (sha1), expiration and termination: any tus client will do. `POST /imports` begins an upload and says in \
            `Location` where its pieces go."),
    )
)]
struct Description;

/// The requests about imports.
pub fn description() -> OpenApi {
    let mut description = Description::openapi();
    description.merge(upload::Description::openapi());
    description
}

/// A form with a file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes what is read by name")]
pub struct FileForm {
    /// The file, behind the other fields.
    #[schema(format = Binary)]
    file: String,
}

/// Bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "they are read as they come")]
pub struct PieceBytes(Vec<u8>);

/// Something in a file that its sender should look at.
#[derive(ToSchema)]
#[schema(as = ImportWarning)]
#[allow(dead_code, reason = "the database keeps it as JSON")]
pub struct WarningJson {
    /// What it is about.
    kind: String,
    /// How many rows it concerns.
    count: u64,
    /// The first few of them.
    examples: Vec<PlaceJson>,
    /// A sentence about it.
    text: String,
}

/// A place in a file and what stands there.
#[derive(ToSchema)]
#[schema(as = ImportWarningExample)]
#[allow(dead_code, reason = "the database keeps it as JSON")]
pub struct PlaceJson {
    /// The line on which the row begins.
    line: u64,
    /// The value in question.
    value: String,
}

/// What the columns of a file were taken for.
#[derive(ToSchema)]
#[schema(as = ImportColumns)]
#[allow(dead_code, reason = "the database keeps it as JSON")]
pub struct ColumnsJson {
    /// All of them as the file names them, in its order.
    header: Vec<String>,
    /// Where each field is taken from.
    used: Vec<FilledJson>,
    /// Columns that could have filled a field for which there is a better one.
    overruled: Vec<FilledJson>,
    /// All columns that are not used.
    ignored: Vec<String>,
}

/// A field and the column that fills it, or could have.
#[derive(ToSchema)]
#[schema(as = ImportColumn)]
#[allow(dead_code, reason = "the database keeps it as JSON")]
pub struct FilledJson {
    /// `sku`, `name`, `description` or `status`.
    field: String,
    /// As the file names it.
    header: String,
}

/// An import as an example shows it.
pub(super) fn import() -> Value {
    json!({
        "id": "7", "filename": "spring.csv", "source": "upload", "state": "done", "phase": "over",
        "mode": "overwrite", "new_status": "active",
        "bytes_total": 90_210_354, "bytes_received": 90_210_354, "bytes_read": 90_210_354,
        "rows_read": 500_000, "created": 1_200, "updated": 30_000, "unchanged": 468_000, "duplicates": 750,
        "skipped": 0, "rejected": 50, "error": null, "warnings": [],
        "columns": {
            "header": ["name", "sku", "price"],
            "used": [{"field": "name", "header": "name"}, {"field": "sku", "header": "sku"}],
            "overruled": [], "ignored": ["price"],
        },
        "rejected_url": "/api/v1/imports/7/rejected.csv",
        "created_at": "2026-11-22T08:30:00Z", "started_at": "2026-11-22T08:30:01Z",
        "finished_at": "2026-11-22T08:30:19Z",
    })
}
