//! The database: one pool, seen as sqlx (bulk work, claims) and as SeaORM (entities, lists).
//!
//! Also the one place that tells what a failed statement means for who asked: disk full, database away, or a bug.

use super::keepalive;
use anyhow::Context;
use chrono::{DateTime, Utc};
use log::LevelFilter;
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long work waits for a free connection before it is tried again later.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for a request, which a router gives up after half a minute altogether.
const PAGE_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a connection is opened in place of one that does not answer.
const RECONNECT_EVERY: Duration = Duration::from_secs(1);
/// How long after its longest statement a connection of theirs is waited for when it comes back.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);

/// Of a statement that takes longer, pages' log warns; that of work tells it at the level of debug.
const SLOW: Duration = Duration::from_secs(1);

/// What the server's list of connections calls ours.
const APPLICATION_NAME: &str = "product-importer";
/// For every connection. A process that stalls or vanishes in the middle of a transaction must not keep its locks:
/// no transaction here is idle for longer than a moment, and a line whose other end is gone is given up in about
/// 25 seconds, as we do ([`keepalive`]). On a Unix socket the server passes over what is TCP's.
const SESSION: [(&str, &str); 5] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    // While an answer has not arrived, nobody is asked whether he is there.
    ("tcp_user_timeout", "25s"),
];

/// A process may start again after a newer one has taken the schema further: steps it does not know are no reason
/// to stay down.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("./migrations");
    migrations.set_ignore_missing(true);
    migrations
});

/// The database under both its names. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct Database {
    /// For SQL by hand.
    pub pool: PgPool,
    /// For entities.
    pub orm: DatabaseConnection,
}

/// The connections of a process: every process has some of both.
#[derive(Clone, Debug)]
pub struct Pools {
    /// For pages and the API ([`for_pages`]).
    pub pages: Database,
    /// For work, which may take as long as it takes.
    pub work: Database,
}

/// Connects to the server at `url`, keeping at most `max_connections` open. They are for work, whose statements may take
/// long: nobody is warned when they do.
pub async fn connect(url: &str, max_connections: u32) -> anyhow::Result<Database> {
    const FAILED: &str = "cannot connect to PostgreSQL";
    let options = options(url).context(FAILED)?;
    let options = options.log_slow_statements(LevelFilter::Debug, SLOW);
    // Once by hand: a pool tries again by itself, and tells in the end only that it took too long.
    try_out(&options).await.context(FAILED)?;
    let pool = looking_after(&options)
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .context(FAILED)?;
    Ok(Database::of(pool))
}

/// A pool whose connections end when the server's host is gone.
fn looking_after(options: &PgConnectOptions) -> PgPoolOptions {
    let port = options.get_port();
    PgPoolOptions::new().after_connect(move |_, _| {
        keepalive::look_after(port);
        Box::pin(async { Ok(()) })
    })
}

async fn try_out(options: &PgConnectOptions) -> sqlx::Result<()> {
    match answered(ACQUIRE_TIMEOUT, Box::pin(options.connect())).await {
        Ok(connection) => connection.close().await,
        // Where there is no socket, there may be one later; other files are settings.
        Err(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound && options.get_socket().is_none() => {
            Err(sqlx::Error::Configuration(error.into()))
        }
        Err(error) => Err(error),
    }
}

/// What the server answers. One that takes longer fails as one that is away does.
pub async fn answered<T>(limit: Duration, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let no_answer = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into());
    timeout(limit, answer).await.unwrap_or_else(no_answer)
}

/// Whether a start that failed like this may work later without anybody changing a setting.
pub fn may_come(failure: &anyhow::Error) -> bool {
    let mut causes = failure.chain().filter_map(|cause| cause.downcast_ref::<sqlx::Error>());
    match causes.next() {
        // How to encrypt, and whom to trust.
        Some(sqlx::Error::Tls(_)) => false,
        Some(sqlx::Error::Io(error)) => !matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied
        ),
        // Somebody between answers and has nobody to pass it on to.
        Some(sqlx::Error::Protocol(_)) => true,
        _ => Trouble::within(failure) != Trouble::Other,
    }
}

