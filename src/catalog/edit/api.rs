//! `/api/v1/products`: changing products by hand, and their history.

use super::error::unknown;
use super::history::{self as story, FieldChange, History, Origin, Step};
use super::values::{NewProduct, Patch};
use crate::catalog::product::ProductJson;
use crate::http::Error;
use crate::http::json::JsonFields;
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const DEFAULT_STEPS: u64 = 50;
const MOST_STEPS: u64 = 500;

/// How much of a history is asked for.
#[derive(Deserialize)]
pub struct HistoryQuery {
    limit: Option<u64>,
}

/// A product's history as the API tells it.
#[derive(Serialize)]
pub struct HistoryJson {
    items: Vec<StepJson>,
    /// Whether the items go back to where the product was added.
    is_complete: bool,
}

#[derive(Serialize)]
struct StepJson {
    version: i32,
    at: Option<DateTime<Utc>>,
    action: &'static str,
    /// The import that did it; null for a change by hand.
    import: Option<ImportOrigin>,
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct ImportOrigin {
    id: String,
    line: Option<i64>,
}

#[derive(Serialize)]
struct ChangeJson {
    field: &'static str,
    from: Value,
    to: Value,
}

/// `POST /products`.
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

/// `PATCH /products/{id}`.
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

/// `DELETE /products/{id}`.
pub async fn delete(State(database): State<Database>, Path(id): Path<String>) -> Result<StatusCode, Error> {
    super::delete(&database, parse_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /products/{id}/restoration`: undoes a deletion, within 24 hours.
pub async fn restore(State(database): State<Database>, Path(id): Path<String>) -> Result<Json<ProductJson>, Error> {
    let restored = super::restore(&database, parse_id(&id)?).await?;
    Ok(Json(restored.into()))
}

/// `GET /products/{id}/history`: newest first.
pub async fn history(
    State(database): State<Database>,
    Path(id): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryJson>, Error> {
    let limit = query.limit.unwrap_or(DEFAULT_STEPS).clamp(1, MOST_STEPS);
    let found = story::history(&database, parse_id(&id)?, limit as usize).await?;
    Ok(Json(found.ok_or_else(unknown)?.into()))
}

/// A product's id as it stands in an address; whatever is none belongs to no product.
pub fn parse_id(id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| unknown())
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
