//! A database whose host vanishes in the middle of whatever workers do: nothing goes to it or comes from it any more, and
//! nobody says so. Statements that it was at are answered by nobody.

use super::support::keeper::free_ports;
use super::support::postgres::HostedPostgres;
use super::support::process::{Process, program};
use super::support::road::Road;
use super::{PATIENCE, get, import};
use anyhow::{Context as _, ensure};
use product_importer::platform::database;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::fmt::Write as _;
use std::time::Duration;

const PRODUCTS: usize = 3_000;
const REJECTED: usize = 700;
/// What each kind of work waits for in the middle of a statement, and how many do: a merge and a change of many products,
/// reading (by COPY), the index, and what became of deliveries.
const WAITED_FOR: [(&str, i64); 4] = [
    ("products", 2),
    ("import_rejections", 1),
    ("search_segments", 1),
    ("webhook_attempts", 1),
];

/// What is there in the end. Which of two imports was merged last is nobody's promise.
const EXPECTED: [(&str, usize); 7] = [
    (
        "SELECT count(*) FROM products WHERE sku LIKE 'A-%' AND NOT active",
        PRODUCTS,
    ),
    (
        "SELECT count(DISTINCT name) FROM products WHERE sku LIKE 'A-%' AND name <> 'Lamp'",
        1,
    ),
    ("SELECT count(*) FROM import_rejections", REJECTED),
    ("SELECT count(DISTINCT number) FROM import_rejections", REJECTED),
    ("SELECT count(*) FROM bulk_changes WHERE state = 'done'", 1),
    ("SELECT least(count(*), 1) FROM webhook_attempts", 1),
    ("SELECT count(*) FROM search_changes", 0),
];

/// An import on its way to its end.
type Importing = tokio::task::JoinHandle<anyhow::Result<Value>>;

/// A worker that reaches its database by a road, and a web process beside it that does not need it.
struct Scene {
    worker: Process,
    metrics: String,
    _web: Process,
    address: String,
    /// Holds what work waits for.
    holder: PgConnection,
    /// Looks from a transaction of its own each time.
    looker: PgConnection,
    road: Road,
    _database: HostedPostgres,
}

impl Scene {
    async fn set() -> anyhow::Result<Self> {
        let database = HostedPostgres::start().await?;
        let road = Road::to(database.port()).await?;
        let own_net = ("WEBHOOK_ALLOW_NETS", "127.0.0.0/8");
        let mut web = program(Some(&database.url()));
        let (web, address) = Process::serve(web.arg("web").envs([own_net]))?;
        let [port] = free_ports()?;
        let mut worker = program(Some(&HostedPostgres::url_by(road.port()?)));
        worker
            .arg("worker")
            .envs([own_net, ("METRICS_PORT", &port.to_string())]);
        Ok(Self {
            worker: Process::start(&mut worker)?,
            metrics: format!("http://127.0.0.1:{port}/metrics"),
            holder: PgConnection::connect(&database.url()).await?,
            looker: PgConnection::connect(&database.url()).await?,
            road,
            _database: database,
            _web: web,
            address,
        })
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{}/api/v1/{path}", self.address);
        Client::new().post(url).json(body).send().await?.error_for_status()?;
        Ok(())
    }

