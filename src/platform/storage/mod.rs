//! File storage: bytes under a key, kept apart from the rows that say what they are.
//!
//! The interface is small, so that it can be a table, a folder or a bucket. Writers never share a key, so nothing here
//! needs a lock. Keys are names between slashes; what begins with `imports/7/` is a folder of its own, and goes as a
//! whole.

mod client;
mod objects;
mod postgres;

pub use objects::Objects;

use crate::config::{Storage, StorageSettings};
use bytes::Bytes;
use sqlx::PgPool;

/// Where the bytes of files are kept. Cloning shares the place.
#[derive(Clone, Debug)]
pub enum FileStorage {
    /// Table `stored_objects`: needs no disk that two processes share, and no other server.
    Postgres(PgPool),
    /// A bucket, or a folder of this machine.
    Objects(Objects),
}

impl FileStorage {
    /// The storage of these settings.
    ///
    /// # Errors
    /// When the folder cannot be made, or what is said of the bucket does not fit together.
    pub fn over(settings: &StorageSettings, pool: &PgPool) -> anyhow::Result<Self> {
        Ok(match &settings.storage_url {
            Storage::Postgres => Self::Postgres(pool.clone()),
            Storage::Folder(folder) => Self::Objects(Objects::in_folder(folder)?),
            Storage::S3 { builder, prefix } => Self::Objects(Objects::in_bucket(
                (**builder).clone(),
                prefix,
                settings.storage_ca_file.as_deref(),
            )?),
        })
    }

    /// Looks whether the place is there.
    ///
    /// # Errors
    /// When it is not, or nobody may look. One that does not answer may be away for a while; see
    /// [`Trouble`](crate::platform::database::Trouble).
    pub async fn look(&self) -> anyhow::Result<()> {
        match self {
            Self::Postgres(_) => Ok(()),
            Self::Objects(objects) => objects.look().await,
        }
    }

    /// Keeps `bytes` under `key`. Doing it twice is the same as once.
    pub async fn put(&self, key: &str, bytes: Bytes) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => postgres::put(pool, key, &bytes).await,
            Self::Objects(objects) => objects.put(key, bytes).await,
        }
    }

    /// The bytes under `key`, if there are any.
    pub async fn get(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        match self {
            Self::Postgres(pool) => postgres::get(pool, key).await,
            Self::Objects(objects) => objects.get(key).await,
        }
    }

    /// Removes what is under `key`, if anything is.
    pub async fn remove(&self, key: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => postgres::remove(pool, key).await,
            Self::Objects(objects) => objects.remove(key).await,
        }
    }

    /// Removes everything in a folder, whose name ends with a slash.
    pub async fn remove_folder(&self, folder: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres(pool) => postgres::remove_folder(pool, folder).await,
            Self::Objects(objects) => objects.remove_folder(folder).await,
        }
    }

    /// The names of the folders in a folder.
    pub async fn folders(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Postgres(pool) => postgres::folders(pool, folder).await,
            Self::Objects(objects) => objects.folders(folder).await,
        }
    }
}
