//! The pages of one product. Forms lead on by redirect; scripts get fragments and, when it worked, JSON.

use super::conflict::Conflict;
use super::error::EditError;
use super::form::{ProductForm, StatusForm};
use super::history::{at_version, history};
use super::pages::{DeletedPage, NewProductPage, ProductPage};
use super::queries;
use super::values::Patch;
use crate::catalog::list_before::list_before;
use crate::catalog::product::{Product, ProductJson, parse_id, unknown};
use crate::catalog::sku::SkuKey;
use crate::http::format::quoted;
use crate::http::fragment::Wanted;
use crate::http::pages::Flash;
use crate::http::{Error, flash, render};
use crate::platform::database::Database;
use crate::webhooks;
use axum::Json;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Steps of a history that a page shows at first.
const SHOWN_STEPS: usize = 20;
/// And when all are asked for.
const MOST_STEPS: usize = 500;

type Answer = Result<Response, Error>;

/// How much of the history a page shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ShowQuery {
    history: String,
}

/// What scripts are told when it worked.
#[derive(Serialize)]
struct Told {
    done: String,
    undo: Option<String>,
    product: Option<ProductJson>,
}

/// `GET /products/new`.
pub async fn new(wanted: Wanted) -> Answer {
    new_page(wanted, StatusCode::OK, &NewProductPage::new(ProductForm::blank()))
}

/// `POST /products`.
pub async fn create(State(database): State<Database>, wanted: Wanted, Form(form): Form<ProductForm>) -> Answer {
    match super::create(&database, form.new_product()).await {
        Ok(product) => {
            let flash = Flash::good(format!("Added {}.", quoted(&product.name)));
            let to = format!("/products/{}", product.id);
            Ok(done(wanted, &to, flash, Some(product)))
        }
        Err(error) => {
            let (status, error) = told_in_form(error)?;
            new_page(wanted, status, &NewProductPage::new(form).with_faults(&error))
        }
    }
}

