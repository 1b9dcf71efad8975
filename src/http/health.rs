//! For whoever keeps the process running: is it alive, and can it serve?

use super::error::Error;
use crate::platform::database::{self, Database};
use axum::extract::State;
use axum::http::StatusCode;

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database is reachable and its schema current.
pub async fn ready(State(database): State<Database>) -> (StatusCode, &'static str) {
    match database::is_current(&database.pool).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database schema is not up to date\n",
        ),
        Err(_) => not_ready().await,
    }
}

/// `GET /readyz` while the database is away.
pub async fn not_ready() -> (StatusCode, &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be reached\n")
}

/// Everything else, in a process that waits for its database.
pub async fn not_yet() -> Error {
    Error::Unavailable(anyhow::anyhow!(
        "it has not been there since this process started; see whether it runs, and what DATABASE_URL says"
    ))
}