/// The address with what it leaves open.
fn options(url: &str) -> sqlx::Result<PgConnectOptions> {
    let stated: PgConnectOptions = url.parse()?;
    let stated_options = stated.get_options().unwrap_or_default().to_owned();
    let open = SESSION.into_iter().filter(|(name, _)| !stated_options.contains(name));
    let named = match stated.get_application_name() {
        Some(_) => stated,
        None => stated.application_name(APPLICATION_NAME),
    };
    Ok(named.options(open))
}

/// Brings the schema up to date. Processes that start at once take turns.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    MIGRATIONS
        .run(pool)
        .await
        .context("cannot bring the database schema up to date")
}

/// Whether every step of the schema that this program knows has been taken.
pub async fn is_current(pool: &PgPool) -> sqlx::Result<bool> {
    let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
        .fetch_one(pool)
        .await?;
    Ok(taken >= MIGRATIONS.iter().count() as i64)
}

/// What time the database has: the clock that all machines share.
pub async fn now(pool: &PgPool) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(pool).await
}

/// The database's clock, carried on by this process's own without asking each time.
#[derive(Debug)]
pub struct DatabaseClock(Mutex<(DateTime<Utc>, Instant)>);

impl DatabaseClock {
    /// A clock that shows `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Mutex::new((now, Instant::now())))
    }

    /// What time it is.
    pub fn now(&self) -> DateTime<Utc> {
        let (shown, at) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown + at.elapsed()
    }

    /// Sets the clock.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (now, Instant::now());
    }
}

/// Connections of their own for pages and the API, at most so many: what they ask for may not take long, since people
/// wait for it and a router waits no longer than half a minute. They are opened when they are needed, and their name ends
/// with `pages` ([`give_way`](super::giving_way::give_way)).
///
/// One that comes back without answering is replaced. sqlx alone would wait for as long as the server stands still, which
/// takes all of them with it, or until the kernel finds its host gone, while people wait.
pub fn for_pages(url: &str, max_connections: u32, statement_timeout: Duration) -> anyhow::Result<Database> {
    let ended_after = format!("{}ms", statement_timeout.as_millis());
    let options = options(url)?.options([("statement_timeout", ended_after)]);
    let name = format!("{} pages", options.get_application_name().unwrap_or_default());
    let options = options
        .application_name(&name)
        .log_slow_statements(LevelFilter::Warn, SLOW);
    let replacing = options.clone();
    let pool = looking_after(&options)
        .max_connections(max_connections)
        .acquire_timeout(PAGE_ACQUIRE_TIMEOUT)
        .after_release(move |connection, _| {
            let options = replacing.clone();
            Box::pin(async move {
                let limit = statement_timeout + RELEASE_TIMEOUT;
                if timeout(limit, connection.ping()).await.is_err() {
                    *connection = replacement(&options).await;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    Ok(Database::of(pool))
}

/// A new connection, as soon as there is one. The one in its place is dropped, since closing it would wait for an answer of
/// the other end as well, where it is encrypted.
async fn replacement(options: &PgConnectOptions) -> PgConnection {
    loop {
        match answered(ACQUIRE_TIMEOUT, Box::pin(options.connect())).await {
            Ok(connection) => {
                keepalive::look_after(options.get_port());
                return connection;
            }
            Err(_) => tokio::time::sleep(RECONNECT_EVERY).await,
        }
    }
}

/// What connections for pages are doing, of all processes.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct PagesAtWork {
    /// How many are executing a statement. One that waits for a lock may wait for us.
    pub now: i64,
    /// How many have executed one just now, or are about it.
    pub lately: i64,
}

/// Tells how busy pages are, now and in the last twentieth of a second.
pub async fn pages_at_work(connection: &mut PgConnection) -> sqlx::Result<PagesAtWork> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock') AS now,
                count(*) FILTER (WHERE state = 'active' OR state_change > clock_timestamp() - interval '50 ms') AS lately
         FROM pg_stat_activity
         WHERE datname = current_database() AND usename = current_user AND application_name LIKE '% pages'",
    )
    .fetch_one(connection)
    .await
}

impl Database {
    /// A database over a pool that is open already.
    pub fn of(pool: PgPool) -> Self {
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Self { pool, orm }
    }
}

/// Whether somebody else's change at the same moment was in the way, so that trying again will tell.
pub fn is_conflict(failure: &anyhow::Error) -> bool {
    let Some(sqlx::Error::Database(error)) = failure.downcast_ref::<sqlx::Error>() else {
        return false;
    };
    // unique_violation, serialization_failure, deadlock_detected
    error
        .code()
        .is_some_and(|code| ["23505", "40001", "40P01"].contains(&code.as_ref()))
}

/// What a failure means for who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server has no room left on its disk.
    DiskFull,
    /// The server cannot be reached, is starting, stopping, overloaded or takes nothing: worth another try.
    Away,
    /// Anything else: a bug, or data the code did not expect.
    Other,
}

impl Trouble {
    /// What a failed statement means.
    pub fn of(error: &sqlx::Error) -> Self {
        use sqlx::Error::{Database, Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
        match error {
            Io(_) | Tls(_) | PoolTimedOut | PoolClosed | WorkerCrashed => Self::Away,
            Database(error) => error.code().map_or(Self::Other, |code| Self::of_sqlstate(&code)),
            _ => Self::Other,
        }
    }

    /// What a failure of SeaORM means.
    pub fn of_orm(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) => Self::Away,
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Self::of(error),
            _ => Self::Other,
        }
    }

    /// What a failure means that has been passed on with context: the first database error in it decides.
    pub fn within(failure: &anyhow::Error) -> Self {
        if failure.chain().any(is_full_disk) {
            return Self::DiskFull;
        }
        failure
            .chain()
            .find_map(|cause| {
                let by_sqlx = cause.downcast_ref::<sqlx::Error>().map(Self::of);
                let by_orm = || cause.downcast_ref::<DbErr>().map(Self::of_orm);
                let by_storage = || cause.downcast_ref::<object_store::Error>().map(Self::of_storage);
                by_sqlx.or_else(by_orm).or_else(by_storage)
            })
            .unwrap_or(Self::Other)
    }

    /// What a failure of a bucket or a folder means: what is no plain answer is an outage.
    fn of_storage(error: &object_store::Error) -> Self {
        match error {
            object_store::Error::Generic { .. } => Self::Away,
            _ => Self::Other,
        }
    }

    /// Classes of PostgreSQL's error codes (its manual, appendix A).
    fn of_sqlstate(code: &str) -> Self {
        match code {
            "53100" => Self::DiskFull,
            // A standby that is about to take over, too many connections, a lock that was not to be had in time (a step of
            // the schema is tried again then), a statement that took too long, a server that stops or starts.
            "25006" | "53300" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" => Self::Away,
            _ if code.starts_with("08") => Self::Away,
            _ => Self::Other,
        }
    }
}

