//! What a browser keeps: when it was signed in and an id, signed so that nobody can make one up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::hmac;
use uuid::Uuid;

const VERSION: u8 = 1;
const PAYLOAD_BYTES: usize = 1 + 8 + 16;

/// One browser that is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// By the database's clock.
    pub issued_at: DateTime<Utc>,
    /// The same for as long as the browser is signed in.
    pub id: Uuid,
}

/// What tokens are signed with.
pub struct SessionKey(hmac::Key);

impl Token {
    /// A session that begins now.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            issued_at: now,
            id: Uuid::new_v4(),
        }
    }
}

impl SessionKey {
    pub fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The token as a cookie carries it.
    pub fn write(&self, token: Token) -> String {
        let mut bytes = Vec::with_capacity(PAYLOAD_BYTES + 32);
        bytes.push(VERSION);
        bytes.extend(token.issued_at.timestamp().to_be_bytes());
        bytes.extend(token.id.as_bytes());
        let signature = hmac::sign(&self.0, &bytes);
        bytes.extend(signature.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The token that a cookie carries, if it was signed by this key.
    pub fn read(&self, cookie: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (payload, signature) = bytes.split_at_checked(PAYLOAD_BYTES)?;
        // Compares in constant time.
        hmac::verify(&self.0, payload, signature).ok()?;
        let (version, rest) = payload.split_first()?;
        let (issued_at, id) = rest.split_first_chunk()?;
        let issued_at = DateTime::from_timestamp(i64::from_be_bytes(*issued_at), 0)?;
        (*version == VERSION).then_some(Token {
            issued_at,
            id: Uuid::from_slice(id).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(byte: u8) -> SessionKey {
        SessionKey::new(hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]))
    }

    #[test]
    fn what_was_signed_is_read_and_nothing_else() {
        let key = key_of(7);
        let token = Token::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let cookie = key.write(token);
        assert_eq!(key.read(&cookie), Some(token));
        assert_eq!(key_of(8).read(&cookie), None);

        let bytes = URL_SAFE_NO_PAD.decode(&cookie).unwrap();
        for place in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[place] ^= 1;
            assert_eq!(key.read(&URL_SAFE_NO_PAD.encode(&forged)), None, "byte {place}");
            assert_eq!(
                key.read(&URL_SAFE_NO_PAD.encode(&bytes[..place])),
                None,
                "{place} bytes"
            );
        }
        for nonsense in ["", "x", "%%%", &format!("{cookie}A"), &cookie.repeat(3)] {
            assert_eq!(key.read(nonsense), None, "{nonsense}");
        }
    }
}
