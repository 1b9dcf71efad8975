//! `serve` and `web`: the processes that answer.

use super::start::{Connections, Opened};
use super::waiting::{self, Patience};
use super::work::{WorkSettings, engine, until_late, uploads, workers};
use super::{Failure, signals, start};
use crate::accounts::Access;
use crate::catalog::Search;
use crate::config::{DatabaseSettings, SearchSettings, WebSettings};
use crate::http::deadline::Deadline;
use crate::http::serving;
use crate::http::site_guard::SiteGuard;
use crate::imports::{Engine, Watches};
use crate::platform::database::{Database, Pools};
use crate::platform::memory;
use crate::platform::postgres::ServeLock;
use crate::platform::sealing::SealingKey;
use crate::platform::secret_key::SecretKey;
use crate::platform::stopping::Stopping;
use crate::router::{self, AppState};
use crate::status;
use crate::webhooks::{Sender, Watches as WebhookWatches, Webhooks};
use anyhow::Context as _;
use clap::Args;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use tokio::net::TcpListener;

/// The settings of `serve` and `web`.
#[derive(Args, Clone)]
pub struct ServeArguments {
    #[command(flatten)]
    work: WorkSettings,
    #[command(flatten)]
    web: WebSettings,
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
    let (web, database) = (&arguments.web, &arguments.work.database);
    web.access.check(web.host).map_err(Failure::Usage)?;
    start::run(async {
        let _lock = lock(database)?;
        let mut listener = listen(SocketAddr::new(web.host, web.port)).await?;
        let stopping = signals::listen()?.stopping;
        let connections = match half {
            Half::Web => Connections::Pages,
            Half::Both => Connections::Both,
        };
        let opening = start::open_unless(database, connections, Patience::Endless, &stopping);
        let Some(opened) = waiting::while_answering(&mut listener, opening).await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let result = serve_with(arguments, half, listener, &opened, stopping).await;
        opened.close().await;
        result?;
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

/// Takes the port, or says who may have it.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {} is taken by another program. Stop that one, or choose another port: PORT={} product-importer",
            address.port(),
            address.port().saturating_add(1)
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    })
}

async fn serve_with(
    arguments: &ServeArguments,
    half: Half,
    listener: TcpListener,
    opened: &Opened,
    stopping: Stopping,
) -> Result<(), Failure> {
    let working = match half {
        Half::Both => &opened.database,
        Half::Web => &opened.pages,
    };
    let engine = engine(&arguments.work, working, &stopping).await?;
    let carrier = engine.doorbell.carry();
    let Some(state) = state(arguments, &engine, opened.pools()).await? else {
        return Ok(());
    };
    let beside = beside(arguments, half, &engine, working, &state.webhooks);
    let mut beside = tokio::spawn(until_late(stopping.clone(), "work", beside));
    announce(&listener)?;
    let mut asked = stopping.clone();
    let server = serving::serve(listener, router::service(state), async move { asked.wait().await });
    let mut server = pin!(until_late(stopping, "requests", server));
    tokio::select! {
        () = &mut server => beside.await.context("the workers ended")?,
        // One that panics ends the process, which is then started again. Nobody would miss the work of one that answers.
        ended = &mut beside => {
            ended.context("the workers ended")?;
            server.await;
        }
    }
    carrier.end().await;
    Ok(())
}

/// What handlers need. Nothing, if the process is to end before the database has told it.
async fn state(arguments: &ServeArguments, engine: &Engine, pools: Pools) -> anyhow::Result<Option<AppState>> {
    let (work, web) = (&arguments.work, &arguments.web);
    let database = &pools.pages;
    let secret = start::secret(&work.database, &work.secret)?;
    let asking = async || access(database, web, secret.as_ref()).await;
    let Some(access) = waiting::until_it_works(Patience::Endless, &engine.stopping, asking).await? else {
        return Ok(None);
    };
    Ok(Some(AppState {
        search: Search::new(database.clone(), work.search.search_memory_mb).caching(cache_mb(&work.search)),
        database: database.clone(),
        doorbell: engine.doorbell.clone(),
        uploads: uploads(database, engine, &work.uploads),
        watches: Watches::new(database.clone(), engine.stopping.clone()),
        webhooks: Webhooks {
            database: database.clone(),
            sealing: SealingKey::new(secret.as_ref())?,
            sender: Sender::new(&work.webhooks)?,
            watches: WebhookWatches::new(database.pool.clone(), engine.stopping.clone()),
        },
        guard: SiteGuard::new(web.public_url.as_deref(), access.is_locked()),
        access,
        pools,
        deadline: Deadline::beside(work.database.statement_timeout()),
    }))
}

async fn access(database: &Database, web: &WebSettings, secret: Option<&SecretKey>) -> anyhow::Result<Access> {
    let is_https = web.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    Access::open(database, web.access.access_password.as_deref(), secret, is_https)
        .await
        .context("cannot tell who may come in")
}

/// What a process does besides answering.
fn beside(
    arguments: &ServeArguments,
    half: Half,
    engine: &Engine,
    database: &Database,
    webhooks: &Webhooks,
) -> impl Future<Output = ()> + use<> {
    let (sealing, sender) = (webhooks.sealing.clone(), webhooks.sender.clone());
    let working = match half {
        Half::Both => Some(workers(&arguments.work, engine, database, sealing, sender)),
        Half::Web => None,
    };
    let (pool, stopping) = (database.pool.clone(), engine.stopping.clone());
    async move {
        match working {
            Some(working) => {
                tokio::join!(working, status::be_present(&pool, "serve", stopping));
            }
            None => status::be_present(&pool, "web", stopping).await,
        }
    }
}

/// The one line a newcomer looks for.
fn announce(listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr().context("no address to listen on")?;
    println!("Product Importer is ready: http://{address}");
    Ok(())
}

/// What searches may keep unless it is said: it is only taken for what has been read, about 100 MB for half a million
/// products, 2 GB for ten million.
fn cache_mb(settings: &SearchSettings) -> u32 {
    const SHARE: u64 = 32;
    let share = || (memory::machine_bytes() / SHARE) >> 20;
    settings
        .search_cache_mb
        .unwrap_or_else(|| share().clamp(64, 1024) as u32)
}
