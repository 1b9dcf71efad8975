//! The sender: one for a process, shared by all who send.

use super::answer::Answer;
use super::connections::{Connection, Connections};
use super::dial;
use super::headers::headers;
use super::names::Names;
use super::tls;
use super::trouble::{Step, Trouble};
use crate::config::{AllowNets, WebhookSettings};
use crate::webhooks::address::{Refusal, check_url};
use crate::webhooks::secret::Secret;
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Position, Url};

/// How long whoever saves an address waits for its name to be looked up.
const CHECK_PATIENCE: Duration = Duration::from_secs(3);

/// Sends deliveries. Cloning shares its connections.
#[derive(Clone)]
pub struct Sender {
    shared: Arc<Shared>,
}

struct Shared {
    allowed: AllowNets,
    patience: Duration,
    names: Names,
    tls: TlsConnector,
    connections: Connections,
}

/// One attempt of a delivery.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    /// Where to.
    pub url: &'a str,
    /// Headers that were added to the webhook.
    pub headers: &'a [(String, String)],
    /// The same in all attempts: receivers know by it what they have already.
    pub message_id: &'a str,
    /// When the attempt is made, in seconds since 1970.
    pub timestamp: i64,
    /// What is told, as JSON.
    pub body: Bytes,
    /// What it is signed with: two while one replaces the other.
    pub secrets: &'a [Secret],
}

impl Sender {
    /// A sender with these settings.
    pub fn new(settings: &WebhookSettings) -> anyhow::Result<Self> {
        let shared = Shared {
            allowed: settings.webhook_allow_nets.clone(),
            patience: Duration::from_secs(settings.webhook_timeout_seconds.into()),
            names: Names::new(settings.webhook_dns)?,
            tls: tls::connector(settings.webhook_ca_file.as_deref())?,
            connections: Connections::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Sends one attempt and waits for what comes of it, for no longer than the deadline.
    pub async fn send(&self, outgoing: &Outgoing<'_>) -> Answer {
        let started = Instant::now();
        let limit = (started + self.shared.patience, self.shared.patience);
        let mut answer = match self.shared.exchange(outgoing, limit).await {
            Ok(answer) => answer,
            Err(trouble) => Answer::without(trouble),
        };
        answer.duration = started.elapsed();
        answer
    }

    /// Reads an address as it was entered. What [`check_url`] cannot tell is asked of the name servers: an address is
    /// refused when they lead only to where webhooks may not go. A name that nobody knows (yet) is taken.
    pub async fn check(&self, text: &str) -> Result<Url, Refusal> {
        let url = check_url(text, &self.shared.allowed)?;
        let found = timeout(CHECK_PATIENCE, dial::addresses(&url, &self.shared.names)).await;
        if let Ok(Ok(found)) = found
            && let Err(Trouble::Refused(refusal)) = dial::check(&url, &found, &self.shared.allowed)
        {
            return Err(refusal);
        }
        Ok(url)
    }
}

impl Shared {
    async fn exchange(&self, outgoing: &Outgoing<'_>, limit: (Instant, Duration)) -> Result<Answer, Trouble> {
        let url = check_url(outgoing.url, &self.allowed).map_err(Trouble::Refused)?;
        let origin = &url[..Position::AfterPort];
        let headers = headers(outgoing, &url)?;
        let (connection, response) = self.post(&url, &headers, &outgoing.body, limit).await?;
        let (head, body) = response.into_parts();
        let mut answer = Answer::of(&head, outgoing.timestamp);
        if answer.read(body, limit).await {
            self.connections.keep(origin, connection).await;
        }
        Ok(answer)
    }

    /// Posts on a connection that waits, else on a new one.
    async fn post(
        &self,
        url: &Url,
        headers: &HeaderMap,
        body: &Bytes,
        limit: (Instant, Duration),
    ) -> Result<(Connection, Response<Incoming>), Trouble> {
        if let Some(mut connection) = self.connections.take(&url[..Position::AfterPort]) {
            match request(&mut connection, url, headers, body, limit).await {
                // It was closed at that moment, for having waited long. Whoever did get it knows it by its id.
                Err(Trouble::BrokenOff) => {}
                answered => return answered.map(|response| (connection, response)),
            }
        }
        let mut connection = self.connect(url, limit).await?;
        let response = request(&mut connection, url, headers, body, limit).await?;
        Ok((connection, response))
    }

    async fn connect(&self, url: &Url, limit: (Instant, Duration)) -> Result<Connection, Trouble> {
        let stream = dial::dial(url, &self.names, &self.allowed, limit).await?;
        let speaking = if url.scheme() == "https" {
            let host = url.host_str().unwrap_or_default();
            Connection::speak(tls::encrypt(&self.tls, host, stream, limit).await?).await
        } else {
            Connection::speak(stream).await
        };
        speaking.map_err(|error| Trouble::of_http(&error))
    }
}

async fn request(
    connection: &mut Connection,
    url: &Url,
    headers: &HeaderMap,
    body: &Bytes,
    (deadline, patience): (Instant, Duration),
) -> Result<Response<Incoming>, Trouble> {
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery]
        .parse::<Uri>()
        .map_err(|error| Trouble::Other(error.to_string()))?;
    *request.headers_mut() = headers.clone();
    match timeout_at(deadline, connection.requests.send_request(request)).await {
        Ok(answered) => answered.map_err(|error| Trouble::of_http(&error)),
        Err(_) => Err(Trouble::Late(Step::Answer, patience)),
    }
}
