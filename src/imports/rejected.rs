//! `rejected.csv`: the rows that were not taken, as they stood in the file, with their line and the reason.

use super::import::Import;
use super::queries::{self, Rejection};
use super::read::Columns;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use sqlx::PgPool;

const ROWS_AT_ONCE: i64 = 2_000;

/// The answer, streamed: there may be as many rows as the file had.
pub fn download(pool: PgPool, import: &Import) -> Response {
    let columns = import
        .columns
        .clone()
        .and_then(|columns| serde_json::from_value::<Columns>(columns).ok());
    let header = columns.map(|columns| columns.header).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"rejected-rows-{}.csv\"", import.id),
        ),
    ];
    (headers, Body::from_stream(pages(pool, import.id, header))).into_response()
}

enum Next {
    Header(Vec<String>),
    After(i64),
}

fn pages(pool: PgPool, id: i64, header: Vec<String>) -> impl Stream<Item = anyhow::Result<Bytes>> {
    stream::try_unfold(Next::Header(header), move |next| {
        let pool = pool.clone();
        async move {
            let after = match next {
                Next::Header(header) => return Ok(Some((header_line(&header)?, Next::After(0)))),
                Next::After(after) => after,
            };
            let rows = queries::next_rejections(&pool, id, after, ROWS_AT_ONCE).await?;
            let Some(last) = rows.last().map(|row| row.number) else {
                return Ok(None);
            };
            Ok(Some((lines(&rows)?, Next::After(last))))
        }
    })
}

fn header_line(columns: &[String]) -> anyhow::Result<Bytes> {
    let mut writer = writer();
    writer.write_record(["line", "reason"].into_iter().chain(columns.iter().map(String::as_str)))?;
    finish(writer)
}

fn lines(rows: &[Rejection]) -> anyhow::Result<Bytes> {
    let mut writer = writer();
    for row in rows {
        let fields: Vec<String> = serde_json::from_slice(&row.fields)?;
        writer.write_field(row.line.to_string())?;
        writer.write_field(&row.reason)?;
        writer.write_record(&fields)?;
    }
    finish(writer)
}

/// Rows keep as many fields as they had, which is why some of them are here.
fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

fn finish(writer: csv::Writer<Vec<u8>>) -> anyhow::Result<Bytes> {
    Ok(Bytes::from(
        writer
            .into_inner()
            .map_err(|error| anyhow::anyhow!("{}", error.error()))?,
    ))
}
