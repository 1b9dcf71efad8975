//! A receiver as others would write one: it takes what is posted to it, and answers as a test wants.

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_mins(3);

/// Something that arrived.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub path: String,
    pub id: String,
    pub body: Value,
    /// Whether it came while another delivery of the same product was not answered yet.
    pub overtakes: bool,
    /// Whether the answer has been given.
    pub is_answered: bool,
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    RetryAfter(u16, u32),
    After(Duration, u16),
    /// Once the receiver is told to go on.
    Waiting(u16),
}

/// A running receiver; it ends with the test.
pub struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    count: watch::Sender<usize>,
    may_go_on: watch::Sender<bool>,
    reply: Box<Replying>,
}

type Replying = dyn Fn(&Arrival, usize) -> Reply + Send + Sync;

impl Arrival {
    pub fn product(&self) -> &Value {
        &self.body["data"]["product"]
    }

    pub fn version(&self) -> i64 {
        self.product()["version"].as_i64().unwrap_or_default()
    }
}

impl Receiver {
    /// A receiver that answers what `reply` says to an arrival, told how often the same one arrived before.
    pub async fn start(reply: impl Fn(&Arrival, usize) -> Reply + Send + Sync + 'static) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            arrivals: Mutex::default(),
            count: watch::channel(0).0,
            may_go_on: watch::channel(false).0,
            reply: Box::new(reply),
        });
        let router = Router::new().fallback(receive).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared })
    }

    /// One that takes everything.
    pub async fn taking() -> anyhow::Result<Self> {
        Self::start(|_, _| Reply::Status(204)).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Lets those go on that wait.
    pub fn go_on(&self) {
        self.shared.may_go_on.send_replace(true);
    }

    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals().clone()
    }

    pub fn of(&self, path: &str) -> Vec<Arrival> {
        let mut arrivals = self.arrivals();
        arrivals.retain(|arrival| arrival.path == path);
        arrivals
    }

    /// Waits until what has arrived is as wanted.
    pub async fn until(&self, wanted: impl Fn(&[Arrival]) -> bool) -> anyhow::Result<Vec<Arrival>> {
        let mut count = self.shared.count.subscribe();
        let waiting = async {
            while !wanted(&self.shared.arrivals()) {
                count.changed().await?;
            }
            anyhow::Ok(self.arrivals())
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .with_context(|| format!("not as wanted: {} have arrived", self.arrivals().len()))?
    }
}

impl Shared {
    fn arrivals(&self) -> std::sync::MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self, place: usize) {
        self.arrivals()[place].is_answered = true;
        self.count.send_modify(|count| *count += 1);
    }
}

async fn receive(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let id = headers
        .get("webhook-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let mut arrival = Arrival {
        path: uri.path().to_owned(),
        id: id.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        overtakes: false,
        is_answered: false,
    };
    let (place, reply) = {
        let mut arrivals = shared.arrivals();
        let here = || arrivals.iter().filter(|earlier| earlier.path == arrival.path);
        let before = here().filter(|earlier| earlier.id == arrival.id).count();
        let id = &arrival.product()["id"];
        arrival.overtakes = here().any(|earlier| !earlier.is_answered && earlier.product()["id"] == *id);
        let reply = (shared.reply)(&arrival, before);
        arrivals.push(arrival);
        (arrivals.len() - 1, reply)
    };
    shared.count.send_modify(|count| *count += 1);
    let status = match reply {
        Reply::Status(status) | Reply::RetryAfter(status, _) => status,
        Reply::After(time, status) => {
            tokio::time::sleep(time).await;
            status
        }
        Reply::Waiting(status) => {
            let mut may_go_on = shared.may_go_on.subscribe();
            let _ = may_go_on.wait_for(|may| *may).await;
            status
        }
    };
    shared.answered(place);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    match reply {
        Reply::RetryAfter(_, seconds) => (status, [("retry-after", seconds.to_string())]).into_response(),
        _ => status.into_response(),
    }
}
