//! A database of its own for every test, on the server that `TEST_DATABASE_URL` names.

use anyhow::Context;
use product_importer::platform::database::{Database, migrate};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgPool};

/// A fresh, migrated database that is dropped at the end, also of a test that failed.
pub struct TestDatabase {
    server: PgConnectOptions,
    name: String,
    pub database: Database,
}

impl TestDatabase {
    pub async fn create() -> anyhow::Result<Self> {
        let server = server()?;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = server.connect().await.context("cannot reach the server for tests")?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        let database = Database::of(pool(&server, &name, 8).await?);
        migrate(&database.pool).await?;
        Ok(Self { server, name, database })
    }

    /// Connections of its own, as another process would have them.
    pub async fn another(&self) -> anyhow::Result<Database> {
        Ok(Database::of(pool(&self.server, &self.name, 8).await?))
    }

    /// Cuts every connection to the database but those made through the server's own database, as a restart does.
    pub async fn cut_connections(&self) -> anyhow::Result<()> {
        let mut connection = self.server.connect().await?;
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
            .bind(&self.name)
            .execute(&mut connection)
            .await?;
        Ok(connection.close().await?)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Dropping cannot wait on the test's own runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = server.connect().await?;
                let statement = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
                sqlx::query(statement).execute(&mut connection).await?;
                anyhow::Ok(())
            })
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the database {} could not be dropped", self.name);
        }
    }
}

fn server() -> anyhow::Result<PgConnectOptions> {
    let url = std::env::var("TEST_DATABASE_URL")
        .context("TEST_DATABASE_URL has to name a PostgreSQL server on which databases may be created")?;
    url.parse().context("TEST_DATABASE_URL")
}

async fn pool(server: &PgConnectOptions, name: &str, max_connections: u32) -> anyhow::Result<PgPool> {
    let options = server.clone().database(name);
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .connect_with(options)
        .await?)
}
