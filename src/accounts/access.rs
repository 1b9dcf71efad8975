//! What every web process knows of who may come in: the password, how cookies are signed, who was let in lately.

use super::address::Address;
use super::attempts::{self, Attempt};
use super::queries;
use super::refusals::Refusals;
use super::session::{SessionKey, Token};
use crate::platform::database::{self, Database, DatabaseClock};
use crate::platform::secret_key::SecretKey;
use chrono::Duration;
use quick_cache::sync::Cache;
use ring::{hkdf, hmac};
use std::sync::Arc;
use std::time::Instant;

/// Programs whose address is remembered, so that their next request costs no look at the database.
const KNOWN_PROGRAMS: usize = 1_000;
/// A browser that stays away for longer signs in again.
pub const REMEMBERED_DAYS: i64 = 30;
/// A cookie older than this is made anew, so that whoever comes daily never signs in again.
const RENEWED_AFTER: Duration = Duration::days(1);

/// Who may come in. Cloning is cheap.
#[derive(Clone)]
pub struct Access {
    database: Database,
    https: bool,
    locked: Option<Arc<Locked>>,
}

/// What a password brings with it.
struct Locked {
    password: Password,
    key: SessionKey,
    clock: DatabaseClock,
    /// Addresses from which programs have sent the password. An address that guesses is forgotten.
    known: Cache<Address, ()>,
    refusals: Refusals,
}

/// How a password that was shown compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Right,
    Wrong,
    /// Too much was tried; nothing was compared.
    TooMany {
        wait_seconds: u64,
    },
}

impl Access {
    /// Access with this password, or for everybody without one. `secret` is the setting that keys are made of.
    /// `https`: pages are reached by https, whatever a request looks like here.
    pub async fn open(
        database: &Database,
        password: Option<&str>,
        secret: Option<&SecretKey>,
        https: bool,
    ) -> anyhow::Result<Self> {
        let locked = match password {
            Some(password) => Some(Arc::new(Locked::new(database, password, secret).await?)),
            None => None,
        };
        Ok(Self {
            database: database.clone(),
            https,
            locked,
        })
    }

    /// Whether a password is asked for.
    pub fn is_locked(&self) -> bool {
        self.locked.is_some()
    }

    /// Whether pages are reached by https, whatever a request looks like here.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The session that a cookie carries, if it is one of ours and not too old.
    pub fn session(&self, cookie: &str) -> Option<Token> {
        let locked = self.locked.as_ref()?;
        let token = locked.key.read(cookie)?;
        let age = locked.clock.now() - token.issued_at;
        (age < Duration::days(REMEMBERED_DAYS)).then_some(token)
    }

    /// The cookie of the session made anew, if it is time.
    pub fn renewed(&self, token: Token) -> Option<String> {
        let locked = self.locked.as_ref()?;
        let now = locked.clock.now();
        (now - token.issued_at > RENEWED_AFTER).then(|| {
            locked.key.write(Token {
                issued_at: now,
                ..token
            })
        })
    }

    /// Compares the password that a browser's form sent; a new session's cookie when it is right.
    pub async fn sign_in(&self, address: Address, password: &[u8]) -> anyhow::Result<(Shown, Option<String>)> {
        let Some(locked) = &self.locked else {
            return Ok((Shown::Wrong, None));
        };
        let shown = self.compare(locked, address, password).await?;
        let cookie = (shown == Shown::Right).then(|| locked.key.write(Token::new(locked.clock.now())));
        Ok((shown, cookie))
    }

    /// Compares the password that a program sent along.
    pub async fn check(&self, address: Address, password: &[u8]) -> anyhow::Result<Shown> {
        let Some(locked) = &self.locked else {
            return Ok(Shown::Right);
        };
        if locked.known.get(&address).is_some() && locked.password.is(password) {
            return Ok(Shown::Right);
        }
        let shown = self.compare(locked, address, password).await?;
        match shown {
            Shown::Right => locked.known.insert(address, ()),
            Shown::Wrong => {}
            Shown::TooMany { .. } => {
                locked.known.remove(&address);
            }
        }
        Ok(shown)
    }

