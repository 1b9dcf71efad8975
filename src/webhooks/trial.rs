//! Testing a webhook: one message at once, whose answer is told in plain words and counts for nothing.

use super::log;
use super::save::secret_of;
use super::secret::Secret;
use super::sending::Outgoing;
use super::state::Webhooks;
use super::tell::message_id;
use super::webhook::Webhook;
use crate::http::Error;
use crate::platform::database;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// What came of a test.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
pub struct TestJson {
    /// Whether it arrived.
    pub ok: bool,
    /// What was answered, if anything.
    pub status: Option<i32>,
    /// How long it took.
    pub duration_ms: i32,
    /// Why it did not arrive, in plain words.
    pub error: Option<String>,
}

/// The same for a page.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    #[serde(flatten)]
    test: TestJson,
    /// It in a sentence.
    pub words: String,
}

/// Sends a test and waits for the answer.
///
/// # Errors
/// Where the secret or the headers cannot be read, or the database is away.
pub async fn test(webhooks: &Webhooks, webhook: &Webhook) -> Result<TestJson, Error> {
    let now = database::now(&webhooks.database.pool).await?;
    let body = json!({
        "type": "webhook.test", "timestamp": now,
        "data": {"message": "This is a test. If you can read it and its signature is right, all is well."},
    });
    let headers: Vec<_> = webhooks
        .headers(webhook)
        .map_err(Error::Internal)?
        .into_iter()
        .collect();
    let outgoing = Outgoing {
        url: &webhook.url,
        headers: &headers,
        message_id: &message_id(Uuid::new_v4()),
        timestamp: now.timestamp(),
        body: body.to_string().into(),
        secrets: &secrets(webhooks, webhook, now)?,
    };
    let answer = webhooks.sender.send(&outgoing).await;
    Ok(TestJson {
        ok: answer.error.is_none(),
        status: answer.status.map(i32::from),
        duration_ms: i32::try_from(answer.duration.as_millis()).unwrap_or(i32::MAX),
        error: answer.error.map(|trouble| trouble.to_string()),
    })
}

/// What messages are signed with now.
fn secrets(webhooks: &Webhooks, webhook: &Webhook, now: chrono::DateTime<chrono::Utc>) -> Result<Vec<Secret>, Error> {
    let previous = webhook
        .previous_secret
        .as_ref()
        .filter(|_| webhook.previous_secret_until.is_some_and(|until| until > now));
    let previous = previous
        .map(|kept| Secret::unsealed(kept, &webhooks.sealing))
        .transpose();
    let current = secret_of(webhooks, webhook)?;
    Ok(std::iter::once(current)
        .chain(previous.map_err(Error::Internal)?)
        .collect())
}

impl Tested {
    /// Whether it arrived.
    pub fn is_ok(&self) -> bool {
        self.test.ok
    }
}

impl From<TestJson> for Tested {
    fn from(test: TestJson) -> Self {
        let words = log::view::test_words(test.status, test.duration_ms, test.error.as_deref());
        Self { test, words }
    }
}
