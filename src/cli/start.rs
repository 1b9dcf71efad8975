//! What commands need before they can begin: a log, a database, a runtime.

use super::Failure;
use super::waiting::{self, Patience};
use crate::config::{DatabaseSettings, LogSettings, SecretSettings, TelemetrySettings};
use crate::platform::database::{self, Database, Pools};
use crate::platform::postgres::{self, PrivatePostgres};
use crate::platform::secret_key::SecretKey;
use crate::platform::stopping::{self, Stopping};
use crate::platform::telemetry::Telemetry;
use anyhow::Context as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// How long a server that is starting may take to come up, once the process is to end.
const START_PATIENCE: Duration = Duration::from_secs(1);

/// How long connections may take to close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// How long threads may take that do what cannot be given up.
const THREADS_PATIENCE: Duration = Duration::from_secs(1);

/// A database, and the private server behind it if there is one. Dropping it stops the server.
pub struct Opened {
    /// For work, which may take as long as it takes.
    pub database: Database,
    /// For pages, whose statements may not.
    pub pages: Database,
    server: Option<PrivatePostgres>,
}

/// What a process needs connections for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    Pages,
    Work,
    Both,
}

impl Connections {
    /// How many of `most` are for work and how many for pages. Each gets at least one: even a process for pages has to
    /// bring the schema up to date, which is work.
    fn shares(self, most: u32) -> (u32, u32) {
        match self {
            Self::Pages => (1, most - 1),
            Self::Work => (most - 1, 1),
            Self::Both => (most - most / 2, most / 2),
        }
    }
}

/// Writes the log to standard error, and sends spans to a collector until what this gives is dropped.
pub fn log(settings: &LogSettings, telemetry: &TelemetrySettings) -> anyhow::Result<Option<Telemetry>> {
    // Notices of the database are for whoever asks for them.
    let filter = EnvFilter::new(format!("sqlx=warn,{}", settings.log_filter));
    let telemetry = Telemetry::of(telemetry)?;
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    // The spans around an event carry the ids of the request, the import or the delivery.
    let log = if settings.log_format == "json" {
        let log = log.json().flatten_event(true).with_current_span(false);
        log.with_span_list(true).boxed()
    } else {
        log.boxed()
    };
    let spans = telemetry.as_ref().map(Telemetry::layer);
    tracing_subscriber::registry().with(filter).with(log).with(spans).init();
    Ok(telemetry)
}

/// Runs a command's asynchronous part to its end.
pub fn run<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let result = runtime.block_on(command);
    // What a thread waits for may never come: a folder on another machine, a name server. It ends with this process.
    runtime.shutdown_timeout(THREADS_PATIENCE);
    result
}

/// Connects to the database, starting the private one if need be, and brings the schema up to date.
pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Opened> {
    let (_stop, stopping) = stopping::stopping();
    let opened = open_unless(settings, Connections::Work, Patience::Short, &stopping).await?;
    opened.context("stopped before the database was open")
}

/// The same, given up as soon as the process is to end; then there is nothing to close.
pub async fn open_unless(
    settings: &DatabaseSettings,
    connections: Connections,
    patience: Patience,
    stopping: &Stopping,
) -> anyhow::Result<Option<Opened>> {
    let (server, patience) = match settings.database_url {
        Some(_) => (None, patience),
        None => match start_private(data_dir(settings), &mut stopping.clone()).await? {
            // One that runs here answers here.
            Some(server) => (Some(server), Patience::Short),
            None => return Ok(None),
        },
    };
    let own = server.as_ref().map(PrivatePostgres::url);
    let url = own.as_deref().or(settings.database_url.as_deref()).unwrap_or_default();
    let connecting = async || {
        let (for_work, for_pages) = connections.shares(settings.database_connections);
        let database = database::connect(url, for_work).await?;
        database::migrate(&database.pool).await?;
        let pages = database::for_pages(url, for_pages, settings.statement_timeout())?;
        anyhow::Ok((database, pages))
    };
    // A server that was started here stops when it is dropped.
    let connected = waiting::until_it_works(patience, stopping, connecting).await?;
    Ok(connected.map(|(database, pages)| Opened {
        database,
        pages,
        server,
    }))
}

