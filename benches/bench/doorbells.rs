//! From commit to pick-up: how long a row waits until a worker claims it, by what carries the ring.
//!
//! Workers are processes of their own. Rows are imports of empty files, committed one by one at an uneven pace; the
//! claim writes down when it began, by the same clock.

use crate::Options;
use crate::brokers::{Broker, Kind, settings};
use crate::machine::Machine;
use crate::report::{Latency, Report};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use product_importer::platform::doorbell::Doorbell;
use sqlx::PgPool;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DATABASE: &str = "importer_bench_doorbells";
const WORKERS: [usize; 3] = [1, 4, 16];
const ROWS: u64 = 200;
/// Time for every worker's connection to the broker.
const SETTLING: Duration = Duration::from_millis(1500);
const PICKED_UP_WITHIN: Duration = Duration::from_secs(20);
/// What web processes ring when a file has arrived.
const TOPIC: &str = "import";

pub fn measure(options: &Options) -> Result<()> {
    let server = Server::find()?;
    let redis = Broker::start(Kind::Redis)?;
    let rabbitmq = Broker::start(Kind::RabbitMq)?;
    // A broker that is not there: only looking finds rows.
    let nobody = Broker::new(Kind::Redis)?;
    let ways = [
        ("PostgreSQL", "postgres".to_owned()),
        ("Redis", redis.url()),
        ("RabbitMQ", rabbitmq.url()),
        ("no ring", nobody.url()),
    ];
    let mut report = Report {
        title: format!("Doorbells: from commit to pick-up, {ROWS} rows each"),
        machine: Machine::of(&server)?,
        entries: Vec::new(),
        latencies: Vec::new(),
        notes: Vec::new(),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    for (name, url) in &ways {
        for workers in WORKERS {
            let took = runtime.block_on(run(options, &server, url, workers))?;
            let workers = format!("{workers} worker{}", if workers == 1 { "" } else { "s" });
            report.latencies.push(Latency::of(name, &workers, took.len(), &took));
        }
    }
    server.drop_database(DATABASE)?;
    report.print(options.json)
}

async fn run(options: &Options, server: &Server, broker_url: &str, workers: usize) -> Result<Vec<Duration>> {
    server.drop_database(DATABASE)?;
    server.ask("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    let url = server.database_url(DATABASE);
    let mut started = Vec::new();
    for _ in 0..workers {
        started.push(Worker::start(options, &url, broker_url)?);
    }
    started.iter_mut().try_for_each(Worker::ready)?;
    let pool = PgPool::connect(&url).await?;
    let doorbell = Doorbell::over(&settings(&["--broker-url", broker_url])?, &pool)?;
    let carrier = doorbell.carry();
    tokio::time::sleep(SETTLING).await;
    let committed = commit_and_ring(&pool, &doorbell).await?;
    let claimed = tokio::time::timeout(PICKED_UP_WITHIN, claimed(&pool));
    let claimed = claimed.await.context("some rows were never picked up")??;
    carrier.end().await;
    pool.close().await;
    ensure!(claimed.len() == committed.len(), "rows are missing");
    let took = committed.iter().zip(claimed).map(|(committed, claimed)| {
        let took = claimed - committed.as_secs_f64();
        // Two processes read the clock: a claim may seem to come before the commit's answer did.
        Duration::from_secs_f64(took.max(0.0))
    });
    Ok(took.collect())
}

/// When each row was committed, in the order of their ids.
async fn commit_and_ring(pool: &PgPool, doorbell: &Doorbell) -> Result<Vec<Duration>> {
    let mut committed = Vec::new();
    for number in 0..ROWS {
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO imports (filename, source, mode, new_status, state, phase, bytes_total)
             VALUES ('empty.csv', 'upload', 'overwrite', 'active', 'queued', 'reading', 0) RETURNING id",
        )
        .fetch_one(pool)
        .await?;
        committed.push(SystemTime::now().duration_since(UNIX_EPOCH)?);
        doorbell.ring(TOPIC, id);
        tokio::time::sleep(Duration::from_millis(17 + number * 7 % 19)).await;
    }
    Ok(committed)
}

/// When each row was claimed, in the order of their ids, once all are.
async fn claimed(pool: &PgPool) -> Result<Vec<f64>> {
    loop {
        let claimed: Vec<Option<f64>> =
            sqlx::query_scalar("SELECT extract(epoch FROM started_at)::float8 FROM imports ORDER BY id")
                .fetch_all(pool)
                .await?;
        if let Some(claimed) = claimed.into_iter().collect() {
            return Ok(claimed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A `product-importer worker`, killed at the end.
struct Worker(Child);

impl Worker {
    fn start(options: &Options, database_url: &str, broker_url: &str) -> Result<Self> {
        let worker = Command::new(&options.program)
            .arg("worker")
            .env("DATABASE_URL", database_url)
            .env("DATABASE_CONNECTIONS", "5")
            .env("BROKER_URL", broker_url)
            .env("RUST_LOG", "product_importer=info")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Ok(Self(worker?))
    }

    /// Waits until it says that it works. What it says later is thrown away.
    fn ready(&mut self) -> Result<()> {
        let mut log = BufReader::new(self.0.stderr.take().context("no log")?);
        let mut line = String::new();
        while !line.contains("working") {
            line.clear();
            ensure!(log.read_line(&mut line)? > 0, "a worker ended");
        }
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It fails when it has ended already, and then there is nothing left to do.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
