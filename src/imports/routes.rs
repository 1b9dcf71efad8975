//! The pages about imports.

use super::api::{end, parse_id, unknown};
use super::import::Import;
use super::pages::{ImportChoicePage, ImportChoices, ImportPage, ImportsPage, RunningNotice, SHOWN_REJECTIONS};
use super::queries;
use super::sample as sample_file;
use super::upload::{OptionsDraft, Uploads, receive_body, receive_form};
use super::view::{ImportView, RejectionView};
use crate::catalog;
use crate::http::Error;
use crate::http::fragment::Wanted;
use crate::http::pages::Pager;
use crate::http::paging::{self, parse_cursor};
use crate::http::render::{self, Page};
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::collections::BTreeMap;

const PAGE_SIZE: u64 = 25;
/// The word for the import by which a list of products is narrowed.
const CHOSEN: &str = "import";
/// More imports than this nobody looks through in a menu.
const CHOICES: u64 = 100;
/// Rows of the sample that can be tried out.
const SAMPLE_ROWS: u64 = 1_000;
const SAMPLE_SEED: u64 = 1;
/// Names told at once.
const MOST_NAMES: usize = 200;

/// Which part of the history is asked for.
#[derive(Deserialize)]
pub struct IndexQuery {
    before: Option<String>,
}

/// Whose names are asked for.
#[derive(Deserialize)]
pub struct NamesQuery {
    ids: String,
}

/// `GET /imports`.
pub async fn index(
    State(database): State<Database>,
    State(uploads): State<Uploads>,
    Query(query): Query<IndexQuery>,
) -> Page {
    let before = query.before.as_deref().map(parse_cursor).transpose()?;
    let mut found = queries::list(&database.orm, before, PAGE_SIZE + 1).await?;
    let older = paging::cut(&mut found, PAGE_SIZE).map(|import| format!("/imports?before={}", import.id));
    let pager = Pager {
        previous: before.map(|_| "/imports".to_owned()),
        next: older,
    };
    let history = found.iter().map(ImportView::from).collect();
    let limit = i64::try_from(uploads.settings.max_size_bytes).unwrap_or(i64::MAX);
    let restoration = catalog::restorable(&database.pool).await?;
    render::page(&ImportsPage::new(limit, history, pager).offering(restoration))
}

/// `POST /imports`: the form, for browsers without scripts.
pub async fn create(State(uploads): State<Uploads>, form: Multipart) -> Result<Redirect, Error> {
    let import = receive_form(uploads, OptionsDraft::default(), form).await?;
    Ok(to(&import))
}

/// `POST /imports/sample`: imports the sample at once.
pub async fn try_sample(State(uploads): State<Uploads>) -> Result<Redirect, Error> {
    let csv = sample_csv()?;
    let mut options = OptionsDraft::default();
    options.set_filename_if_missing("sample.csv");
    let import = receive_body(uploads, options.finish()?, Some(csv.len() as i64), csv.into()).await?;
    Ok(to(&import))
}

/// `GET /imports/sample.csv`.
pub async fn sample() -> Result<Response, Error> {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sample.csv\""),
    ];
    Ok((headers, sample_csv()?).into_response())
}

/// `GET /imports/running`: what other pages tell of imports that are going on, and of what cannot be found yet.
pub async fn running(State(database): State<Database>) -> Page {
    let found = queries::running(&database.orm).await?;
    let backlog = catalog::index_backlog(&database.pool).await?;
    let others = found.len().saturating_sub(1) as i64;
    render::page(&RunningNotice {
        import: found.first().map(ImportView::from),
        others,
        backlog,
    })
}

/// `GET /imports/names?ids=3,12`: the names of their files, for pages about what they wrote.
pub async fn names(
    State(database): State<Database>,
    Query(query): Query<NamesQuery>,
) -> Result<Json<BTreeMap<String, String>>, Error> {
    let ids = query.ids.split(',').take(MOST_NAMES);
    let ids: Vec<i64> = ids.filter_map(|id| id.parse().ok()).collect();
    let names = queries::names(&database.orm, &ids).await?;
    Ok(Json(
        names.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
    ))
}

/// `GET /imports/choices`: the imports by which the list of products can be narrowed, newest first. The chosen one is
/// among them however old it is. Scripts get the entries of a menu, everybody else a page that leads back to the list.
pub async fn choices(
    State(database): State<Database>,
    wanted: Wanted,
    Query(mut words): Query<Vec<(String, String)>>,
) -> Page {
    let mut found = queries::with_changes(&database.orm, CHOICES).await?;
    let chosen = words.iter().find(|(word, _)| word == CHOSEN);
    if let Some(chosen) = chosen.and_then(|(_, id)| id.parse().ok())
        && found.iter().all(|import| import.id != chosen)
    {
        found.extend(queries::find(&database.orm, chosen).await?);
    }
    let choices = ImportChoices {
        imports: found.iter().map(ImportView::from).collect(),
    };
    if !wanted.is_page() {
        return render::page(&choices);
    }
    words.retain(|(word, _)| word != CHOSEN && word != "cursor");
    render::page(&ImportChoicePage::new(choices, words))
}

/// `GET /imports/{id}`.
pub async fn show(State(database): State<Database>, Path(id): Path<String>) -> Page {
    let import = queries::find(&database.orm, parse_id(&id)?)
        .await?
        .ok_or_else(unknown)?;
    let rejections = newest_rejections(&database, import.id).await?;
    render::page(&ImportPage::new(ImportView::from(&import), rejections))
}

/// `POST /imports/{id}/cancellation`: the form, for browsers without scripts.
pub async fn cancel(State(database): State<Database>, Path(id): Path<String>) -> Result<Redirect, Error> {
    let id = parse_id(&id)?;
    end(&database, id).await?;
    Ok(Redirect::to(&format!("/imports/{id}")))
}

fn to(import: &Import) -> Redirect {
    Redirect::to(&format!("/imports/{}", import.id))
}

fn sample_csv() -> Result<Vec<u8>, Error> {
    let mut csv = Vec::new();
    sample_file::write(SAMPLE_ROWS, SAMPLE_SEED, &mut csv).map_err(|error| Error::Internal(error.into()))?;
    Ok(csv)
}

/// The last rejected rows. They are cut page by page, as all of them at once may be more than fits.
async fn newest_rejections(database: &Database, id: i64) -> Result<Vec<RejectionView>, Error> {
    let pool = &database.pool;
    let mut told = queries::newest_rejections_begin(pool, id, 0, SHOWN_REJECTIONS).await?;
    let mut views = Vec::new();
    loop {
        let left = SHOWN_REJECTIONS - views.len() as i64;
        let page = queries::next_rejections(pool, id, told, left).await?;
        let Some(last) = page.last() else {
            return Ok(views);
        };
        told = last.number;
        for rejection in page {
            views.push(RejectionView::try_from(rejection).map_err(|error| Error::Internal(error.into()))?);
        }
    }
}
