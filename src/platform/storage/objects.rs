//! Files as objects: in a bucket of S3 or of whatever speaks as it does, or in a folder.

use super::client::Web;
use crate::platform::line::Tls;
use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, RetryConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a failing request is tried again here. After that the caller decides.
const RETRY_FOR: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;
/// No piece takes longer on a line that works.
const PATIENCE: Duration = Duration::from_mins(1);

/// By which codes a server says that asking again does not help (S3's API reference, error responses).
const REFUSALS: [(&str, &str); 6] = [
    ("NoSuchBucket", "there is no such bucket"),
    ("InvalidBucketName", "no bucket can have that name"),
    ("AccessDenied", "AWS_ACCESS_KEY_ID may not list this bucket"),
    ("InvalidAccessKeyId", "the server does not know AWS_ACCESS_KEY_ID"),
    ("SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY is another one's"),
    ("PermanentRedirect", "the bucket is in another region than AWS_REGION"),
];

/// Where objects are kept. Cloning shares the place.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
}

impl Objects {
    /// Files of this machine, or of a disk that all machines see.
    ///
    /// # Errors
    /// When there is no such folder and none can be made.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot keep files in {}", folder.display());
        std::fs::create_dir_all(folder).with_context(cannot)?;
        // A piece that has been acknowledged must survive a power cut.
        let store = LocalFileSystem::new_with_prefix(folder)
            .with_context(cannot)?
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            folder: Some(folder.to_owned()),
        })
    }

    /// Objects of a bucket whose names begin with `prefix`.
    ///
    /// # Errors
    /// When what is said of the bucket does not fit together, or certificates cannot be read.
    pub fn in_bucket(builder: AmazonS3Builder, prefix: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let retries = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY_FOR,
            ..RetryConfig::default()
        };
        let bucket = builder
            .with_retry(retries)
            .with_http_connector(Web::new(Tls::verifying(ca_file)?))
            .build()
            .context("STORAGE_URL and AWS_* do not fit together")?;
        Ok(Self {
            store: Arc::new(PrefixStore::new(bucket, prefix)),
            folder: None,
        })
    }

    /// The place itself, for whoever wants to look.
    pub fn store(&self) -> &dyn ObjectStore {
        &*self.store
    }

    pub(super) async fn look(&self) -> anyhow::Result<()> {
        let looking = async { Ok(self.store.list(None).next().await.transpose()?) };
        let Err(error) = within(looking).await else {
            return Ok(());
        };
        // The store takes every answer but a list for an outage.
        let told = format!("{error:#}");
        match REFUSALS.iter().find(|(code, _)| told.contains(code)) {
            Some((code, meaning)) => anyhow::bail!("{meaning} ({code})"),
            None => Err(error),
        }
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> anyhow::Result<()> {
        let putting = async { Ok(self.store.put(&Key::from(key), bytes.into()).await?) };
        within(putting).await.with_context(|| format!("cannot keep {key}"))?;
        Ok(())
    }

    pub(super) async fn get(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        let getting = async {
            match self.store.get(&Key::from(key)).await {
                Ok(found) => Ok(Some(found.bytes().await?)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        within(getting).await.with_context(|| format!("cannot fetch {key}"))
    }

    pub(super) async fn remove(&self, key: &str) -> anyhow::Result<()> {
        let removing = async {
            match self.store.delete(&Key::from(key)).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            }
        };
        within(removing).await.with_context(|| format!("cannot remove {key}"))
    }

    pub(super) async fn remove_folder(&self, folder: &str) -> anyhow::Result<()> {
        let removed = match &self.folder {
            Some(root) => remove_directory(&root.join(folder)).await,
            None => self.remove_objects(folder).await,
        };
        removed.with_context(|| format!("cannot remove {folder}"))
    }

    /// A thousand at a time, which is what a request can name.
    async fn remove_objects(&self, folder: &str) -> anyhow::Result<()> {
        let found = self
            .store
            .list(Some(&Key::from(folder)))
            .map_ok(|object| object.location);
        let mut removed = self.store.delete_stream(found.boxed());
        while let Some(removed) = within(async { Ok(removed.next().await) }).await? {
            match removed {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) async fn folders(&self, folder: &str) -> anyhow::Result<Vec<String>> {
        let key = Key::from(folder);
        let listing = async { Ok(self.store.list_with_delimiter(Some(&key)).await?) };
        let found = within(listing).await.with_context(|| format!("cannot list {folder}"))?;
        let names = found.common_prefixes.iter().filter_map(|folder| folder.filename());
        Ok(names.map(str::to_owned).collect())
    }
}

/// Also what a process that was killed had begun to write goes, which is no object yet.
async fn remove_directory(directory: &Path) -> anyhow::Result<()> {
    match tokio::fs::remove_dir_all(directory).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A server that hangs counts as one that is away.
async fn within<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(Error::Generic {
            store: "objects",
            source: "the storage does not answer".into(),
        }
        .into()),
    }
}
