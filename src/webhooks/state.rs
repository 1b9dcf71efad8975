//! What handlers of webhooks need: the database, what keeps secrets, and what sends.

use super::log::Watches;
use super::sending::Sender;
use super::values::Settings;
use super::webhook::Webhook;
use crate::http::Error;
use crate::platform::database::Database;
use crate::platform::sealing::SealingKey;
use anyhow::Context as _;
use std::collections::BTreeMap;

/// What handlers of webhooks need. Cloning is cheap.
#[derive(Clone)]
pub struct Webhooks {
    /// Both views of the database.
    pub database: Database,
    /// What keeps secrets and headers in the database.
    pub sealing: SealingKey,
    /// What sends messages.
    pub sender: Sender,
    /// Those that are watched live.
    pub watches: Watches,
}

impl Webhooks {
    /// All that is chosen about a webhook.
    ///
    /// # Errors
    /// Where its headers were sealed with another key.
    pub fn settings(&self, webhook: &Webhook) -> Result<Settings, Error> {
        let headers = self.headers(webhook).map_err(Error::Internal)?;
        Ok(Settings {
            url: webhook.url.clone(),
            description: webhook.description.clone(),
            events: webhook.events.clone(),
            only_fields: webhook.only_fields.clone().unwrap_or_default(),
            headers,
            enabled: webhook.enabled,
        })
    }

    /// The names of a webhook's extra headers; none where they cannot be read.
    pub fn header_names(&self, webhook: &Webhook) -> Vec<String> {
        match self.headers(webhook) {
            Ok(headers) => headers.into_keys().collect(),
            Err(error) => {
                tracing::warn!(
                    webhook_id = webhook.id,
                    error = format!("{error:#}"),
                    "extra headers are left out"
                );
                Vec::new()
            }
        }
    }

    /// Headers as they are kept in the database.
    ///
    /// # Errors
    /// Where they cannot be encrypted.
    pub fn sealed(&self, headers: &BTreeMap<String, String>) -> anyhow::Result<Option<Vec<u8>>> {
        if headers.is_empty() {
            return Ok(None);
        }
        let json = serde_json::to_vec(headers)?;
        Ok(Some(self.sealing.seal(&json)?))
    }

    /// The extra headers of a webhook.
    ///
    /// # Errors
    /// Where they were sealed with another key.
    pub fn headers(&self, webhook: &Webhook) -> anyhow::Result<BTreeMap<String, String>> {
        let Some(kept) = &webhook.headers else {
            return Ok(BTreeMap::new());
        };
        let json = self
            .sealing
            .open(kept)
            .context("a webhook's extra headers cannot be read")?;
        Ok(serde_json::from_slice(&json)?)
    }
}
