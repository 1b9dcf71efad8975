//! Another system that is told: a real server on the loopback, which keeps what it gets.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_mins(1);

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct Message {
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone)]
struct Kept {
    messages: Arc<Mutex<Vec<Message>>>,
    answer: Arc<AtomicU16>,
}

/// Whoever is told. It ends with the test.
pub struct Receiver {
    pub url: String,
    kept: Kept,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Answers 200 until told otherwise.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hooks", listener.local_addr()?);
        let kept = Kept {
            messages: Arc::default(),
            answer: Arc::new(AtomicU16::new(200)),
        };
        let app = Router::new().fallback(keep).with_state(kept.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                eprintln!("the receiver ended: {error}");
            }
        });
        Ok(Self { url, kept, serving })
    }

    /// Answers that status from now on.
    pub fn answer(&self, status: u16) {
        self.kept.answer.store(status, Ordering::SeqCst);
    }

    /// What has arrived so far.
    pub fn messages(&self) -> Vec<Message> {
        let messages = self.kept.messages.lock();
        messages.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many have arrived.
    pub async fn wait_for(&self, count: usize) -> anyhow::Result<Vec<Message>> {
        let waiting = async {
            loop {
                let messages = self.messages();
                if messages.len() >= count {
                    return messages;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, waiting).await;
        arrived.map_err(|_| anyhow::anyhow!("{} of {count} arrived", self.messages().len()))
    }
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn keep(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let messages = kept.messages.lock();
    messages
        .unwrap_or_else(PoisonError::into_inner)
        .push(Message { headers, body });
    let status = StatusCode::from_u16(kept.answer.load(Ordering::SeqCst));
    (status.unwrap_or(StatusCode::OK), "noted")
}
