//! Where a lane leads: a webhook as its sending needs it, with its secrets opened.

use super::super::secret::Secret;
use crate::platform::sealing::SealingKey;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// A webhook as it is kept, and when it was read.
#[derive(Debug, sqlx::FromRow)]
pub struct KeptTarget {
    pub id: i64,
    pub version: i32,
    pub url: String,
    pub headers: Option<Vec<u8>>,
    pub secret: Vec<u8>,
    /// The secret before, while it is still valid.
    pub previous_secret: Option<Vec<u8>>,
    pub backlog_upto: Option<i64>,
    /// What comes after the backlog becomes due after that.
    pub backlog_until: Option<DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// What waited while a webhook was switched off.
#[derive(Clone, Copy, Debug)]
pub struct Backlog {
    /// Deliveries up to this id.
    pub upto: i64,
    /// What comes after them becomes due after that.
    pub until: Option<DateTime<Utc>>,
}

/// Where deliveries go, and what they are signed with.
#[derive(Debug)]
pub struct Target {
    pub version: i32,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub secrets: Vec<Secret>,
}

impl KeptTarget {
    pub fn backlog(&self) -> Option<Backlog> {
        let until = self.backlog_until;
        self.backlog_upto.map(|upto| Backlog { upto, until })
    }
}

impl Target {
    /// Opens what is kept. It fails where the key is another one than that by which it was sealed.
    pub fn open(kept: &KeptTarget, sealing: &SealingKey) -> anyhow::Result<Self> {
        let secrets = std::iter::once(&kept.secret).chain(&kept.previous_secret);
        Ok(Self {
            version: kept.version,
            url: kept.url.clone(),
            headers: headers_of(kept, sealing)?,
            secrets: secrets
                .map(|secret| Secret::unsealed(secret, sealing))
                .collect::<anyhow::Result<_>>()?,
        })
    }
}

fn headers_of(kept: &KeptTarget, sealing: &SealingKey) -> anyhow::Result<Vec<(String, String)>> {
    let Some(headers) = &kept.headers else {
        return Ok(Vec::new());
    };
    let headers = sealing.open(headers).context("a webhook's headers cannot be read")?;
    let headers: Map<String, Value> = serde_json::from_slice(&headers)?;
    let texts = headers.into_iter().filter_map(|(name, value)| match value {
        Value::String(value) => Some((name, value)),
        _ => None,
    });
    Ok(texts.collect())
}