/// Starts or joins the private server. Asked to stop, it waits a moment for a start that is nearly over, so that the
/// server can be stopped in order; one that takes longer ends with this process.
async fn start_private(folder: PathBuf, stopping: &mut Stopping) -> anyhow::Result<Option<PrivatePostgres>> {
    let (report, mut started) = oneshot::channel();
    // Not a thread of the runtime: that would not end before this one does.
    std::thread::Builder::new().name("start".to_owned()).spawn(move || {
        // Where nobody waits any more, this drops the server, which stops it.
        let _ = report.send(PrivatePostgres::start_or_join(&folder));
    })?;
    tokio::select! {
        server = &mut started => return Ok(Some(server.context("the start of PostgreSQL ended early")??)),
        () = stopping.wait() => {}
    }
    // Dropping what comes stops it.
    let _ = tokio::time::timeout(START_PATIENCE, started).await;
    Ok(None)
}

/// Where the private PostgreSQL keeps its files.
pub fn data_dir(settings: &DatabaseSettings) -> PathBuf {
    settings.data_dir.clone().unwrap_or_else(postgres::default_data_dir)
}

/// What is encrypted and signed with: the key that is set, else the one kept in `DATA_DIR`, when there is one.
pub fn secret(database: &DatabaseSettings, settings: &SecretSettings) -> anyhow::Result<Option<SecretKey>> {
    let has_folder = database.database_url.is_none() || database.data_dir.is_some();
    Ok(match &settings.secret_key {
        Some(text) => Some(SecretKey::new(text)),
        None if has_folder => Some(SecretKey::kept_in(&data_dir(database))?),
        None => None,
    })
}

/// The command `migrate`.
pub fn migrate(settings: &DatabaseSettings) -> Result<ExitCode, Failure> {
    run(async {
        open(settings).await?.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

impl Opened {
    /// All connections of this process, to be told of.
    pub fn pools(&self) -> Pools {
        Pools {
            pages: self.pages.clone(),
            work: self.database.clone(),
        }
    }

    /// Closes every connection and stops the private server, if this process runs it.
    pub async fn close(self) {
        // A connection whose work was given up may still wait for somebody else's change. It ends with this process.
        let closing = async { tokio::join!(self.database.pool.close(), self.pages.pool.close()) };
        if tokio::time::timeout(CLOSE_PATIENCE, closing).await.is_err() {
            tracing::debug!("a connection was still busy");
        }
        if let Some(server) = self.server {
            let stopped = tokio::task::spawn_blocking(move || server.stop()).await;
            if let Err(error) = stopped {
                tracing::warn!(%error, "the private PostgreSQL did not stop cleanly");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::sealing::SealingKey;
    use std::sync::mpsc;

    #[test]
    fn a_thread_that_waits_for_ever_keeps_no_command_from_ending() {
        // It would wait until this is dropped, after the command has ended.
        let (_held, never) = mpsc::channel::<()>();
        let ended = run(async {
            let (began, begun) = oneshot::channel();
            tokio::task::spawn_blocking(move || {
                let _ = began.send(());
                never.recv()
            });
            Ok(begun.await.is_ok())
        });
        assert!(matches!(ended, Ok(true)));
    }

    #[test]
    fn secrets_are_encrypted_where_there_is_a_key_or_a_folder_to_keep_one_in() {
        let folder = tempfile::tempdir().unwrap();
        let sealing = |url: Option<&str>, folder: Option<PathBuf>, key: Option<&str>| {
            let database = DatabaseSettings {
                database_url: url.map(str::to_owned),
                data_dir: folder,
                database_connections: 5,
                statement_timeout_seconds: 15,
            };
            let secret_key = key.map(str::to_owned);
            let secret = secret(&database, &SecretSettings { secret_key }).unwrap();
            SealingKey::new(secret.as_ref()).unwrap()
        };
        let (url, key) = (Some("postgres://localhost/x"), Some("0123456789abcdef0123456789abcdef"));
        assert!(!sealing(url, None, None).encrypts());

        let set = sealing(url, None, key);
        let kept = sealing(None, Some(folder.path().to_owned()), None);
        let (by_set, by_kept) = (set.seal(b"value").unwrap(), kept.seal(b"value").unwrap());
        assert!(set.open(&by_kept).is_err(), "each key is of its own");
        // Whoever has the folder has its key, and a setting comes first.
        assert!(
            sealing(url, Some(folder.path().to_owned()), None)
                .open(&by_kept)
                .is_ok()
        );
        assert!(sealing(None, Some(folder.path().to_owned()), key).open(&by_set).is_ok());
    }
}
