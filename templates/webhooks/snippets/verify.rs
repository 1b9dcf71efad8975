// Cargo.toml: base64 = "0.22", ring = "0.17"
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

/// `body` as it came, before it is read as JSON; `now` in seconds since 1970.
pub fn verify(secret: &str, id: &str, timestamp: &str, signatures: &str, body: &[u8], now: i64) -> bool {
    let is_recent = timestamp.parse::<i64>().is_ok_and(|sent| (now - sent).abs() <= 300);
    let Ok(key) = STANDARD.decode(secret.trim_start_matches("whsec_")) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    // While a secret is being replaced there are two signatures.
    let mut given = signatures.split(' ').filter_map(|part| part.strip_prefix("v1,"));
    let is_ours = |text: &str| {
        STANDARD
            .decode(text)
            .is_ok_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    is_recent && given.any(is_ours)
}
