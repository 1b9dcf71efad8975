//! Connections that are kept for the next delivery to the same receiver: dialling and encrypting cost more than sending.
//!
//! Each belongs to the origin it was dialled for, and was checked then. None gets old, so that a receiver that moved is
//! found where it is now.

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long a connection waits for the next delivery. Many servers close theirs after a minute, some after 5 seconds.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// How long a connection is used at all.
const AGE_MAX: Duration = Duration::from_mins(2);

/// How many wait at once, for all receivers.
const KEPT_MAX: usize = 1024;

/// How long the end of an exchange may take before the connection is not worth waiting for.
const SETTLE: Duration = Duration::from_millis(100);

/// The longest head of an answer.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// A connection on which requests are sent one after another. Dropping it closes it, whatever is still going on.
pub struct Connection {
    pub requests: SendRequest<Full<Bytes>>,
    speaking: JoinHandle<()>,
    dialled: Instant,
    used: Instant,
}

impl Connection {
    /// Begins to speak HTTP.
    pub async fn speak<T>(stream: T) -> hyper::Result<Self>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (requests, speaking) = http1::Builder::new()
            .max_buf_size(HEAD_MAX_BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        let speaking = tokio::spawn(async move {
            // What goes wrong is told to whoever sent the request.
            let _ = speaking.await;
        });
        let now = Instant::now();
        Ok(Self {
            requests,
            speaking,
            dialled: now,
            used: now,
        })
    }

    fn is_fit(&self) -> bool {
        self.requests.is_ready() && self.used.elapsed() < IDLE_MAX && self.dialled.elapsed() < AGE_MAX
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.speaking.abort();
    }
}

/// Those that wait, by origin. Cloning shares them.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    by_origin: HashMap<String, Vec<Connection>>,
    count: usize,
    swept: bool,
}

impl Connections {
    /// One that waits for a delivery to `origin`, the one used last.
    pub fn take(&self, origin: &str) -> Option<Connection> {
        let mut kept = self.lock();
        let waiting = kept.by_origin.get_mut(origin)?;
        let before = waiting.len();
        let mut fit = None;
        while let Some(connection) = waiting.pop() {
            if connection.is_fit() {
                fit = Some(connection);
                break;
            }
        }
        let gone = before - waiting.len();
        if waiting.is_empty() {
            kept.by_origin.remove(origin);
        }
        kept.count -= gone;
        fit
    }

    /// Keeps one whose exchange is over.
    pub async fn keep(&self, origin: &str, mut connection: Connection) {
        let settled = tokio::time::timeout(SETTLE, connection.requests.ready()).await;
        if !matches!(settled, Ok(Ok(()))) {
            return;
        }
        connection.used = Instant::now();
        let mut kept = self.lock();
        if kept.count >= KEPT_MAX {
            return;
        }
        kept.count += 1;
        match kept.by_origin.get_mut(origin) {
            Some(waiting) => waiting.push(connection),
            None => drop(kept.by_origin.insert(origin.to_owned(), vec![connection])),
        }
        if !kept.swept {
            kept.swept = true;
            tokio::spawn(self.clone().sweep());
        }
    }

    /// Closes what has waited long enough, until nothing waits.
    async fn sweep(self) {
        loop {
            tokio::time::sleep(IDLE_MAX / 4).await;
            let mut kept = self.lock();
            kept.by_origin.retain(|_, waiting| {
                waiting.retain(Connection::is_fit);
                !waiting.is_empty()
            });
            kept.count = kept.by_origin.values().map(Vec::len).sum();
            if kept.count == 0 {
                kept.swept = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
