//! `serve`, `web` and `worker`: the processes that stay.

use super::{Failure, signals, start};
use crate::accounts::Access;
use crate::catalog::Search;
use crate::config::{
    BrokerSettings, DatabaseSettings, DeliverySettings, HistorySettings, SearchSettings, SecretSettings,
    StorageSettings, UploadSettings, WebSettings, WebhookSettings,
};
use crate::http::site_guard::SiteGuard;
use crate::imports::{Engine, UploadSettings as Keeping, Uploads, Watches};
use crate::platform::database::Database;
use crate::platform::doorbell::Doorbell;
use crate::platform::postgres::ServeLock;
use crate::platform::sealing::SealingKey;
use crate::platform::secret_key::SecretKey;
use crate::platform::stopping::Stopping;
use crate::platform::storage::FileStorage;
use crate::router::{self, AppState};
use crate::webhooks::{Delivering, Limits, Sender, Watches as WebhookWatches, Webhooks};
use crate::worker;
use anyhow::Context as _;
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long requests may take to end after the process was asked to stop.
const GRACE: Duration = Duration::from_secs(20);

/// The settings of `serve` and `web`.
#[derive(Args, Clone)]
pub struct ServeArguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    broker: BrokerSettings,
    #[command(flatten)]
    storage: StorageSettings,
    #[command(flatten)]
    web: WebSettings,
    #[command(flatten)]
    uploads: UploadSettings,
    #[command(flatten)]
    search: SearchSettings,
    #[command(flatten)]
    history: HistorySettings,
    #[command(flatten)]
    webhooks: WebhookSettings,
    #[command(flatten)]
    deliveries: DeliverySettings,
    #[command(flatten)]
    secret: SecretSettings,
}

/// The settings of `worker`.
#[derive(Args, Clone)]
pub struct WorkerArguments {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    broker: BrokerSettings,
    #[command(flatten)]
    storage: StorageSettings,
    #[command(flatten)]
    uploads: UploadSettings,
    #[command(flatten)]
    search: SearchSettings,
    #[command(flatten)]
    history: HistorySettings,
    #[command(flatten)]
    webhooks: WebhookSettings,
    #[command(flatten)]
    deliveries: DeliverySettings,
    #[command(flatten)]
    secret: SecretSettings,
}

/// Which half of the work a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Pages and API.
    Web,
    /// These and the workers.
    Both,
}

