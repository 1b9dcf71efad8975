//! Values that are kept encrypted in the database, so that a copy of it gives nothing away.
//!
//! The first byte tells how a value is kept: as it is, where there was no key, or encrypted. So a key can be set
//! later, and what was kept before stays readable.

use super::secret_key::SecretKey;
use anyhow::anyhow;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fmt;
use std::sync::Arc;

const AS_IT_IS: u8 = 0;
const ENCRYPTED: u8 = 1;

/// What it is derived for; another name is another key.
const PURPOSE: &str = "values kept in the database";

/// Seals values and opens them. Cloning shares the key.
#[derive(Clone)]
pub struct SealingKey(Option<Arc<LessSafeKey>>);

/// Why a value stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// There is no key here.
    WithoutKey,
    /// It was sealed with another key, or is damaged.
    ByAnotherKey,
}

impl SealingKey {
    /// Encrypts with a key derived from `secret`, or keeps values as they are without one.
    pub fn new(secret: Option<&SecretKey>) -> anyhow::Result<Self> {
        let Some(secret) = secret else { return Ok(Self(None)) };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &secret.derive(PURPOSE)?);
        let key = key.map_err(|_| anyhow!("the derived key does not fit"))?;
        Ok(Self(Some(Arc::new(LessSafeKey::new(key)))))
    }

    /// Whether values are encrypted.
    pub fn encrypts(&self) -> bool {
        self.0.is_some()
    }

    /// `value` as it is to be kept.
    pub fn seal(&self, value: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some(key) = &self.0 else {
            return Ok([&[AS_IT_IS], value].concat());
        };
        // Drawn at random: with 96 bits two of billions of values would hardly share one.
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut encrypted = value.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut encrypted)
            .map_err(|_| anyhow!("a value of {} bytes cannot be encrypted", value.len()))?;
        Ok([&[ENCRYPTED], &nonce[..], &encrypted].concat())
    }

    /// What was sealed.
    pub fn open(&self, kept: &[u8]) -> Result<Vec<u8>, Sealed> {
        let rest = match kept.split_first() {
            Some((&AS_IT_IS, value)) => return Ok(value.to_vec()),
            Some((&ENCRYPTED, rest)) => rest,
            _ => return Err(Sealed::ByAnotherKey),
        };
        let key = self.0.as_ref().ok_or(Sealed::WithoutKey)?;
        let (nonce, encrypted) = rest.split_first_chunk().ok_or(Sealed::ByAnotherKey)?;
        let mut encrypted = encrypted.to_vec();
        let value = key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut encrypted)
            .map_err(|_| Sealed::ByAnotherKey)?;
        Ok(value.to_vec())
    }
}

/// Keys do not belong in a log.
impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.encrypts() { "encrypting" } else { "without a key" };
        write!(formatter, "SealingKey({kind})")
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WithoutKey => "it is encrypted, and SECRET_KEY is not set",
            Self::ByAnotherKey => "it was encrypted with another SECRET_KEY",
        })
    }
}

impl std::error::Error for Sealed {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SealingKey {
        SealingKey::new(Some(&SecretKey::new(text))).unwrap()
    }

    fn holds(kept: &[u8], value: &[u8]) -> bool {
        kept.windows(value.len()).any(|window| window == value)
    }

    #[test]
    fn what_is_sealed_is_not_there_to_be_read_and_opens_again() {
        let (sealing, value) = (key("one"), b"whsec_c2VjcmV0");
        let (first, second) = (sealing.seal(value).unwrap(), sealing.seal(value).unwrap());
        assert!(!holds(&first, value));
        assert_ne!(first, second, "equal values do not look equal");
        assert_eq!(sealing.open(&first).unwrap(), value);
        assert_eq!(sealing.open(&second).unwrap(), value);
        assert_eq!(sealing.open(&sealing.seal(b"").unwrap()).unwrap(), b"");
    }

    #[test]
    fn without_a_key_values_are_kept_and_stay_readable_when_there_is_one() {
        let sealing = SealingKey::new(None).unwrap();
        let kept = sealing.seal(b"value").unwrap();
        assert_eq!(sealing.open(&kept).unwrap(), b"value");
        assert_eq!(key("one").open(&kept).unwrap(), b"value");
    }

    #[test]
    fn another_key_or_none_opens_nothing_and_says_why() {
        let kept = key("one").seal(b"value").unwrap();
        assert_eq!(key("two").open(&kept), Err(Sealed::ByAnotherKey));
        assert_eq!(SealingKey::new(None).unwrap().open(&kept), Err(Sealed::WithoutKey));
    }

    #[test]
    fn what_was_changed_or_cut_does_not_open() {
        let sealing = key("one");
        let kept = sealing.seal(b"value").unwrap();
        for place in 1..kept.len() {
            let mut changed = kept.clone();
            changed[place] ^= 1;
            assert_eq!(sealing.open(&changed), Err(Sealed::ByAnotherKey), "byte {place}");
            assert_eq!(sealing.open(&kept[..place]), Err(Sealed::ByAnotherKey), "{place} bytes");
        }
        assert_eq!(sealing.open(b""), Err(Sealed::ByAnotherKey));
    }
}
