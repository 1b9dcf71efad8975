//! What commands need before they can begin: a log, a database, a runtime.

use super::Failure;
use crate::config::{DatabaseSettings, LogSettings};
use crate::platform::database::{self, Database};
use crate::platform::postgres::{self, PrivatePostgres};
use anyhow::Context as _;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// A database, and the private server behind it if there is one. Dropping it stops the server.
pub struct Opened {
    pub database: Database,
    server: Option<PrivatePostgres>,
}

/// Writes the log to standard error.
pub fn log(settings: &LogSettings) {
    // Notices of the database are for whoever asks for them.
    let filter = EnvFilter::new(format!("sqlx=warn,{}", settings.log_filter));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    if settings.log_format == "json" {
        log.json().init();
    } else {
        log.init();
    }
}

/// Runs a command's asynchronous part to its end.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")
}

/// Connects to the database, starting the private one if need be, and brings the schema up to date.
pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Opened> {
    let (url, server) = if let Some(url) = &settings.database_url {
        (url.clone(), None)
    } else {
        let folder = data_dir(settings);
        let start = move || PrivatePostgres::start_or_join(&folder);
        let server = tokio::task::spawn_blocking(start).await??;
        (server.url(), Some(server))
    };
    let database = database::connect(&url, settings.database_connections).await?;
    database::migrate(&database.pool).await?;
    Ok(Opened { database, server })
}

/// Where the private PostgreSQL keeps its files.
pub fn data_dir(settings: &DatabaseSettings) -> PathBuf {
    settings.data_dir.clone().unwrap_or_else(postgres::default_data_dir)
}

/// The command `migrate`.
pub fn migrate(settings: &DatabaseSettings) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        open(settings).await?.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

impl Opened {
    /// Closes every connection and stops the private server, if this process runs it.
    pub async fn close(self) {
        self.database.pool.close().await;
        if let Some(server) = self.server {
            let stopped = tokio::task::spawn_blocking(move || server.stop()).await;
            if let Err(error) = stopped {
                tracing::warn!(%error, "the private PostgreSQL did not stop cleanly");
            }
        }
    }
}
