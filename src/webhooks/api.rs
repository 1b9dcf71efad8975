//! `/api/v1/webhooks`: creating webhooks, looking at them, changing and testing them.

use super::json::{NewWebhookJson, PatchJson, SecretJson, WebhookJson};
use super::look::{parse_id, unknown, view_of, views};
use super::queries;
use super::save;
use super::state::Webhooks;
use super::trial::{TestJson, test};
use super::values::{Patch, Settings};
use super::webhook::Webhook;
use crate::http::Error;
use crate::http::json::JsonFields;
use crate::http::paging::{self, PageQuery};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A page of webhooks.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = WebhookList)]
pub struct List {
    items: Vec<WebhookJson>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Lists webhooks, newest first
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "list_webhooks",
    tag = "Webhooks",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of the list.", body = List),
        (status = 422, description = "The cursor or the limit is none."),
    )
)]
pub async fn list(State(webhooks): State<Webhooks>, Query(query): Query<PageQuery>) -> Result<Json<List>, Error> {
    let (limit, before) = (query.limit()?, query.before()?);
    let mut found = queries::list(&webhooks.database.orm, before, limit + 1).await?;
    let next_cursor = paging::cut(&mut found, limit).map(|webhook| webhook.id.to_string());
    let items = views(&webhooks, found)
        .await?
        .into_iter()
        .map(WebhookJson::from)
        .collect();
    Ok(Json(List { items, next_cursor }))
}

/// Creates a webhook
///
/// The answer has its `secret`; `GET /webhooks/{id}/secret` tells it again.
#[utoipa::path(
    post,
    path = "/webhooks",
    operation_id = "create_webhook",
    tag = "Webhooks",
    request_body = NewWebhookJson,
    responses(
        (status = 201, description = "The webhook, with its secret.", body = WebhookJson, headers(
            ("Location" = String, description = "`/api/v1/webhooks/{id}`."),
        )),
        (status = 413, description = "More than a request may send."),
        (status = 415, description = "The body is not `application/json`."),
        (status = 422, description = "Fields are at fault; `errors` names them."),
    )
)]
pub async fn create(State(webhooks): State<Webhooks>, fields: JsonFields) -> Result<Response, Error> {
    let wished = read(fields, false)?.applied_to(Settings::default());
    let (webhook, secret) = save::create(&webhooks, wished).await?;
    let location = [(header::LOCATION, format!("/api/v1/webhooks/{}", webhook.id))];
    let json = json_of(&webhooks, webhook).await?.showing(secret.reveal());
    Ok((StatusCode::CREATED, location, Json(json)).into_response())
}

/// Shows one webhook
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "show_webhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "The webhook, and how it is doing.", body = WebhookJson),
        (status = 404, description = "There is no such webhook."),
    )
)]
pub async fn show(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Json<WebhookJson>, Error> {
    let webhook = find(&webhooks, &id).await?;
    Ok(Json(json_of(&webhooks, webhook).await?))
}

/// Changes a webhook
///
/// Messages that wait are sent to the new address.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    operation_id = "change_webhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    request_body = PatchJson,
    responses(
        (status = 200, description = "The webhook as it is now.", body = WebhookJson),
        (status = 404, description = "There is no such webhook."),
        (status = 409, description = "Somebody else changed it at the same moment."),
        (status = 413, description = "More than a request may send."),
        (status = 415, description = "The body is not `application/json`."),
        (status = 422, description = "Fields are at fault; `errors` names them."),
    )
)]
pub async fn change(
    State(webhooks): State<Webhooks>,
    Path(id): Path<String>,
    fields: JsonFields,
) -> Result<Json<WebhookJson>, Error> {
    let mut patch = read(fields, true)?;
    let switch = patch.enabled.take();
    let wished = |settings| patch.clone().applied_to(settings);
    let webhook = save::change(&webhooks, parse_id(&id)?, wished, switch).await?;
    Ok(Json(json_of(&webhooks, webhook).await?))
}

/// Deletes a webhook
///
/// What waits for it is dropped, and what it was told is forgotten.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "delete_webhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such webhook."),
    )
)]
pub async fn delete(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<StatusCode, Error> {
    if queries::delete(&webhooks.database.orm, parse_id(&id)?).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown())
    }
}

/// Tells the secret of a webhook
#[utoipa::path(
    get,
    path = "/webhooks/{id}/secret",
    operation_id = "show_webhook_secret",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "What its messages are signed with.", body = SecretJson),
        (status = 404, description = "There is no such webhook."),
    )
)]
pub async fn secret(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Response, Error> {
    let webhook = find(&webhooks, &id).await?;
    let secret = save::secret_of(&webhooks, &webhook)?;
    Ok(told_once(secret.reveal(), &webhook))
}

/// Replaces the secret of a webhook
///
/// There is a new one at once; for 24 hours messages are signed with the old one, too.
#[utoipa::path(
    put,
    path = "/webhooks/{id}/secret",
    operation_id = "replace_webhook_secret",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "The new secret.", body = SecretJson),
        (status = 404, description = "There is no such webhook."),
        (status = 409, description = "It was replaced less than a day ago, and the one before is still used."),
    )
)]
pub async fn replace_secret(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Response, Error> {
    let (webhook, secret) = save::replace_secret(&webhooks, parse_id(&id)?).await?;
    Ok(told_once(secret.reveal(), &webhook))
}

/// Tests a webhook
///
/// A message of type `webhook.test` is sent at once, whatever the webhook is told otherwise, and the answer is told. It
/// counts neither for nor against the webhook.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/tests",
    operation_id = "test_webhook",
    tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id.")),
    responses(
        (status = 200, description = "What came of it.", body = TestJson),
        (status = 404, description = "There is no such webhook."),
    )
)]
pub async fn try_out(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Result<Json<TestJson>, Error> {
    let webhook = find(&webhooks, &id).await?;
    Ok(Json(test(&webhooks, &webhook).await?))
}

/// The webhook of an address.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub async fn find(webhooks: &Webhooks, id: &str) -> Result<Webhook, Error> {
    queries::find(&webhooks.database.orm, parse_id(id)?)
        .await?
        .ok_or_else(unknown)
}

/// A secret, which nobody on the way is to keep.
pub fn told_once(secret: String, webhook: &Webhook) -> Response {
    let json = SecretJson {
        secret,
        previous_secret_until: webhook.previous_secret_until,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(json)).into_response()
}

async fn json_of(webhooks: &Webhooks, webhook: Webhook) -> Result<WebhookJson, Error> {
    Ok(view_of(webhooks, webhook).await?.into())
}

fn read(mut fields: JsonFields, may_remove_headers: bool) -> Result<Patch, Error> {
    let patch = Patch {
        url: fields.text("url"),
        description: fields.text("description"),
        events: fields.texts("events"),
        only_fields: fields.texts_or_null("only_fields"),
        headers: fields.texts_by_name("headers", may_remove_headers).unwrap_or_default(),
        enabled: fields.flag("enabled"),
    };
    fields.finish()?;
    Ok(patch)
}
