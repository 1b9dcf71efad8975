//! A database of its own for every test, on the server that `TEST_DATABASE_URL` names or on a private one.

use super::storages;
use anyhow::Context;
use product_importer::platform::database::{Database, migrate};
use product_importer::platform::postgres::{PrivatePostgres, Startup};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};
use std::sync::{Mutex, PoisonError};

/// A fresh, migrated database that is dropped at the end, also of a test that failed.
pub struct TestDatabase {
    server: PgConnectOptions,
    name: String,
    url: String,
    pub database: Database,
}

impl TestDatabase {
    pub async fn create() -> anyhow::Result<Self> {
        let database = Self::empty().await?;
        migrate(&database.database.pool).await?;
        Ok(database)
    }

    /// One with nothing in it, not even the schema.
    pub async fn empty() -> anyhow::Result<Self> {
        let server_url = server_url()?;
        let server: PgConnectOptions = server_url.parse().context("TEST_DATABASE_URL")?;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let place = place_on(&server).await.context("cannot reach the server for tests")?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&place)
            .await?;
        place.close().await;
        let database = Database::of(pool(&server, &name, 8).await?);
        let url = url_of(&server_url, &name)?;
        Ok(Self {
            server,
            name,
            url,
            database,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where another process finds it.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Connections of its own, as another process would have them.
    pub async fn another(&self) -> anyhow::Result<Database> {
        Ok(Database::of(pool(&self.server, &self.name, 8).await?))
    }

    /// Cuts every connection to the database but those made through the server's own database, as a restart does.
    pub async fn cut_connections(&self) -> anyhow::Result<()> {
        let place = place_on(&self.server).await?;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(&self.name)
            .execute(&place)
            .await?;
        place.close().await;
        Ok(())
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Dropping cannot wait on the test's own runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let place = place_on(&server).await?;
                let statement = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
                sqlx::query(statement).execute(&place).await?;
                anyhow::Ok(())
            })
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the database {} could not be dropped", self.name);
        }
        storages::forget_folder(&self.name);
    }
}

/// The server for tests. Without `TEST_DATABASE_URL` it is a private one that test processes start and share.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
fn server_url() -> anyhow::Result<String> {
    static SERVER: Mutex<Option<PrivatePostgres>> = Mutex::new(None);
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        return Ok(url);
    }
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if server.is_none() {
        let user = nix::unistd::geteuid();
        let folder = std::env::temp_dir().join(format!("product-importer-tests-{user}"));
        let startup = Startup {
            // No test cuts the power, and dropping a database waits until all that others wrote is on the disk. Programs
            // of several tests share the server.
            settings: ["fsync=off", "max_connections=300"].map(str::to_owned).into(),
            ..Startup::default()
        };
        *server = Some(PrivatePostgres::start_or_join_with(&folder, startup)?);
    }
    server.as_ref().map(PrivatePostgres::url).context("no server")
}

/// The address of a database of that name on the same server.
fn url_of(server: &str, name: &str) -> anyhow::Result<String> {
    let (scheme, rest) = server.split_once("://").context("no scheme in the server's address")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split_once('/').map_or(place, |(authority, _)| authority);
    Ok(format!("{scheme}://{authority}/{name}?{query}"))
}

/// One connection to the server itself. Where the tests beside this one have all that it gives, a pool waits.
async fn place_on(server: &PgConnectOptions) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(1)
        .connect_with(server.clone())
        .await
}

async fn pool(server: &PgConnectOptions, name: &str, max_connections: u32) -> anyhow::Result<PgPool> {
    let options = server.clone().database(name);
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .connect_with(options)
        .await?)
}