    async fn compare(&self, locked: &Locked, address: Address, password: &[u8]) -> anyhow::Result<Shown> {
        if let Some(wait_seconds) = locked.refusals.wait_seconds(address, Instant::now()) {
            return Ok(Shown::TooMany { wait_seconds });
        }
        let pool = &self.database.pool;
        let attempt = attempts::make(pool, address, || locked.password.is(password)).await?;
        locked.refusals.learn(address, attempt.waits(), Instant::now());
        match attempt {
            Attempt::Right => {
                locked.clock.set(database::now(pool).await?);
                Ok(Shown::Right)
            }
            Attempt::Wrong => {
                tracing::info!("somebody tried to sign in with a wrong password");
                Ok(Shown::Wrong)
            }
            Attempt::Refused(waits) => {
                tracing::warn!("too many tries to sign in");
                Ok(Shown::TooMany {
                    wait_seconds: waits.seconds(),
                })
            }
        }
    }
}

impl Locked {
    async fn new(database: &Database, password: &str, secret: Option<&SecretKey>) -> anyhow::Result<Self> {
        let salt = queries::salt(&database.pool, &rand::random::<[u8; 32]>()).await?;
        Ok(Self {
            password: Password::new(password),
            key: SessionKey::new(signing_key(&salt, secret, password)?),
            clock: DatabaseClock::new(database::now(&database.pool).await?),
            known: Cache::new(KNOWN_PROGRAMS),
            refusals: Refusals::default(),
        })
    }
}

/// A password that others are compared with.
struct Password {
    /// Of this process alone.
    key: hmac::Key,
    tag: hmac::Tag,
}

impl Password {
    fn new(password: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &rand::random::<[u8; 32]>());
        let tag = hmac::sign(&key, password.as_bytes());
        Self { key, tag }
    }

    /// Takes as long whatever differs.
    fn is(&self, shown: &[u8]) -> bool {
        hmac::verify(&self.key, shown, self.tag.as_ref()).is_ok()
    }
}

/// The key of this database and this password: another password makes every cookie worthless. The database's value is
/// secret, so a cookie tells nothing that a password could be guessed by.
fn signing_key(salt: &[u8], secret: Option<&SecretKey>, password: &str) -> anyhow::Result<hmac::Key> {
    let secret = secret.map(|secret| secret.derive("sessions")).transpose()?;
    let material = [&secret.unwrap_or_default(), password.as_bytes()].concat();
    let key = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&material);
    let key = key.expand(&[b"session"], hmac::HMAC_SHA256);
    Ok(key.map_err(|_| anyhow::anyhow!("cannot derive a key"))?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn keys_differ_with_all_they_are_made_of() -> anyhow::Result<()> {
        let (one, another) = (SecretKey::new(&"1".repeat(32)), SecretKey::new(&"2".repeat(32)));
        let key = |salt: &[u8], secret, password| anyhow::Ok(SessionKey::new(signing_key(salt, secret, password)?));
        let cookie = key(b"salt", Some(&one), "password")?.write(Token::new(DateTime::UNIX_EPOCH));
        assert!(key(b"salt", Some(&one), "password")?.read(&cookie).is_some());
        for other in [
            key(b"tlas", Some(&one), "password")?,
            key(b"salt", Some(&another), "password")?,
            key(b"salt", None, "password")?,
            key(b"salt", Some(&one), "Password")?,
        ] {
            assert!(other.read(&cookie).is_none());
        }
        Ok(())
    }

    #[test]
    fn only_the_password_is_the_password() {
        let password = Password::new("open sesame");
        assert!(password.is(b"open sesame"));
        for other in [&b""[..], b"open", b"open sesame ", b"Open sesame"] {
            assert!(!password.is(other));
        }
    }
}
