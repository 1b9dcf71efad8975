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
    pub now: DateTime<Utc>,
}

/// Where deliveries go, and what they are signed with.
#[derive(Debug)]
pub struct Target {
    pub version: i32,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub secrets: Vec<Secret>,
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
