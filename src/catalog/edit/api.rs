//! `/api/v1/products`: changing products by hand, and their history.

use super::history::{self, FieldChange, History, Origin, Step};
use super::values::{NewProduct, Patch};
use crate::catalog::product::{ProductJson, parse_id, unknown};
use crate::http::json::JsonFields;
use crate::http::{Error, paging};
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const MOST_STEPS: u64 = 500;

/// How much of a history is asked for. Empty words count as left out.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// How many steps are told at most: 50 unless said, never more than 500.
    #[param(value_type = u64, example = 50)]
    limit: String,
}

impl HistoryQuery {
    fn limit(&self) -> Result<u64, Error> {
        paging::limit(&self.limit, MOST_STEPS)
    }
}

/// A product that is to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewProduct, example = json!({"sku": "LAMP-0042", "name": "Garden lamp"}))]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct NewProductJson {
    /// Trimmed; no other product may have it, whatever the letters' case.
    #[schema(min_length = 1, max_length = 255)]
    sku: String,
    /// Trimmed.
    #[schema(min_length = 1, max_length = 1000)]
    name: String,
    /// Empty unless said.
    #[schema(required = false, max_length = 100_000)]
    description: String,
    /// `true` unless said.
    #[schema(required = false)]
    active: bool,
}

/// What is to be changed; fields that are left out stay.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProductPatch, example = json!({"name": "Garden lamp, warm", "version": 3}))]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct PatchJson {
    /// Trimmed; no other product may have it, whatever the letters' case.
    #[schema(required = false, min_length = 1, max_length = 255)]
    sku: String,
    /// Trimmed.
    #[schema(required = false, min_length = 1, max_length = 1000)]
    name: String,
    /// As long as you like, within reason.
    #[schema(required = false, max_length = 100_000)]
    description: String,
    /// Whether it is shown, or kept back.
    #[schema(required = false)]
    active: bool,
    /// The version that was looked at: if the product has another by now, nothing is changed.
    #[schema(required = false)]
    version: i32,
}

/// What happened to a product.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductHistory)]
pub struct HistoryJson {
    /// Newest first.
    items: Vec<StepJson>,
    /// Whether the items go back to where the product was added.
    is_complete: bool,
}

/// One thing that happened to a product.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductStep)]
struct StepJson {
    /// The version it led to.
    version: i32,
    /// When; null where nobody wrote it down.
    at: Option<DateTime<Utc>>,
    /// `created`, `changed`, `deleted` or `restored`.
    action: &'static str,
    /// The import that did it; null for a change by hand.
    import: Option<ImportOrigin>,
    /// The fields that changed.
    changes: Vec<ChangeJson>,
}

/// A row of a file.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductStepImport)]
struct ImportOrigin {
    /// The import's id.
    id: String,
    /// The line of its file, where it is known.
    line: Option<i64>,
}

/// A field that changed.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductFieldChange)]
struct ChangeJson {
    /// `sku`, `name`, `description` or `active`.
    field: &'static str,
    /// What it was.
    from: Value,
    /// What it became.
    to: Value,
}

/// Creates a product
#[utoipa::path(
    post,
    path = "/products",
    operation_id = "create_product",
    tag = "Products",
    request_body = NewProductJson,
    responses(
        (status = 201, description = "The product.", body = ProductJson, headers(
            ("Location" = String, description = "`/api/v1/products/{id}`."),
        )),
        (status = 409, description = "Another product has the SKU; `product` names it."),
        (status = 413, description = "More than a request may send."),
        (status = 415, description = "The body is not `application/json`."),
        (status = 422, description = "Fields are at fault; `errors` names them."),
    )
)]
pub async fn create(State(database): State<Database>, mut fields: JsonFields) -> Result<Response, Error> {
    let product = NewProduct {
        sku: fields.text("sku").unwrap_or_default(),
        name: fields.text("name").unwrap_or_default(),
        description: fields.text("description").unwrap_or_default(),
        active: fields.flag("active").unwrap_or(true),
    };
    fields.finish()?;
    let created = super::create(&database, product).await?;
    let location = [(header::LOCATION, format!("/api/v1/products/{}", created.id))];
    Ok((StatusCode::CREATED, location, Json(ProductJson::from(created))).into_response())
}

