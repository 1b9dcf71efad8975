//! The pages of deliveries, and the stream that keeps a webhook's page up to date.

use super::api::{self, StateQuery};
use super::look::attempts;
use super::pages::{DeliveryPage, RetryPage};
use super::queries::{self, DeliveryRow};
use super::retry;
use super::{live, view};
use crate::http::fragment::Wanted;
use crate::http::pages::Flash;
use crate::http::{Error, flash, format, render, sse};
use crate::webhooks::look::{parse_id, unknown, view_of};
use crate::webhooks::state::Webhooks;
use crate::webhooks::try_again::cancel_retry as end_retry;
use crate::webhooks::webhook::Webhook;
use axum::Json;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

type Answer = Result<Response, Error>;

/// Which part of the log is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    state: String,
    before: String,
}

/// From when on failed deliveries are to be counted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RetryQuery {
    since: String,
}

/// What scripts are told when it worked.
#[derive(Serialize)]
struct Told {
    done: String,
}

impl LogQuery {
    /// The state that is asked for, if only one is.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no such state.
    pub fn only(&self) -> Result<Option<view::State>, Error> {
        StateQuery::of(&self.state).only()
    }

    /// The place in the log.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is none.
    pub fn before(&self) -> Result<Option<i64>, Error> {
        if self.before.is_empty() {
            return Ok(None);
        }
        let wrong = |_| Error::invalid("before", "This address leads to no page of the list.");
        self.before.parse().map(Some).map_err(wrong)
    }
}

/// `GET /webhooks/{id}/events`: server-sent events, each of which says that there is something new.
pub async fn watch(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Answer {
    let seen = webhooks.watches.watch(parse_id(&id)?).await?.ok_or_else(unknown)?;
    let stream = live::events(&webhooks.watches, seen);
    Ok(sse::live(stream))
}

/// `GET /webhooks/{id}/deliveries/{delivery}`.
pub async fn show(
    State(webhooks): State<Webhooks>,
    wanted: Wanted,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer {
    let (webhook, row) = find(&webhooks, &id, &delivery).await?;
    let attempts = attempts(&webhooks, &webhook, &row).await?;
    let body = queries::body(&webhooks.database.pool, row.event_id)
        .await?
        .unwrap_or_default();
    let webhook = view_of(&webhooks, webhook).await?;
    let page = DeliveryPage::new(webhook, row.into(), attempts, &body);
    render::page_or_part(wanted, StatusCode::OK, &page, &page.as_main())
}

/// `POST /webhooks/{id}/deliveries/{delivery}/attempts`: tries it again.
pub async fn try_again(
    State(webhooks): State<Webhooks>,
    wanted: Wanted,
    Path((id, delivery)): Path<(String, String)>,
) -> Answer {
    let (webhook, row) = find(&webhooks, &id, &delivery).await?;
    retry::one(&webhooks, &row).await?;
    let address = format!("/webhooks/{}/deliveries/{}", webhook.id, row.id);
    Ok(done(wanted, &address, "It is sent again in a moment.".into()))
}

/// `GET /webhooks/{id}/retries/new`: from when on, and how many.
pub async fn ask_retry(
    State(webhooks): State<Webhooks>,
    wanted: Wanted,
    Path(id): Path<String>,
    Query(query): Query<RetryQuery>,
) -> Answer {
    let webhook = crate::webhooks::api::find(&webhooks, &id).await?;
    let asked = Some(query.since.as_str()).filter(|since| !since.is_empty());
    let (since, trouble) = match asked.map(retry::parse_since).transpose() {
        Ok(since) => (since, None),
        Err(error) => (None, Some(error.detail())),
    };
    let status = if trouble.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = retry_page(&webhooks, webhook, since, trouble).await?;
    render::page_or_part(wanted, status, &page, &page.as_main())
}

/// `POST /webhooks/{id}/retries`: tries all again that failed since then, if they are as many as were shown.
pub async fn retry(
    State(webhooks): State<Webhooks>,
    wanted: Wanted,
    Path(id): Path<String>,
    Form(form): Form<Vec<(String, String)>>,
) -> Answer {
    let webhook = crate::webhooks::api::find(&webhooks, &id).await?;
    let value = |wanted: &str| {
        form.iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let since = value("since").unwrap_or_default();
    let shown = form
        .iter()
        .filter(|(name, _)| name == "count")
        .filter_map(|(_, value)| value.split_once('='));
    let expected = shown
        .filter(|(at, _)| *at == since)
        .find_map(|(_, count)| count.parse().ok());
    let since = retry::parse_since(since)?;
    match retry::all(&webhooks, &webhook, since, expected.unwrap_or_default()).await {
        Ok(retry) => {
            let messages = format::count(retry.expected, "message is", "messages are");
            Ok(done(
                wanted,
                &format!("/webhooks/{}", webhook.id),
                format!("{messages} sent again, bit by bit."),
            ))
        }
        Err(refused @ Error::Conflict(_)) => {
            let page = retry_page(&webhooks, webhook, Some(since), Some(refused.detail())).await?;
            render::page_or_part(wanted, StatusCode::CONFLICT, &page, &page.as_main())
        }
        Err(error) => Err(error),
    }
}

/// `POST /webhooks/{id}/retries/{retry}/cancellation`.
pub async fn cancel_retry(State(webhooks): State<Webhooks>, Path((id, retry)): Path<(String, String)>) -> Answer {
    let id = parse_id(&id)?;
    let retry = retry::find(&webhooks, &retry).await?;
    end_retry(&webhooks.database.pool, retry.id).await?;
    let told = Flash::good("Stopped. What had been sent again stays sent.");
    Ok(flash::redirect(&format!("/webhooks/{id}"), &told))
}

async fn retry_page(
    webhooks: &Webhooks,
    webhook: Webhook,
    since: Option<chrono::DateTime<chrono::Utc>>,
    trouble: Option<String>,
) -> Result<RetryPage, Error> {
    let choices = retry::choices(webhooks, webhook.id, since).await?;
    let page = RetryPage::new(view_of(webhooks, webhook).await?, choices);
    Ok(match trouble {
        Some(trouble) => page.with_trouble(trouble),
        None => page,
    })
}

async fn find(webhooks: &Webhooks, id: &str, delivery: &str) -> Result<(Webhook, DeliveryRow), Error> {
    let webhook = crate::webhooks::api::find(webhooks, id).await?;
    let row = api::find(webhooks, delivery).await?;
    if row.webhook_id == webhook.id {
        Ok((webhook, row))
    } else {
        Err(api::unknown())
    }
}

/// Leads on with a message, or tells a script.
fn done(wanted: Wanted, to: &str, words: String) -> Response {
    if wanted.is_page() {
        return flash::redirect(to, &Flash::good(words));
    }
    Json(Told { done: words }).into_response()
}
