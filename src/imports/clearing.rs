//! The page that deletes everything: it wants imports whose file has arrived to end first, and offers to cancel them.
//!
//! The catalogue itself refuses only while an import is being merged. On a page, whoever deletes everything while a
//! file waits or is still being read would be surprised by its products a minute later.

use super::import::{Import, State as ImportState};
use super::queries;
use crate::catalog::clearing_pages::{ClearingPage, ClearingQuestion, RunningImport, typed_number};
use crate::catalog::{self, ClearingError};
use crate::http::fragment::Wanted;
use crate::http::pages::Flash;
use crate::http::{Error, flash, format, render};
use crate::platform::database::Database;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Where one starts anew.
const AFTERWARDS: &str = "/imports";
const QUESTION: &str = "/products/clearing";

/// The answer to the question.
#[derive(Deserialize)]
pub struct Answer {
    expected: i64,
    typed: String,
}

/// The imports that are to be cancelled.
#[derive(Deserialize)]
pub struct Cancellation {
    imports: String,
}

/// `GET /products/clearing`: the question, as a page or as a fragment for a dialog.
pub async fn ask(State(database): State<Database>, wanted: Wanted) -> Result<Response, Error> {
    show(wanted, StatusCode::OK, question(&database).await?)
}

/// `POST /products/clearing`: deletes everything when the number is right and no import is running.
pub async fn clear(
    State(database): State<Database>,
    wanted: Wanted,
    Form(answer): Form<Answer>,
) -> Result<Response, Error> {
    let mut question = question(&database).await?;
    question.typed.clone_from(&answer.typed);
    if !question.running.is_empty() {
        return show(wanted, StatusCode::CONFLICT, question);
    }
    if typed_number(&answer.typed) != Some(answer.expected) {
        let number = format::number(answer.expected);
        question.trouble = Some(format!("Nothing was deleted yet. Type {number} to confirm."));
        return show(wanted, StatusCode::UNPROCESSABLE_ENTITY, question);
    }
    match catalog::clear(&database, answer.expected).await {
        // That page tells what was deleted and offers to undo it, for as long as that can be done.
        Ok(_) => Ok(lead(wanted, Redirect::to(AFTERWARDS).into_response())),
        Err(ClearingError::Failed(cause)) => Err(Error::from_failure(cause)),
        Err(refused) => {
            let mut question = self::question(&database).await?;
            question.trouble = Some(Error::from(refused).detail());
            show(wanted, StatusCode::CONFLICT, question)
        }
    }
}

/// `POST /products/clearing/cancellations`: cancels the imports that were shown, and asks again.
pub async fn cancel(
    State(database): State<Database>,
    wanted: Wanted,
    Form(cancellation): Form<Cancellation>,
) -> Result<Response, Error> {
    for id in cancellation.imports.split(',').filter_map(|id| id.parse().ok()) {
        queries::cancel(&database.pool, id).await?;
    }
    if !wanted.is_page() {
        return show(wanted, StatusCode::OK, question(&database).await?);
    }
    Ok(Redirect::to(QUESTION).into_response())
}

/// `POST /products/restoration`: brings back what was deleted last.
pub async fn restore(State(database): State<Database>, wanted: Wanted) -> Result<Response, Error> {
    let restored = catalog::restore(&database).await?;
    let products = format::count(restored, "product is", "products are");
    let told = Flash::good(format!("{products} back."));
    Ok(lead(wanted, flash::redirect("/products", &told)))
}

async fn question(database: &Database) -> Result<ClearingQuestion, Error> {
    let running = queries::running(&database.orm).await?;
    let running = running
        .into_iter()
        .filter(|import| matches!(import.state, ImportState::Queued | ImportState::Running));
    Ok(ClearingQuestion {
        counts: catalog::read_counts(&database.pool).await?,
        kept: catalog::kept(&database.pool).await?,
        running: running.map(RunningImport::from).collect(),
        typed: String::new(),
        trouble: None,
    })
}

impl From<Import> for RunningImport {
    fn from(import: Import) -> Self {
        Self {
            id: import.id,
            filename: import.filename,
        }
    }
}

fn show(wanted: Wanted, status: StatusCode, question: ClearingQuestion) -> Result<Response, Error> {
    let page = ClearingPage::new(question);
    render::page_or_part(wanted, status, &page, &page.question)
}

/// A script is told where to lead to, and does it itself: following it would show the page to nobody.
fn lead(wanted: Wanted, mut redirect: Response) -> Response {
    if !wanted.is_page() {
        *redirect.status_mut() = StatusCode::NO_CONTENT;
    }
    redirect
}
