//! The signature of a delivery, as Standard Webhooks wants it: HMAC-SHA256 over id, time and body.
//!
//! While a secret is being replaced there are two signatures, so that the receiver may change over when it likes.

use super::secret::Secret;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::hmac;

/// The value of `webhook-signature`.
pub fn sign(id: &str, timestamp: i64, body: &[u8], secrets: &[Secret]) -> String {
    let head = format!("{id}.{timestamp}.");
    let mut signatures = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        let mut signing = hmac::Context::with_key(secret.key());
        signing.update(head.as_bytes());
        signing.update(body);
        if !signatures.is_empty() {
            signatures.push(' ');
        }
        signatures.push_str("v1,");
        BASE64_STANDARD.encode_string(signing.sign(), &mut signatures);
    }
    signatures
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `openssl dgst -sha256 -mac HMAC`.
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sign = |secrets: &[Secret]| {
            sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#,
                secrets,
            )
        };
        assert_eq!(sign(std::slice::from_ref(&secret)), SIGNED);

        let both = sign(&[secret, Secret::generate()]);
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(first, SIGNED);
        assert!(second.starts_with("v1,") && second != first);
    }
}