/// Serves until it is asked to stop.
pub fn serve(arguments: &ServeArguments, half: Half) -> Result<ExitCode, Failure> {
    let web = &arguments.web;
    web.access.check(web.host).map_err(Failure::Usage)?;
    start::runtime()?.block_on(async {
        let _lock = lock(&arguments.database)?;
        let listener = listen(&arguments.web).await?;
        let stopping = signals::listen()?.stopping;
        let Some(opened) = start::open_unless(&arguments.database, &stopping).await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let result = serve_with(arguments, half, listener, &opened.database, stopping).await;
        opened.close().await;
        result?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Works until it is asked to stop.
pub fn work(arguments: &WorkerArguments) -> Result<ExitCode, Failure> {
    start::runtime()?.block_on(async {
        let stopping = signals::listen()?.stopping;
        let Some(opened) = start::open_unless(&arguments.database, &stopping).await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let engine = engine(&opened.database, &arguments.broker, &arguments.storage, &stopping)?;
        let carrier = engine.doorbell.carry();
        tracing::info!("working");
        let uploads = uploads(&opened.database, &engine, &arguments.uploads);
        let search = Search::new(opened.database.clone(), arguments.search.search_memory_mb);
        let secret = start::secret(&arguments.database, &arguments.secret)?;
        let sealing = SealingKey::new(secret.as_ref())?;
        let delivering = delivering(&engine, sealing, &arguments.webhooks, arguments.deliveries)?;
        let keeping = keeping(arguments.history, arguments.deliveries);
        Box::pin(worker::run(engine, uploads, search, delivering, keeping)).await;
        carrier.end().await;
        opened.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Two web processes on one private database would be two addresses for one catalogue, by mistake.
fn lock(settings: &DatabaseSettings) -> anyhow::Result<Option<ServeLock>> {
    match settings.database_url {
        Some(_) => Ok(None),
        None => Ok(Some(ServeLock::take(&start::data_dir(settings))?)),
    }
}

async fn listen(settings: &WebSettings) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(settings.host, settings.port);
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {} is taken by another program. Stop that one, or choose another port: PORT={} product-importer",
            settings.port,
            settings.port.saturating_add(1)
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    })
}

async fn serve_with(
    arguments: &ServeArguments,
    half: Half,
    listener: TcpListener,
    database: &Database,
    stopping: Stopping,
) -> anyhow::Result<()> {
    let engine = engine(database, &arguments.broker, &arguments.storage, &stopping)?;
    let web = &arguments.web;
    let secret = start::secret(&arguments.database, &arguments.secret)?;
    let access = access(database, web, secret.as_ref()).await?;
    let carrier = engine.doorbell.carry();
    let state = AppState {
        search: Search::new(database.clone(), arguments.search.search_memory_mb),
        database: database.clone(),
        doorbell: engine.doorbell.clone(),
        uploads: uploads(database, &engine, &arguments.uploads),
        watches: Watches::new(database.clone(), stopping.clone()),
        webhooks: webhooks(arguments, database, secret.as_ref(), &stopping)?,
        guard: SiteGuard::new(web.public_url.as_deref(), Vec::new(), access.is_locked()),
        access,
    };
    let delivering = delivering(
        &engine,
        state.webhooks.sealing.clone(),
        &arguments.webhooks,
        arguments.deliveries,
    )?;
    let keeping = keeping(arguments.history, arguments.deliveries);
    let work = worker::run(engine, state.uploads.clone(), state.search.clone(), delivering, keeping);
    let workers = (half == Half::Both).then(|| tokio::spawn(work));
    announce(&listener)?;
    let mut asked = stopping.clone();
    let server = axum::serve(
        listener,
        router::service(state).into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async move { asked.wait().await })
    .into_future();
    let mut late = stopping.clone();
    tokio::select! {
        served = server => served.context("the web server ended")?,
        () = async { late.wait().await; tokio::time::sleep(GRACE).await } => {
            tracing::warn!("some requests did not end in time");
        }
    }
    if let Some(workers) = workers {
        workers.await.context("the workers ended")?;
    }
    carrier.end().await;
    Ok(())
}

fn engine(
    database: &Database,
    broker: &BrokerSettings,
    storage: &StorageSettings,
    stopping: &Stopping,
) -> anyhow::Result<Engine> {
    let pool = database.pool.clone();
    Ok(Engine {
        storage: FileStorage::over(storage, &pool)?,
        doorbell: Doorbell::over(broker, &pool)?,
        pool,
        stopping: stopping.clone(),
    })
}

async fn access(database: &Database, web: &WebSettings, secret: Option<&SecretKey>) -> anyhow::Result<Access> {
    let is_https = web.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    Access::open(database, web.access.access_password.as_deref(), secret, is_https)
        .await
        .context("cannot tell who may come in")
}

fn delivering(
    engine: &Engine,
    sealing: SealingKey,
    webhooks: &WebhookSettings,
    deliveries: DeliverySettings,
) -> anyhow::Result<Delivering> {
    Ok(Delivering {
        pool: engine.pool.clone(),
        doorbell: engine.doorbell.clone(),
        sender: Sender::new(webhooks)?,
        sealing,
        limits: Limits {
            per_webhook: deliveries.webhook_concurrency.into(),
            per_worker: deliveries.webhook_worker_concurrency.into(),
        },
    })
}

fn keeping(history: HistorySettings, deliveries: DeliverySettings) -> worker::Keeping {
    worker::Keeping {
        history,
        deliveries: hours(u32::from(deliveries.webhook_keep_days) * 24),
    }
}

fn webhooks(
    arguments: &ServeArguments,
    database: &Database,
    secret: Option<&SecretKey>,
    stopping: &Stopping,
) -> anyhow::Result<Webhooks> {
    Ok(Webhooks {
        database: database.clone(),
        sealing: SealingKey::new(secret)?,
        sender: Sender::new(&arguments.webhooks)?,
        watches: WebhookWatches::new(database.pool.clone(), stopping.clone()),
    })
}

fn uploads(database: &Database, engine: &Engine, settings: &UploadSettings) -> Uploads {
    Uploads {
        database: database.clone(),
        storage: engine.storage.clone(),
        doorbell: engine.doorbell.clone(),
        settings: Keeping {
            max_size_bytes: settings.upload_max_bytes,
            expire_after: hours(settings.upload_expire_hours),
            keep_file_for: hours(settings.keep_file_hours),
            ..Keeping::default()
        },
    }
}

fn hours(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 3600)
}

/// The one line a newcomer looks for.
fn announce(listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr().context("no address to listen on")?;
    println!("Product Importer is ready: http://{address}");
    Ok(())
}
