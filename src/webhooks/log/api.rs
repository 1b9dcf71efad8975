//! `/api/v1/webhooks/{id}/deliveries` and what belongs to it: looking at deliveries and trying them again.

use super::json::{DeliveryInFullJson, DeliveryJson};
use super::queries::{self, DeliveryRow};
use super::retry::{self, RetryJson};
use super::view::State as DeliveryState;
use crate::http::Error;
use crate::http::json::JsonFields;
use crate::http::paging::{self, PageQuery};
use crate::webhooks::api;
use crate::webhooks::state::Webhooks;
use crate::webhooks::try_again::cancel_retry as end_retry;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Which deliveries are asked for. Empty words count as left out.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// Only those that are `pending`, `delivered` or `failed`.
    #[param(example = "failed")]
    state: String,
}

/// A page of deliveries.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeliveryList)]
pub struct List {
    items: Vec<DeliveryJson>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Which failed deliveries are to be tried again.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookRetry, example = json!({"since": "2026-11-22T00:00:00Z", "expected": 120}))]
#[allow(dead_code, reason = "it describes what is read field by field")]
pub struct NewRetryJson {
    /// Those that failed then or later.
    since: DateTime<Utc>,
    /// How many are expected: nothing is done when there are others.
    #[schema(minimum = 0)]
    expected: i32,
}

impl StateQuery {
    /// The query of a word.
    pub fn of(state: &str) -> Self {
        Self {
            state: state.to_owned(),
        }
    }

    /// The state that is asked for, if only one is.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no such state.
    pub fn only(&self) -> Result<Option<DeliveryState>, Error> {
        if self.state.is_empty() {
            return Ok(None);
        }
        let wrong = || Error::invalid("state", "Choose one of pending, delivered and failed.");
        DeliveryState::of_word(&self.state).map(Some).ok_or_else(wrong)
    }
}

/// Lists what a webhook was told, newest first
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    operation_id = "list_deliveries",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id."), StateQuery, PageQuery),
    responses(
        (status = 200, description = "A page of the list.", body = List),
        (status = 404, description = "There is no such webhook."),
        (status = 422, description = "The state, the cursor or the limit is none."),
    )
)]
pub async fn list(
    State(webhooks): State<Webhooks>,
    Path(id): Path<String>,
    Query(which): Query<StateQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<List>, Error> {
    let (limit, before, only) = (query.limit()?, query.before()?, which.only()?);
    let webhook = api::find(&webhooks, &id).await?;
    let pool = &webhooks.database.pool;
    let mut rows = queries::list(pool, webhook.id, only, before, limit as i64 + 1).await?;
    let next_cursor = paging::cut(&mut rows, limit).map(|row| row.id.to_string());
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let attempts = queries::attempts(pool, &ids).await?;
    let items = rows.into_iter().map(|row| DeliveryJson::of(row, &attempts)).collect();
    Ok(Json(List { items, next_cursor }))
}

/// Shows one delivery in full
///
/// With what was sent, and what was answered to each attempt.
#[utoipa::path(
    get,
    path = "/deliveries/{id}",
    operation_id = "show_delivery",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The delivery's id.")),
    responses(
        (status = 200, description = "The delivery.", body = DeliveryInFullJson),
        (status = 404, description = "There is no such delivery."),
    )
)]
pub async fn show(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Json<DeliveryInFullJson>, Error> {
    let pool = &webhooks.database.pool;
    let row = find(&webhooks, &id).await?;
    let (body, answers) = tokio::try_join!(queries::body(pool, row.event_id), queries::answers(pool, row.id))?;
    Ok(Json(DeliveryInFullJson {
        delivery: with_attempts(&webhooks, row).await?,
        body,
        answers: answers.into_iter().map(Into::into).collect(),
    }))
}

/// Tries a delivery again now
///
/// Whatever became of it, and however long it would have waited.
#[utoipa::path(
    post,
    path = "/deliveries/{id}/attempts",
    operation_id = "try_delivery_again",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The delivery's id.")),
    responses(
        (status = 202, description = "It is sent in a moment.", body = DeliveryJson),
        (status = 404, description = "There is no such delivery."),
        (status = 409, description = "The webhook is switched off or paused."),
    )
)]
pub async fn try_again(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Response, Error> {
    let row = find(&webhooks, &id).await?;
    let row = retry::one(&webhooks, &row).await?;
    Ok((StatusCode::ACCEPTED, Json(with_attempts(&webhooks, row).await?)).into_response())
}

/// Tries failed deliveries again
///
/// All that failed since a time, the oldest first, bit by bit.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/retries",
    operation_id = "retry_deliveries",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    request_body = NewRetryJson,
    responses(
        (status = 202, description = "How far it is.", body = RetryJson, headers(
            ("Location" = String, description = "`/api/v1/retries/{id}`."),
        )),
        (status = 404, description = "There is no such webhook."),
        (status = 409, description = "There are more or fewer than expected, the webhook is switched off or paused, or \
            an earlier one is going on."),
        (status = 413, description = "More than a request may send."),
        (status = 415, description = "The body is not `application/json`."),
        (status = 422, description = "Fields are at fault; `errors` names them."),
    )
)]
pub async fn retry(
    State(webhooks): State<Webhooks>,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let since = fields.text("since").unwrap_or_default();
    let expected = fields.whole_number("expected");
    fields.finish()?;
    let since = retry::parse_since(&since)?;
    let expected = expected.filter(|expected| *expected >= 0);
    let expected = expected.ok_or_else(|| Error::invalid("expected", "Say how many have failed since then."))?;
    let webhook = api::find(&webhooks, &id).await?;
    let retry = retry::all(&webhooks, &webhook, since, i64::from(expected)).await?;
    let location = [(axum::http::header::LOCATION, format!("/api/v1/retries/{}", retry.id))];
    Ok((StatusCode::ACCEPTED, location, Json(RetryJson::from(retry))).into_response())
}

