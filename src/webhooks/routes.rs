//! The pages about webhooks. Forms lead on by redirect; scripts get the part of a page that changes, or JSON.

use super::api::{find, told_once};
use super::form::WebhookForm;
use super::log::routes::LogQuery;
use super::look::{parse_id, unknown, view_of, views};
use super::pages::{DeletionPage, DeletionQuestion, EditWebhookPage, NewWebhookPage, WebhookPage, WebhooksPage};
use super::save::{self, told_in_form};
use super::state::Webhooks;
use super::trial::{Tested, test};
use super::view::WebhookView;
use super::{log, queries};
use crate::http::fragment::Wanted;
use crate::http::pages::{Flash, Pager};
use crate::http::{Error, flash, paging, render};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

const PAGE_SIZE: u64 = 50;

type Answer = Result<Response, Error>;

/// Which part of the list is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct IndexQuery {
    before: String,
}

/// Whether a webhook is to be on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct StatusForm {
    enabled: String,
}

/// `GET /webhooks`.
pub async fn index(State(webhooks): State<Webhooks>, wanted: Wanted, Query(query): Query<IndexQuery>) -> Answer {
    let before: Option<i64> = query.before.parse().ok();
    let mut found = queries::list(&webhooks.database.orm, before, PAGE_SIZE + 1).await?;
    let last = paging::cut(&mut found, PAGE_SIZE);
    let pager = Pager {
        previous: before.map(|_| "/webhooks".to_owned()),
        next: last.map(|webhook| format!("/webhooks?before={}", webhook.id)),
    };
    let page = WebhooksPage::new(views(&webhooks, found).await?, pager);
    render::page_or_part(wanted, StatusCode::OK, &page, &page.as_main())
}

/// `GET /webhooks/new`.
pub async fn new() -> render::Page {
    render::page(&NewWebhookPage::new(WebhookForm::blank()))
}

/// `POST /webhooks`.
pub async fn create(State(webhooks): State<Webhooks>, body: Bytes) -> Answer {
    let form = WebhookForm::read(&body);
    match save::create(&webhooks, form.settings(&std::collections::BTreeMap::new())).await {
        Ok((webhook, _)) => {
            let view = view_of(&webhooks, webhook).await?;
            let words = format!(
                "{} is told from now on. Send it a test to see whether it answers.",
                view.quoted_name()
            );
            Ok(flash::redirect(&view.address(), &Flash::good(words)))
        }
        Err(error) => {
            let page = NewWebhookPage::new(form).with_faults(told_in_form(error)?);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render::page(&page)?).into_response())
        }
    }
}

/// `GET /webhooks/{id}`.
pub async fn show(
    State(webhooks): State<Webhooks>,
    wanted: Wanted,
    Path(id): Path<String>,
    Query(query): Query<LogQuery>,
) -> Answer {
    let webhook = find(&webhooks, &id).await?;
    let log = log::log(&webhooks, webhook.id, query.only()?, query.before()?).await?;
    let page = WebhookPage::new(view_of(&webhooks, webhook).await?, log);
    render::page_or_part(wanted, StatusCode::OK, &page, &page.as_main())
}

/// `GET /webhooks/{id}/edit`.
pub async fn edit(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> render::Page {
    let webhook = find(&webhooks, &id).await?;
    let form = WebhookForm::of(&webhooks.settings(&webhook)?);
    render::page(&EditWebhookPage::new(view_of(&webhooks, webhook).await?, form))
}

/// `POST /webhooks/{id}`.
pub async fn save(State(webhooks): State<Webhooks>, Path(id): Path<String>, body: Bytes) -> Answer {
    let form = WebhookForm::read(&body);
    let wished = |settings: super::values::Settings| {
        let enabled = settings.enabled;
        super::values::Settings {
            enabled,
            ..form.settings(&settings.headers)
        }
    };
    match save::change(&webhooks, parse_id(&id)?, wished, None).await {
        Ok(webhook) => {
            let view = view_of(&webhooks, webhook).await?;
            let told = Flash::good(format!("Saved {}.", view.quoted_name()));
            Ok(flash::redirect(&view.address(), &told))
        }
        Err(error) => {
            let faults = told_in_form(error)?;
            let webhook = view_of(&webhooks, find(&webhooks, &id).await?).await?;
            let page = EditWebhookPage::new(webhook, form).with_faults(faults);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render::page(&page)?).into_response())
        }
    }
}

