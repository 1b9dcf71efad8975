//! The secret that a webhook and its receiver share, as Standard Webhooks writes it: `whsec_` and base64.

use crate::platform::sealing::SealingKey;
use anyhow::Context as _;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::hmac;
use std::fmt;

const PREFIX: &str = "whsec_";

/// As many as the standard recommends at least.
const BYTES: usize = 24;

/// What signs a webhook's deliveries. It shows itself only when asked to.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    key: hmac::Key,
}

impl Secret {
    /// A new one that nobody can guess.
    pub fn generate() -> Self {
        let bytes: [u8; BYTES] = rand::random();
        Self::of(bytes.to_vec())
    }

    fn of(bytes: Vec<u8>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        Self { bytes, key }
    }

    /// The secret that is written like this, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (BYTES..=64).contains(&bytes.len()).then(|| Self::of(bytes))
    }

    /// As the receiver writes it down.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(&self.bytes))
    }

    /// As it is kept in the database.
    pub fn sealed(&self, sealing: &SealingKey) -> anyhow::Result<Vec<u8>> {
        sealing.seal(&self.bytes)
    }

    /// The one kept in the database.
    pub fn unsealed(kept: &[u8], sealing: &SealingKey) -> anyhow::Result<Self> {
        let bytes = sealing.open(kept).context("a webhook's secret cannot be read")?;
        Ok(Self::of(bytes))
    }

    pub(super) fn key(&self) -> &hmac::Key {
        &self.key
    }
}

/// Secrets do not belong in a log.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret_key::SecretKey;

    #[test]
    fn secrets_differ_and_survive_being_written_and_sealed() {
        let secret = Secret::generate();
        let text = secret.reveal();
        assert!(text.starts_with("whsec_") && text.len() == 38, "{text}");
        assert_ne!(text, Secret::generate().reveal());
        assert_eq!(Secret::parse(&text).unwrap().reveal(), text);

        let sealing = SealingKey::new(Some(&SecretKey::new("key"))).unwrap();
        let kept = secret.sealed(&sealing).unwrap();
        assert_eq!(Secret::unsealed(&kept, &sealing).unwrap().reveal(), text);
        let line = format!(
            "{:#}",
            Secret::unsealed(&kept, &SealingKey::new(None).unwrap()).unwrap_err()
        );
        assert_eq!(
            line,
            "a webhook's secret cannot be read: it is encrypted, and SECRET_KEY is not set"
        );
    }

    #[test]
    fn what_is_no_secret_is_not_taken_for_one() {
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_***",
        ] {
            assert!(Secret::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn nothing_shows_it_by_accident() {
        assert_eq!(format!("{:?}", Secret::generate()), "Secret");
    }
}