/// A folder for files has a disk of its own.
fn is_full_disk(cause: &(dyn std::error::Error + 'static)) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let error = cause.downcast_ref::<io::Error>();
    error.is_some_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_happened() {
        assert_eq!(Trouble::of_sqlstate("53100"), Trouble::DiskFull);
        for code in ["57P03", "53300", "55P03", "57014", "25006"] {
            assert_eq!(Trouble::of_sqlstate(code), Trouble::Away, "{code}");
        }
        assert_eq!(Trouble::of_sqlstate("08006"), Trouble::Away);
        assert_eq!(Trouble::of_sqlstate("23505"), Trouble::Other);
    }

    #[test]
    fn what_a_setting_is_to_blame_for_is_not_waited_for() {
        let comes = |error: sqlx::Error| may_come(&anyhow::Error::new(error).context("cannot connect"));
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::NotFound,
            io::ErrorKind::TimedOut,
        ] {
            assert!(comes(sqlx::Error::Io(kind.into())), "{kind}");
        }
        assert!(comes(sqlx::Error::PoolTimedOut));
        assert!(!comes(sqlx::Error::Io(io::ErrorKind::InvalidData.into())));
        assert!(!comes(sqlx::Error::Tls("the server speaks none".into())));
        assert!(!comes(sqlx::Error::Configuration("no such file".into())));
    }

    #[test]
    fn context_does_not_hide_the_trouble() {
        let failure = anyhow::Error::new(sqlx::Error::PoolTimedOut).context("cannot keep a piece");
        assert_eq!(Trouble::within(&failure), Trouble::Away);
    }
}