/// Changes a product
///
/// With the `version` that was looked at, nothing that somebody else changed meanwhile is overwritten.
#[utoipa::path(
    patch,
    path = "/products/{id}",
    operation_id = "change_product",
    tag = "Products",
    params(("id" = String, Path, description = "The product's id.")),
    request_body = PatchJson,
    responses(
        (status = 200, description = "The product as it is now.", body = ProductJson),
        (status = 404, description = "There is no such product; it may have been deleted."),
        (
            status = 409,
            description = "Another product has the SKU (`product` names it), or this one has changed meanwhile \
                (`current` is the product as it is now).",
        ),
        (status = 413, description = "More than a request may send."),
        (status = 415, description = "The body is not `application/json`."),
        (status = 422, description = "Fields are at fault; `errors` names them."),
    )
)]
pub async fn change(
    State(database): State<Database>,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> Result<Json<ProductJson>, Error> {
    let patch = Patch {
        sku: fields.text("sku"),
        name: fields.text("name"),
        description: fields.text("description"),
        active: fields.flag("active"),
        version: fields.whole_number("version"),
    };
    fields.finish()?;
    let changed = super::change(&database, parse_id(&id)?, patch).await?;
    Ok(Json(changed.into()))
}

/// Deletes a product
///
/// It can be restored for 24 hours.
#[utoipa::path(
    delete,
    path = "/products/{id}",
    operation_id = "delete_product",
    tag = "Products",
    params(("id" = String, Path, description = "The product's id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such product; it may have been deleted."),
    )
)]
pub async fn delete(State(database): State<Database>, Path(id): Path<String>) -> Result<StatusCode, Error> {
    super::delete(&database, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restores a deleted product
///
/// Within 24 hours of its deletion.
#[utoipa::path(
    put,
    path = "/products/{id}/restoration",
    operation_id = "restore_product",
    tag = "Products",
    params(("id" = String, Path, description = "The product's id.")),
    responses(
        (status = 200, description = "The product as it is now.", body = ProductJson),
        (status = 404, description = "There is no such product, or it was deleted too long ago."),
        (status = 409, description = "Another product has its SKU by now; `product` names it."),
    )
)]
pub async fn restore(State(database): State<Database>, Path(id): Path<String>) -> Result<Json<ProductJson>, Error> {
    let restored = super::restore(&database, parse_id(&id)?).await?;
    Ok(Json(restored.into()))
}

/// Tells what happened to a product
#[utoipa::path(
    get,
    path = "/products/{id}/history",
    operation_id = "show_product_history",
    tag = "Products",
    params(("id" = String, Path, description = "The product's id."), HistoryQuery),
    responses(
        (status = 200, description = "Its history, newest first.", body = HistoryJson),
        (status = 404, description = "There is no such product; it may have been deleted."),
        (status = 422, description = "The limit is none."),
    )
)]
pub async fn history(
    State(database): State<Database>,
    Path(id): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryJson>, Error> {
    let found = history::history(&database, parse_id(&id)?, query.limit()? as usize).await?;
    Ok(Json(found.ok_or_else(unknown)?.into()))
}

impl From<History> for HistoryJson {
    fn from(history: History) -> Self {
        Self {
            items: history.steps.into_iter().map(StepJson::from).collect(),
            is_complete: history.is_complete,
        }
    }
}

impl From<Step> for StepJson {
    fn from(step: Step) -> Self {
        let import = match step.origin {
            Origin::Hand => None,
            Origin::Import { id, line } => Some(ImportOrigin {
                id: id.to_string(),
                line,
            }),
        };
        Self {
            version: step.version,
            at: step.at,
            action: step.action.as_str(),
            import,
            changes: step.changes.into_iter().map(ChangeJson::from).collect(),
        }
    }
}

impl From<FieldChange> for ChangeJson {
    fn from(change: FieldChange) -> Self {
        Self {
            field: change.field,
            from: change.from,
            to: change.to,
        }
    }
}