    async fn hold(&mut self, what: &str) -> anyhow::Result<()> {
        let statement = format!("LOCK TABLE {what} IN EXCLUSIVE MODE");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut self.holder)
            .await?;
        Ok(())
    }

    /// Waits until a question to the database has that answer.
    async fn until(&mut self, question: &str, answer: i64) -> anyhow::Result<()> {
        let mut last = None;
        let asking = async {
            while last != Some(answer) {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let asked = sqlx::query_scalar(AssertSqlSafe(question.to_owned()));
                last = Some(asked.fetch_one(&mut self.looker).await?);
            }
            anyhow::Ok(())
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        waited.with_context(|| format!("{question}: {last:?}"))?
    }

    /// Has the worker do all that it can do, each in the middle of a statement. Gives both imports.
    async fn be_at_everything(&mut self) -> anyhow::Result<[Importing; 2]> {
        import(&self.address, &csv("Lamp", 0)).await?;
        self.until("SELECT count(*) FROM search_changes", 0).await?;
        sqlx::raw_sql("BEGIN").execute(&mut self.holder).await?;
        self.hold("search_segments, webhook_attempts, import_rejections")
            .await?;
        // Nobody listens there.
        let webhook = json!({"url": "http://127.0.0.1:9/", "events": ["product.created"]});
        self.post("webhooks", &webhook).await?;
        self.post("products", &json!({"sku": "B", "name": "Told of and indexed"}))
            .await?;
        self.hold("products").await?;
        let everything = json!({"action": "deactivate", "filter": {}, "expected": PRODUCTS + 1});
        self.post("products/changes", &everything).await?;
        let imports = [csv("Table", 0), csv("Chair", REJECTED)].map(|csv| {
            let address = self.address.clone();
            tokio::spawn(async move { import(&address, &csv).await })
        });
        for (table, waiters) in WAITED_FOR {
            let question = format!(
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = '{table}'::regclass AND NOT granted"
            );
            self.until(&question, waiters).await?;
        }
        Ok(imports)
    }

    /// Looks at what must be there once everything has gone on, and that the worker did so by itself.
    async fn all_is_well(mut self, lost: &[i32], imports: [Importing; 2]) -> anyhow::Result<()> {
        for (importing, rejected) in imports.into_iter().zip([0, REJECTED]) {
            let import = importing.await??;
            let counts = ["state", "updated", "created", "rejected"].map(|name| import[name].clone());
            assert_eq!(counts, [json!("done"), json!(PRODUCTS), json!(0), json!(rejected)]);
        }
        for (question, answer) in EXPECTED {
            self.until(question, answer as i64).await?;
        }
        // Neither end keeps what was lost.
        let kept = format!("SELECT count(*) FROM pg_stat_activity WHERE client_port = ANY(ARRAY{lost:?})");
        self.until(&kept, 0).await?;
        self.until_few_are_used().await?;
        let again = import(&self.address, "sku,name\nC,Bench\n").await?;
        assert_eq!(again["created"], 1, "{again}");
        // Not waited for in one go: what carries its words along the road is in this thread.
        self.worker.ask_to_end()?;
        ensure!(
            self.worker.ended().await?.success(),
            "it stayed until it was asked to go"
        );
        Ok(())
    }

    /// Waits until the worker has nothing more to wait for: one connection listens, one may be asking.
    async fn until_few_are_used(&self) -> anyhow::Result<()> {
        let mut text = String::new();
        let asking = async {
            loop {
                text = get(&self.metrics).await?.text().await?;
                let used = "product_importer_database_connections{pool=\"work\",state=\"used\"} ";
                let used = text.lines().find_map(|line| line.strip_prefix(used));
                if used.context("no such metric")?.parse::<u32>()? <= 2 {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, asking).await;
        waited.with_context(|| text.clone())?
    }
}

/// A file of all products under that name, and so many rows that are none.
fn csv(name: &str, rejected: usize) -> String {
    let mut csv = String::from("sku,name\n");
    for number in 0..PRODUCTS {
        let _ = writeln!(csv, "A-{number},{name}");
    }
    for _ in 0..rejected {
        csv.push_str(",Without a SKU\n");
    }
    csv
}

/// Another host has its place at once: whatever is new is answered, also the renewing of leases.
#[tokio::test]
async fn work_goes_on_where_another_host_takes_over_at_once() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let imports = scene.be_at_everything().await?;
    let lost = scene.road.lose_lines()?;
    sqlx::raw_sql("ROLLBACK").execute(&mut scene.holder).await?;
    scene.all_is_well(&lost, imports).await
}

/// It is away for longer than any lease lasts, and then there again.
#[tokio::test]
async fn work_goes_on_when_a_host_that_vanished_is_back() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let imports = scene.be_at_everything().await?;
    scene.road.close()?;
    let lost = scene.road.lose_lines()?;
    sqlx::raw_sql("ROLLBACK").execute(&mut scene.holder).await?;
    let held = "SELECT count(*) FROM imports WHERE lease_until > clock_timestamp()";
    scene.until(held, 0).await?;
    scene.road.open()?;
    scene.all_is_well(&lost, imports).await
}

/// It is on its way when the host vanishes, so the kernel sends it again and again, and asks for nothing.
#[tokio::test]
async fn a_statement_that_does_not_arrive_fails() -> anyhow::Result<()> {
    let database = HostedPostgres::start().await?;
    let road = Road::to(database.port()).await?;
    let work = database::connect(&HostedPostgres::url_by(road.port()?), 1).await?;
    let mut connection = work.pool.acquire().await?;
    road.lose_lines()?;
    let failing = sqlx::query("SELECT 1").execute(&mut *connection);
    let failed = tokio::time::timeout(PATIENCE, failing).await?;
    ensure!(matches!(failed, Err(sqlx::Error::Io(_))), "{failed:?}");
    drop(connection);
    sqlx::query("SELECT 1").execute(&work.pool).await?;
    Ok(())
}

/// Nothing is heard of it meanwhile but that its host is there.
#[tokio::test]
async fn a_statement_that_takes_long_is_waited_for() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    sqlx::raw_sql("BEGIN").execute(&mut scene.holder).await?;
    scene.hold("products").await?;
    let address = scene.address.clone();
    let importing = tokio::spawn(async move { import(&address, &csv("Lamp", 0)).await });
    let waiting = "SELECT least(count(*), 1) FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND application_name LIKE 'import %'
                     AND clock_timestamp() - query_start > interval '30 s'";
    scene.until(waiting, 1).await?;
    sqlx::raw_sql("ROLLBACK").execute(&mut scene.holder).await?;
    assert_eq!(importing.await??["created"], PRODUCTS);
    let failures = "SELECT count(*) FROM imports WHERE last_error IS NOT NULL OR attempts > 1";
    scene.until(failures, 0).await
}
