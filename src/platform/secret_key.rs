//! The secret key of an installation: set as `SECRET_KEY`, or made once and kept in `DATA_DIR`.
//!
//! Nothing is encrypted or signed with it itself. Each purpose has a key of its own, derived from it, so that what one
//! purpose gives away says nothing about another.

use super::postgres::open_ours;
use crate::config::SECRET_KEY_MIN_CHARS;
use anyhow::{Context as _, ensure};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::hkdf;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

const FILE: &str = "secret.key";

/// Bytes of every derived key.
const KEY_BYTES: usize = 32;

/// The key that the keys of all purposes are derived from.
#[derive(Clone)]
pub struct SecretKey(hkdf::Prk);

impl SecretKey {
    /// The key whose text is `text`, from the setting or the file.
    pub fn new(text: &str) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"product-importer");
        Self(salt.extract(text.trim().as_bytes()))
    }

    /// The key kept in `folder`; the first who asks makes it.
    pub fn kept_in(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        let text = match read(&file) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => make(folder).and_then(|()| read(&file)),
            read => read,
        };
        let text = text.with_context(|| format!("cannot keep a secret key in {}", file.display()))?;
        ensure!(
            text.trim().len() >= SECRET_KEY_MIN_CHARS,
            "{} is damaged: put back the key that was there, or remove the file to have a new one made",
            file.display()
        );
        Ok(Self::new(&text))
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> anyhow::Result<[u8; KEY_BYTES]> {
        let mut key = [0; KEY_BYTES];
        let info = [purpose.as_bytes()];
        self.0
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|material| material.fill(&mut key))
            .map_err(|_| anyhow::anyhow!("cannot derive a key"))?;
        Ok(key)
    }
}

/// Keys do not belong in a log.
impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey")
    }
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(file)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes the file whole or not at all: of two processes that start together, one makes the key of both.
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let bytes: [u8; KEY_BYTES] = rand::random();
    let draft = folder.join(format!("{FILE}.{:x}", rand::random::<u64>()));
    let mut file = open_ours(&draft, OpenOptions::new().write(true).truncate(true))?;
    writeln!(file, "{}", BASE64_STANDARD.encode(bytes))?;
    file.sync_all()?;
    let made = match fs::hard_link(&draft, folder.join(FILE)) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&draft)?;
    made?;
    // A key that a power cut takes away would take what it encrypted with it.
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_made_once_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SecretKey::kept_in(folder.path()).unwrap().derive("test").unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "one key for all");
        let names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [FILE]);
        let file = folder.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        // The same text as a setting is the same key.
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(SecretKey::new(&text).derive("test").unwrap(), keys[0]);
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let key = SecretKey::new("correct horse battery staple, and more");
        assert_ne!(key.derive("one").unwrap(), key.derive("two").unwrap());
        let other = SecretKey::new("correct horse battery staple, and less");
        assert_ne!(key.derive("one").unwrap(), other.derive("one").unwrap());
    }

    #[test]
    fn a_damaged_file_is_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "\n").unwrap();
        let line = SecretKey::kept_in(folder.path()).unwrap_err().to_string();
        assert!(line.contains("secret.key is damaged"), "{line}");
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "\n");
    }
}