/// Shows how far trying again is
#[utoipa::path(
    get,
    path = "/retries/{id}",
    operation_id = "show_retry",
    tag = "Webhooks",
    params(("id" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "How far it is.", body = RetryJson),
        (status = 404, description = "There is none of that id."),
    )
)]
pub async fn show_retry(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Json<RetryJson>, Error> {
    let retry = retry::find(&webhooks, &id).await?;
    Ok(Json(retry.into()))
}

/// Stops trying again
///
/// What has been asked for already is sent; the rest stays failed. Stopping again is fine.
#[utoipa::path(
    put,
    path = "/retries/{id}/cancellation",
    operation_id = "cancel_retry",
    tag = "Webhooks",
    params(("id" = String, Path, description = "Its id.")),
    responses(
        (status = 202, description = "It stops.", body = RetryJson),
        (status = 404, description = "There is none of that id."),
    )
)]
pub async fn cancel_retry(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Response, Error> {
    let retry = retry::find(&webhooks, &id).await?;
    end_retry(&webhooks.database.pool, retry.id).await?;
    let retry = retry::find(&webhooks, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(RetryJson::from(retry))).into_response())
}

/// The delivery of an address.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub async fn find(webhooks: &Webhooks, id: &str) -> Result<DeliveryRow, Error> {
    let id = id.parse().map_err(|_| unknown())?;
    queries::find(&webhooks.database.pool, id).await?.ok_or_else(unknown)
}

/// Nobody knows this delivery.
pub fn unknown() -> Error {
    Error::NotFound("There is no such message. It may have been too long ago, or its webhook was deleted.".into())
}

async fn with_attempts(webhooks: &Webhooks, row: DeliveryRow) -> Result<DeliveryJson, Error> {
    let attempts = queries::attempts(&webhooks.database.pool, &[row.id]).await?;
    Ok(DeliveryJson::of(row, &attempts))
}
