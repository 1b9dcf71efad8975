//! Where the bytes of a file come from: a file of this machine, or the pieces of an upload as they arrive.

use super::reading_queries as queries;
use crate::imports::upload::pieces_from;
use crate::platform::database::Trouble;
use crate::platform::doorbell::Ears;
use crate::platform::storage::FileStorage;
use anyhow::Context as _;
use bytes::Bytes;
use sqlx::PgPool;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

const CHUNK_BYTES: usize = 1024 * 1024;
/// How long a reader stays with an upload that sends nothing, before it lets somebody else have its place.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(500);
/// Between two tries at a storage that is away. It has been patient itself already.
const STORAGE_PAUSE: Duration = Duration::from_secs(1);

/// The bytes of one file, from some offset on.
pub enum Source {
    /// A file that is here as a whole. It is kept open, so that deleting or replacing it changes nothing.
    File { file: Arc<File>, offset: u64 },
    /// An upload, which may still be arriving.
    Upload(Box<UploadSource>),
}

/// The pieces of an upload.
pub struct UploadSource {
    pub pool: PgPool,
    pub storage: FileStorage,
    pub ears: Ears,
    pub import_id: i64,
    pub offset: u64,
}

/// What a source has next.
pub enum Chunk {
    Bytes(Bytes),
    /// Nothing came for a while, but more will.
    Pause,
    End,
}

impl Source {
    /// A file of this machine, from its beginning.
    pub fn file(file: File) -> Self {
        Self::File {
            file: Arc::new(file),
            offset: 0,
        }
    }

    /// Goes on from `offset`.
    pub fn seek(&mut self, offset: u64) {
        match self {
            Self::File { offset: here, .. } => *here = offset,
            Self::Upload(upload) => upload.offset = offset,
        }
    }

    /// The next bytes, at most 1 MiB; waits for them.
    pub async fn next(&mut self) -> anyhow::Result<Chunk> {
        match self {
            Self::File { .. } => Ok(self.at_hand().await?.map_or(Chunk::End, Chunk::Bytes)),
            Self::Upload(upload) => upload.next().await,
        }
    }

    /// The next bytes if they are here already.
    pub async fn at_hand(&mut self) -> anyhow::Result<Option<Bytes>> {
        let (bytes, offset) = match self {
            Self::File { file, offset } => (read_at(Arc::clone(file), *offset).await?, offset),
            Self::Upload(upload) => match upload.piece().await? {
                Some(bytes) => (bytes, &mut upload.offset),
                None => return Ok(None),
            },
        };
        *offset += bytes.len() as u64;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

async fn read_at(file: Arc<File>, offset: u64) -> anyhow::Result<Bytes> {
    let read = move || {
        let mut bytes = vec![0; CHUNK_BYTES];
        let length = loop {
            match file.read_at(&mut bytes, offset) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        bytes.truncate(length);
        Ok::<_, std::io::Error>(Bytes::from(bytes))
    };
    tokio::task::spawn_blocking(read).await?.context("reading the file")
}

impl UploadSource {
    async fn next(&mut self) -> anyhow::Result<Chunk> {
        let give_up_at = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(bytes) = self.piece().await? {
                self.offset += bytes.len() as u64;
                return Ok(Chunk::Bytes(bytes));
            }
            // The end is looked at after the pieces: what arrived in between is found in the next round.
            let arrived = queries::arrived(&self.pool, self.import_id).await?;
            if arrived.is_complete && arrived.bytes_received as u64 == self.offset {
                return Ok(Chunk::End);
            }
            if arrived.bytes_received as u64 > self.offset {
                continue;
            }
            if tokio::time::Instant::now() >= give_up_at {
                return Ok(Chunk::Pause);
            }
            self.ears.wait(POLL).await;
        }
    }

    /// The piece at the offset, or what is left of it.
    async fn piece(&self) -> anyhow::Result<Option<Bytes>> {
        let kept = pieces_from(&self.pool, self.import_id, self.offset as i64, 1).await?;
        let Some(piece) = kept.first() else {
            return Ok(None);
        };
        let bytes = self
            .fetch(&piece.key)
            .await?
            .context("a piece of the uploaded file is missing")?;
        anyhow::ensure!(
            bytes.len() as i64 == piece.size_bytes,
            "a piece of the uploaded file has another size"
        );
        let skip = (self.offset as i64 - piece.start) as usize;
        Ok(Some(bytes.slice(skip..)))
    }

    /// A storage that is away is waited for. It is not the import's fault, and the claim is held meanwhile.
    async fn fetch(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        loop {
            match self.storage.get(key).await {
                Err(failure) if Trouble::within(&failure) == Trouble::Away => {
                    let error = format!("{failure:#}");
                    tracing::warn!(import_id = self.import_id, error, "an import waits for its file");
                    tokio::time::sleep(STORAGE_PAUSE).await;
                }
                fetched => return fetched,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[tokio::test]
    async fn a_file_that_is_deleted_and_replaced_is_read_as_it_was() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("products.csv");
        let content: Vec<u8> = (0..CHUNK_BYTES * 2 + 7).map(|place| place as u8).collect();
        File::create(&path)?.write_all(&content)?;
        let mut source = Source::file(File::open(&path)?);
        let mut seen = Vec::new();
        while let Chunk::Bytes(bytes) = source.next().await? {
            seen.extend_from_slice(&bytes);
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, "something else")?;
        }
        assert!(seen == content, "{} bytes", seen.len());
        source.seek(content.len() as u64 - 3);
        let Chunk::Bytes(end) = source.next().await? else {
            anyhow::bail!("the end is missing")
        };
        assert_eq!(end, content[content.len() - 3..]);
        Ok(())
    }
}
