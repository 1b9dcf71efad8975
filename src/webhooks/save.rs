//! Creating webhooks, changing them, and replacing their secrets.

use super::look::unknown;
use super::secret::Secret;
use super::state::Webhooks;
use super::values::Settings;
use super::view::capital;
use super::webhook::{ActiveModel, Webhook};
use super::{queries, switch};
use crate::http::{Error, FieldError, format};
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;

/// How often a change is tried that meets another one at the same moment.
const TRIES: u32 = 5;

/// Adds a webhook, and gives the secret that its messages are signed with.
///
/// # Errors
/// [`Error::Invalid`] names the fields at fault.
pub async fn create(webhooks: &Webhooks, wished: Settings) -> Result<(Webhook, Secret), Error> {
    let settings = checked(webhooks, wished, None).await?;
    let secret = Secret::generate();
    let sealed = secret.sealed(&webhooks.sealing).map_err(Error::Internal)?;
    let enabled = settings.enabled;
    let row = ActiveModel {
        secret: Set(sealed),
        enabled: Set(enabled),
        ..row_of(webhooks, settings)?
    };
    let webhook = queries::insert(&webhooks.database.orm, row).await?;
    Ok((webhook, secret))
}

/// Changes a webhook to what `wished` makes of it; `turn` switches it on or off besides.
///
/// # Errors
/// [`Error::Invalid`] names the fields at fault; [`Error::NotFound`] where there is no such webhook.
pub async fn change(
    webhooks: &Webhooks,
    id: i64,
    wished: impl Fn(Settings) -> Settings,
    turn: Option<bool>,
) -> Result<Webhook, Error> {
    let orm = &webhooks.database.orm;
    for _ in 0..TRIES {
        let current = queries::find(orm, id).await?.ok_or_else(unknown)?;
        let before = webhooks.settings(&current)?;
        let wanted = checked(webhooks, wished(before.clone()), Some(&current.url)).await?;
        if wanted == before {
            return switched(webhooks, current, turn).await;
        }
        let row = row_of(webhooks, wanted)?;
        if let Some(changed) = queries::update(orm, id, current.version, row).await? {
            return switched(webhooks, changed, turn).await;
        }
    }
    Err(in_the_way())
}

/// Gives a webhook a new secret; the one before goes on being used for a day.
///
/// # Errors
/// [`Error::NotFound`] where there is no such webhook, [`Error::Conflict`] while there is a secret before already: the
/// other system may still go by it.
pub async fn replace_secret(webhooks: &Webhooks, id: i64) -> Result<(Webhook, Secret), Error> {
    let secret = Secret::generate();
    let sealed = secret.sealed(&webhooks.sealing).map_err(Error::Internal)?;
    let replaced = queries::replace_secret(&webhooks.database.pool, id, &sealed).await?;
    let webhook = queries::find(&webhooks.database.orm, id).await?.ok_or_else(unknown)?;
    match webhook.previous_secret_until {
        Some(until) if !replaced => Err(replaced_lately(until)),
        _ => Ok((webhook, secret)),
    }
}

/// The secret of a webhook.
///
/// # Errors
/// Where it was sealed with another key.
pub fn secret_of(webhooks: &Webhooks, webhook: &Webhook) -> Result<Secret, Error> {
    Secret::unsealed(&webhook.secret, &webhooks.sealing).map_err(Error::Internal)
}

async fn switched(webhooks: &Webhooks, webhook: Webhook, turn: Option<bool>) -> Result<Webhook, Error> {
    let is_sending = webhook.enabled && webhook.paused_at.is_none();
    let pool = &webhooks.database.pool;
    match turn {
        Some(true) if !is_sending => {
            switch::switch_on(pool, webhook.id).await?;
        }
        Some(false) if webhook.enabled => drop(switch::switch_off(pool, webhook.id).await?),
        _ => return Ok(webhook),
    }
    queries::find(&webhooks.database.orm, webhook.id)
        .await?
        .ok_or_else(unknown)
}

/// An address that stays as it is was right when it was saved.
async fn checked(webhooks: &Webhooks, wished: Settings, kept_url: Option<&str>) -> Result<Settings, Error> {
    let url = wished.url.trim();
    let refusal = if url.is_empty() || kept_url == Some(url) {
        None
    } else {
        let refusal = webhooks.sender.check(url).await.err();
        refusal.map(|refusal| format!("{}.", capital(&refusal.to_string())))
    };
    wished.checked(refusal).map_err(Error::Invalid)
}

fn row_of(webhooks: &Webhooks, settings: Settings) -> Result<ActiveModel, Error> {
    let headers = webhooks.sealed(&settings.headers).map_err(Error::Internal)?;
    Ok(ActiveModel {
        url: Set(settings.url),
        description: Set(settings.description),
        events: Set(settings.events),
        only_fields: Set(Some(settings.only_fields).filter(|fields| !fields.is_empty())),
        headers: Set(headers),
        ..ActiveModel::default()
    })
}

fn replaced_lately(until: DateTime<Utc>) -> Error {
    Error::Conflict(format!(
        "The secret was replaced less than a day ago, and messages are signed with the one before as well. It can be \
         replaced again from {} on; for a new one at once, create another webhook.",
        format::time(until)
    ))
}

fn in_the_way() -> Error {
    Error::Conflict("Somebody else is changing this webhook at the same moment. Please try again.".into())
}

/// What is wrong, where a form can tell it.
///
/// # Errors
/// Whatever it cannot.
pub fn told_in_form(error: Error) -> Result<Vec<FieldError>, Error> {
    match error {
        Error::Invalid(faults) => Ok(faults),
        other => Err(other),
    }
}
