//! Metrics as Prometheus takes them (<https://prometheus.io/docs/practices/naming/>).
//!
//! What a process counts itself is its own. What the database tells is the same from every process: dashboards take the
//! largest (`max`), and one process that can be asked is enough.

use super::figures::{self, Figures};
use super::process::ProcessFigures;
use super::queries::Process;
use crate::http::measure;
use crate::imports::StateFigures;
use crate::platform::database::Pools;
use crate::platform::doorbell;
use crate::webhooks::DeliveryFigures;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

type Labels = [(&'static str, String); 1];
type PoolLabels = [(&'static str, &'static str); 2];
type ProcessLabels = [(&'static str, String); 4];
type Numbers = Family<Labels, Gauge>;
type Seconds = Family<Labels, Gauge<f64, AtomicU64>>;
type Counts = Family<Labels, Counter>;

/// All metrics of this process, as text.
pub async fn text(pools: &Pools) -> anyhow::Result<String> {
    let mut registry = Registry::default();
    measure::register(&mut registry);
    if let Some(process) = ProcessFigures::read() {
        register_process(&mut registry, process);
    }
    let ours = registry.sub_registry_with_prefix("product_importer");
    ours.register(
        "broker_up",
        "Whether rings go to other processes and come from them",
        ConstGauge::new(i64::from(doorbell::are_rings_carried())),
    );
    // Before the question that takes a connection itself.
    register_pools(ours, pools);
    let answer = figures::answers(&pools.pages).await;
    ours.register(
        "database_up",
        "Whether the database answers",
        ConstGauge::new(i64::from(answer.is_ok())),
    );
    let figures = match answer {
        Ok(()) => Figures::read(&pools.pages).await,
        Err(error) => Err(error),
    };
    match figures {
        Ok(figures) => register_figures(ours, &figures),
        Err(error) => tracing::debug!(?error, "metrics without those of the database"),
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn register_process(registry: &mut Registry, process: ProcessFigures) {
    let whole = |number: u64| ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
    let ours = registry.sub_registry_with_prefix("process");
    ours.register_with_unit(
        "cpu",
        "Processor time used",
        Unit::Seconds,
        ConstCounter::new(process.cpu_seconds),
    );
    ours.register_with_unit(
        "resident_memory",
        "Memory in use",
        Unit::Bytes,
        whole(process.resident_bytes),
    );
    ours.register_with_unit(
        "start_time",
        "When it started, since 1970",
        Unit::Seconds,
        ConstGauge::new(process.started_seconds),
    );
    ours.register("open_fds", "Files and connections open", whole(process.open_files));
    ours.register(
        "max_fds",
        "Files and connections open at most",
        whole(process.most_files),
    );
    ours.register("threads", "Threads", whole(process.threads));
}

fn register_pools(registry: &mut Registry, pools: &Pools) {
    let (connections, most) = (Family::<PoolLabels, Gauge>::default(), Numbers::default());
    for (name, database) in [("pages", &pools.pages), ("work", &pools.work)] {
        let pool = &database.pool;
        let (size, idle) = (i64::from(pool.size()), pool.num_idle() as i64);
        for (state, count) in [("idle", idle), ("used", (size - idle).max(0))] {
            let labels = [("pool", name), ("state", state)];
            connections.get_or_create(&labels).set(count);
        }
        most.get_or_create(&label("pool", name))
            .set(i64::from(pool.options().get_max_connections()));
    }
    registry.register("database_connections", "Connections of this process", connections);
    registry.register("database_connections_max", "Connections of this process at most", most);
}

fn register_figures(registry: &mut Registry, figures: &Figures) {
    let (depth, oldest) = (Numbers::default(), Seconds::default());
    for queue in figures.queues() {
        depth.get_or_create(&label("queue", queue.name)).set(queue.depth);
        oldest
            .get_or_create(&label("queue", queue.name))
            .set(queue.oldest_seconds);
    }
    registry.register(
        "queue_depth",
        "What waits and nobody is at; deliveries counted up to 10001",
        depth,
    );
    registry.register_with_unit("queue_oldest", "How long the oldest has waited", Unit::Seconds, oldest);
    register_imports(registry, &figures.imports_by_state);
    register_deliveries(registry, figures.deliveries);
    register_work(registry, figures);
}

fn register_deliveries(registry: &mut Registry, deliveries: DeliveryFigures) {
    let attempts = Counts::default();
    for (outcome, count) in [
        ("delivered", deliveries.attempts_delivered),
        ("failed", deliveries.attempts_failed),
    ] {
        attempts.get_or_create(&label("outcome", outcome)).inc_by(count as u64);
    }
    registry.register("webhook_attempts", "Attempts to deliver to webhooks", attempts);
    let pending = ConstGauge::new(deliveries.pending);
    registry.register(
        "webhook_deliveries_pending",
        "Deliveries not made yet, retries included, counted up to 10001",
        pending,
    );
}

/// Who is there, and who is at what.
fn register_work(registry: &mut Registry, figures: &Figures) {
    let (processes, silent) = (
        Numbers::default(),
        Family::<ProcessLabels, Gauge<f64, AtomicU64>>::default(),
    );
    for process in &figures.processes {
        processes.get_or_create(&label("role", &process.role)).inc();
        silent
            .get_or_create(&process_labels(process))
            .set(process.silent_seconds.max(0.0));
    }
    registry.register("processes", "Processes heard of within a minute", processes);
    registry.register_with_unit(
        "process_silent",
        "How long nothing has been heard of each process",
        Unit::Seconds,
        silent,
    );

    let claims = Numbers::default();
    for (queue, held) in figures.claims() {
        claims.get_or_create(&label("queue", queue)).set(held);
    }
    registry.register("claims", "What somebody is at, by a lease that lasts", claims);
}

fn register_imports(registry: &mut Registry, states: &[StateFigures]) {
    let (imports, rows) = (Numbers::default(), Counts::default());
    for state in states {
        imports.get_or_create(&label("state", &state.state)).set(state.imports);
        for (outcome, count) in [
            ("created", state.created),
            ("updated", state.updated),
            ("unchanged", state.unchanged),
            ("duplicate", state.duplicates),
            ("skipped", state.skipped),
            ("rejected", state.rejected),
        ] {
            rows.get_or_create(&label("outcome", outcome)).inc_by(count as u64);
        }
    }
    registry.register("imports", "Imports by state", imports);
    registry.register("import_rows", "Rows of all imports, by what became of them", rows);
}

fn process_labels(process: &Process) -> ProcessLabels {
    [
        ("role", process.role.clone()),
        ("host", process.host.clone()),
        ("pid", process.pid.to_string()),
        ("version", process.version.clone()),
    ]
}

fn label(name: &'static str, value: &str) -> Labels {
    [(name, value.to_owned())]
}