/// `POST /webhooks/{id}/status`: switches it on or off.
pub async fn set_status(
    State(webhooks): State<Webhooks>,
    Path(id): Path<String>,
    Form(form): Form<StatusForm>,
) -> Answer {
    let enabled = form.enabled == "true";
    let webhook = save::change(&webhooks, parse_id(&id)?, |settings| settings, Some(enabled)).await?;
    let view = view_of(&webhooks, webhook).await?;
    Ok(flash::redirect(
        &view.address(),
        &Flash::good(switched_words(&view, enabled)),
    ))
}

fn switched_words(webhook: &WebhookView, enabled: bool) -> String {
    let name = webhook.quoted_name();
    if !enabled {
        return format!("{name} is switched off and told nothing.");
    }
    if webhook.health.waiting > 0 {
        return format!("{name} is switched on. What waits for it is sent bit by bit.");
    }
    format!("{name} is switched on and told from now on.")
}

/// `GET /webhooks/{id}/deletion`: the question, as a page or as a fragment for a dialog.
pub async fn ask_deletion(State(webhooks): State<Webhooks>, wanted: Wanted, Path(id): Path<String>) -> Answer {
    let webhook = view_of(&webhooks, find(&webhooks, &id).await?).await?;
    let question = DeletionQuestion::new(webhook);
    render::page_or_part(wanted, StatusCode::OK, &DeletionPage::new(question.clone()), &question)
}

/// `POST /webhooks/{id}/deletion`.
pub async fn delete(State(webhooks): State<Webhooks>, wanted: Wanted, Path(id): Path<String>) -> Answer {
    let webhook = view_of(&webhooks, find(&webhooks, &id).await?).await?;
    if !queries::delete(&webhooks.database.orm, webhook.id).await? {
        return Err(unknown());
    }
    let told = Flash::good(format!("Deleted {}.", webhook.quoted_name()));
    let mut response = flash::redirect("/webhooks", &told);
    if !wanted.is_page() {
        // Scripts follow by themselves, so that the message is shown where they go.
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    Ok(response)
}

/// `GET /webhooks/{id}/secret`: the webhook's page with the secret in plain sight; scripts get it alone.
pub async fn show_secret(State(webhooks): State<Webhooks>, wanted: Wanted, Path(id): Path<String>) -> Answer {
    let webhook = find(&webhooks, &id).await?;
    let secret = save::secret_of(&webhooks, &webhook)?.reveal();
    if !wanted.is_page() {
        return Ok(told_once(secret, &webhook));
    }
    let log = log::log(&webhooks, webhook.id, None, None).await?;
    let page = WebhookPage::new(view_of(&webhooks, webhook).await?, log).showing(secret);
    let mut response = render::page(&page)?.into_response();
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// `POST /webhooks/{id}/secret`: replaces it.
pub async fn replace_secret(State(webhooks): State<Webhooks>, Path(id): Path<String>) -> Answer {
    let (webhook, _) = save::replace_secret(&webhooks, parse_id(&id)?).await?;
    let words = "There is a new secret. Messages are signed with the old one too for 24 hours.";
    Ok(flash::redirect(
        &format!("/webhooks/{}", webhook.id),
        &Flash::good(words),
    ))
}

/// `POST /webhooks/{id}/tests`: sends a test at once.
pub async fn try_out(State(webhooks): State<Webhooks>, wanted: Wanted, Path(id): Path<String>) -> Answer {
    let webhook = find(&webhooks, &id).await?;
    let tested = Tested::from(test(&webhooks, &webhook).await?);
    if !wanted.is_page() {
        return Ok(Json(tested).into_response());
    }
    let told = if tested.is_ok() {
        Flash::good(tested.words)
    } else {
        Flash::bad(tested.words)
    };
    Ok(flash::redirect(&format!("/webhooks/{}", webhook.id), &told))
}
