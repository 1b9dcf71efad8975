//! When nobody waits any longer: a router in front of us gives up without a word of ours (Heroku's after 30 seconds).

use super::Error;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::time::Duration;
use tokio::time::timeout;

/// Besides the longest statement: waiting for a connection (5 s), and all else that an answer takes.
const BESIDES: Duration = Duration::from_secs(10);

/// How long an answer may take to begin.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Duration);

impl Deadline {
    /// For answers whose statements take at most so long, where the database is there to end them.
    pub fn beside(statement_timeout: Duration) -> Self {
        Self(statement_timeout + BESIDES)
    }
}

/// Ends what takes longer with a 503: the database stands still, or vanished without closing its connections.
pub async fn in_time(State(Deadline(limit)): State<Deadline>, request: Request, next: Next) -> Response {
    let answer = timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| Error::Unavailable(anyhow::anyhow!("no answer within {limit:?}")).into_response())
}
