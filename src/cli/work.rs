//! `worker`: the working half, and what `serve` and `web` have in common with it.

use super::serve::listen;
use super::start::{Connections, Opened};
use super::waiting::{self, Patience};
use super::{Failure, signals, start};
use crate::accounts::Access;
use crate::catalog::Search;
use crate::config::{
    BrokerSettings, DatabaseSettings, DeliverySettings, HistorySettings, MetricsSettings, SearchSettings,
    SecretSettings, StorageSettings, UploadSettings, WebhookSettings,
};
use crate::http::serving;
use crate::http::site_guard::SiteGuard;
use crate::imports::{self, Engine, Uploads};
use crate::platform::database::{Database, Trouble};
use crate::platform::doorbell::Doorbell;
use crate::platform::sealing::SealingKey;
use crate::platform::stopping::Stopping;
use crate::platform::storage::FileStorage;
use crate::webhooks::{Delivering, Limits, Sender};
use crate::{router, status, worker};
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long a process that starts looks for the place for files.
const LOOK_PATIENCE: Duration = Duration::from_secs(5);

/// How long requests and work may take to end after the process was asked to stop: platforms kill after 25 to 30 s, and
/// connections are still to be closed.
const GRACE: Duration = Duration::from_secs(15);

/// The settings of all processes that stay.
#[derive(Args, Clone)]
pub struct WorkSettings {
    #[command(flatten)]
    pub database: DatabaseSettings,
    #[command(flatten)]
    pub broker: BrokerSettings,
    #[command(flatten)]
    pub storage: StorageSettings,
    #[command(flatten)]
    pub uploads: UploadSettings,
    #[command(flatten)]
    pub search: SearchSettings,
    #[command(flatten)]
    pub history: HistorySettings,
    #[command(flatten)]
    pub webhooks: WebhookSettings,
    #[command(flatten)]
    pub deliveries: DeliverySettings,
    #[command(flatten)]
    pub secret: SecretSettings,
}

/// The settings of `worker`.
#[derive(Args, Clone)]
pub struct WorkerArguments {
    #[command(flatten)]
    work: WorkSettings,
    #[command(flatten)]
    metrics: MetricsSettings,
}

/// Works until it is asked to stop.
pub fn work(arguments: &WorkerArguments) -> Result<ExitCode, Failure> {
    let (settings, metrics) = (&arguments.work, &arguments.metrics);
    if metrics.metrics_port.is_some() {
        metrics.access.check(metrics.host).map_err(Failure::Usage)?;
    }
    start::run(async {
        let mut listener = match metrics.metrics_port {
            Some(port) => Some(listen(SocketAddr::new(metrics.host, port)).await?),
            None => None,
        };
        let stopping = signals::listen()?.stopping;
        let opening = start::open_unless(&settings.database, Connections::Work, Patience::Endless, &stopping);
        let opened = match &mut listener {
            Some(listener) => waiting::while_answering(listener, opening).await?,
            None => opening.await?,
        };
        let Some(opened) = opened else {
            return Ok(ExitCode::SUCCESS);
        };
        if let Some(listener) = listener {
            tell_metrics(arguments, listener, &opened, &stopping).await?;
        }
        let engine = engine(settings, &opened.database, &stopping).await?;
        let carrier = engine.doorbell.carry();
        let sealing = SealingKey::new(start::secret(&settings.database, &settings.secret)?.as_ref())?;
        let sender = Sender::new(&settings.webhooks)?;
        let working = workers(settings, &engine, &opened.database, sealing, sender);
        tracing::info!("working");
        let present = status::be_present(&opened.pages.pool, "worker", stopping.clone());
        until_late(stopping.clone(), "work", async {
            tokio::join!(working, present);
        })
        .await;
        carrier.end().await;
        opened.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Works until that is done, or has had its time after the process was asked to stop. What it leaves then is what a process
/// leaves that is killed.
pub async fn until_late(mut stopping: Stopping, what: &str, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = stopping.wait_and(GRACE) => tracing::warn!("some {what} did not end in time"),
    }
}

/// Answers those who look after a worker, until the process ends.
async fn tell_metrics(
    arguments: &WorkerArguments,
    listener: TcpListener,
    opened: &Opened,
    stopping: &Stopping,
) -> anyhow::Result<()> {
    let settings = &arguments.work;
    let secret = start::secret(&settings.database, &settings.secret)?;
    let password = arguments.metrics.access.access_password.as_deref();
    let asking = async || Access::open(&opened.pages, password, secret.as_ref(), false).await;
    let Some(access) = waiting::until_it_works(Patience::Endless, stopping, asking).await? else {
        return Ok(());
    };
    // It has no public address of its own that a name could be compared with.
    let is_open = arguments.metrics.access.access.is_some();
    let guard = SiteGuard::new(None, access.is_locked() || is_open);
    println!("Metrics: http://{}", listener.local_addr()?);
    let service = router::worker_service(opened.pools(), &access, &guard);
    tokio::spawn(serving::serve(listener, service, std::future::pending()));
    Ok(())
}

/// What works on imports. A broker or a place for files that cannot be meant is told of at once; one that is away is not.
pub async fn engine(settings: &WorkSettings, database: &Database, stopping: &Stopping) -> Result<Engine, Failure> {
    let pool = database.pool.clone();
    let wrong = |error: anyhow::Error| Failure::Usage(format!("{error:#}"));
    let storage = FileStorage::over(&settings.storage, &pool).map_err(wrong)?;
    match tokio::time::timeout(LOOK_PATIENCE, storage.look()).await {
        Ok(Err(error)) if Trouble::within(&error) == Trouble::Other => {
            return Err(wrong(error.context("STORAGE_URL")));
        }
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => tracing::warn!("the storage for files does not answer; uploads wait until it does"),
    }
    Ok(Engine {
        storage,
        doorbell: Doorbell::over(&settings.broker, &pool).map_err(wrong)?,
        pool,
        stopping: stopping.clone(),
    })
}

/// Every background job, until the process is to stop.
pub fn workers(
    settings: &WorkSettings,
    engine: &Engine,
    database: &Database,
    sealing: SealingKey,
    sender: Sender,
) -> impl Future<Output = ()> + use<> {
    let uploads = uploads(database, engine, &settings.uploads);
    let search = Search::new(database.clone(), settings.search.search_memory_mb);
    let deliveries = settings.deliveries;
    let delivering = Delivering {
        pool: engine.pool.clone(),
        doorbell: engine.doorbell.clone(),
        sender,
        sealing,
        limits: Limits {
            per_webhook: deliveries.webhook_concurrency.into(),
            per_worker: deliveries.webhook_worker_concurrency.into(),
        },
    };
    let keeping = worker::Keeping {
        history: settings.history,
        deliveries: hours(u32::from(deliveries.webhook_keep_days) * 24),
    };
    // On the heap: it is large.
    Box::pin(worker::run(engine.clone(), uploads, search, delivering, keeping))
}

/// Where files are received.
pub fn uploads(database: &Database, engine: &Engine, settings: &UploadSettings) -> Uploads {
    Uploads {
        database: database.clone(),
        storage: engine.storage.clone(),
        doorbell: engine.doorbell.clone(),
        settings: imports::UploadSettings {
            max_size_bytes: settings.upload_max_bytes,
            expire_after: hours(settings.upload_expire_hours),
            keep_file_for: hours(settings.keep_file_hours),
            ..imports::UploadSettings::default()
        },
    }
}

fn hours(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 3600)
}