/// `GET /products/{id}`.
pub async fn show(
    State(database): State<Database>,
    wanted: Wanted,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Answer {
    let id = parse_id(&id)?;
    let Some(product) = queries::find(&database.pool, id).await? else {
        return show_deleted(&database, wanted, id, StatusCode::GONE, None).await;
    };
    let limit = if query.history == "all" {
        MOST_STEPS
    } else {
        SHOWN_STEPS
    };
    let page = product_page(&database, product, limit).await?;
    answer(wanted, StatusCode::OK, &page)
}

/// `POST /products/{id}`.
pub async fn save(
    State(database): State<Database>,
    wanted: Wanted,
    Path(id): Path<String>,
    Form(form): Form<ProductForm>,
) -> Answer {
    let id = parse_id(&id)?;
    let Some(current) = queries::find(&database.pool, id).await? else {
        return save_deleted(&database, wanted, id, form).await;
    };
    save_over(&database, wanted, current, form).await
}

/// What was typed is shown beside the news that the product is gone, and saved when it is to come back for that.
async fn save_deleted(database: &Database, wanted: Wanted, id: i64, form: ProductForm) -> Answer {
    if form.restore != "true" {
        return show_deleted(database, wanted, id, StatusCode::GONE, Some(form)).await;
    }
    match super::restore(database, id).await {
        Ok(current) => {
            let version = current.version.to_string();
            save_over(database, wanted, current, ProductForm { version, ..form }).await
        }
        Err(EditError::Taken { .. }) => show_deleted(database, wanted, id, StatusCode::CONFLICT, Some(form)).await,
        Err(error) => Err(error.into()),
    }
}

async fn save_over(database: &Database, wanted: Wanted, current: Product, form: ProductForm) -> Answer {
    let id = current.id;
    let patch = form.patch(&current);
    let is_empty = patch
        == Patch {
            version: patch.version,
            ..Patch::default()
        };
    let saved = if is_empty {
        Ok(current.clone())
    } else {
        super::change(database, id, patch).await
    };
    match saved {
        Ok(product) => {
            let words = if product.version == current.version {
                "Nothing was changed in"
            } else {
                "Saved"
            };
            let flash = Flash::good(format!("{words} {}.", quoted(&product.name)));
            Ok(done(wanted, &format!("/products/{id}"), flash, Some(product)))
        }
        Err(EditError::Unknown) => show_deleted(database, wanted, id, StatusCode::GONE, Some(form)).await,
        Err(EditError::Stale { current }) => show_conflict(database, wanted, form.with_picks(&current), *current).await,
        Err(error) => {
            let (status, error) = told_in_form(error)?;
            let form = form.with_picks(&current);
            let page = product_page(database, current, SHOWN_STEPS).await?;
            answer(wanted, status, &page.with_faults(form, &error))
        }
    }
}

/// `POST /products/{id}/status`: makes a product active or inactive, from wherever it is listed.
pub async fn set_status(
    State(database): State<Database>,
    wanted: Wanted,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<StatusForm>,
) -> Answer {
    let back = list_before(&headers);
    let active = form.active == "true";
    let patch = Patch {
        active: Some(active),
        version: form.version.parse().ok(),
        ..Patch::default()
    };
    match super::change(&database, parse_id(&id)?, patch).await {
        Ok(product) => {
            let status = if active { "active" } else { "inactive" };
            let flash = Flash::good(format!("{} is {status} now.", quoted(&product.name)));
            Ok(done(wanted, &back, flash, Some(product)))
        }
        Err(EditError::Stale { current }) if wanted.is_page() => {
            let words = format!(
                "{} has been changed by somebody else meanwhile, so its status was left as it is.",
                quoted(&current.name)
            );
            Ok(flash::redirect(&back, &Flash::bad(words)))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /products/{id}/deletion`.
pub async fn delete(State(database): State<Database>, wanted: Wanted, Path(id): Path<String>) -> Answer {
    let id = parse_id(&id)?;
    match super::delete(&database, id).await {
        Ok(product) => {
            let flash = Flash::good(format!("Deleted {}.", quoted(&product.name)));
            let flash = flash.with_undo(format!("/products/{id}/restoration"));
            Ok(done(wanted, "/products", flash, None))
        }
        // Somebody else was quicker, or the button was pressed twice.
        Err(EditError::Unknown) => show_deleted(&database, wanted, id, StatusCode::GONE, None).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /products/{id}/restoration`.
pub async fn restore(State(database): State<Database>, wanted: Wanted, Path(id): Path<String>) -> Answer {
    let id = parse_id(&id)?;
    match super::restore(&database, id).await {
        Ok(product) => {
            let flash = Flash::good(format!("{} is back.", quoted(&product.name)));
            Ok(done(wanted, &format!("/products/{id}"), flash, Some(product)))
        }
        Err(EditError::Taken { .. }) if wanted.is_page() => {
            show_deleted(&database, wanted, id, StatusCode::CONFLICT, None).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn product_page(database: &Database, product: Product, limit: usize) -> Result<ProductPage, Error> {
    let history = history(database, product.id, limit).await?.unwrap_or_default();
    let shows_all = history.steps.len() < limit;
    let told = webhooks::told(&database.pool, product.id).await?;
    Ok(ProductPage::new(product, &history, shows_all).with_told(told))
}

async fn show_conflict(database: &Database, wanted: Wanted, form: ProductForm, current: Product) -> Answer {
    let base = match form.version() {
        Some(version) => at_version(database, &current, version).await?,
        None => None,
    };
    let conflict = Conflict::of(&form, &current, base.as_ref());
    let page = product_page(database, current, SHOWN_STEPS).await?;
    answer(wanted, StatusCode::CONFLICT, &page.with_conflict(form, conflict))
}

/// The page of a product that was deleted, or the news that nobody knows it.
async fn show_deleted(
    database: &Database,
    wanted: Wanted,
    id: i64,
    status: StatusCode,
    typed: Option<ProductForm>,
) -> Answer {
    let deleted = queries::deleted(&database.pool, id).await?.ok_or_else(unknown)?;
    let key = SkuKey::of(&deleted.product.sku);
    let holder = queries::holder(&mut *database.pool.acquire().await?, key.as_str()).await?;
    let page = DeletedPage::new(deleted, holder.as_ref(), typed);
    render::page_or_part(wanted, status, &page, &page.as_main())
}

fn answer(wanted: Wanted, status: StatusCode, page: &ProductPage) -> Answer {
    render::page_or_part(wanted, status, page, &page.as_main())
}

fn new_page(wanted: Wanted, status: StatusCode, page: &NewProductPage) -> Answer {
    render::page_or_part(wanted, status, page, &page.as_main())
}

/// Leads on with a message, or tells a script.
fn done(wanted: Wanted, to: &str, flash: Flash, product: Option<Product>) -> Response {
    if wanted.is_page() {
        return flash::redirect(to, &flash);
    }
    let told = Told {
        done: flash.text,
        undo: flash.undo,
        product: product.map(ProductJson::from),
    };
    Json(told).into_response()
}

/// What the form itself can tell; the rest is told as any other problem.
fn told_in_form(error: EditError) -> Result<(StatusCode, EditError), Error> {
    match error {
        EditError::Invalid(_) => Ok((StatusCode::UNPROCESSABLE_ENTITY, error)),
        EditError::Taken { .. } => Ok((StatusCode::CONFLICT, error)),
        other => Err(other.into()),
    }
}
