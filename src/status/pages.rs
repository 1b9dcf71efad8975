//! The page of what the program is doing.

use super::figures::{Figures, Queue};
use super::process::ProcessFigures;
use super::queries::Process;
use crate::http::format::{duration, filters};
use crate::http::pages::{Layout, Section};
use crate::platform::claim::Task;
use crate::platform::database::Pools;
use askama::Template;
use chrono::{DateTime, Utc};

/// `/status`.
#[derive(Template)]
#[template(path = "status/show.html")]
pub struct StatusPage {
    /// The frame.
    pub layout: Layout,
    /// What waits.
    pub queues: Vec<QueueRow>,
    /// What somebody is at, or was until lately.
    pub work: Vec<WorkRow>,
    /// Who is there.
    pub processes: Vec<ProcessRow>,
    /// The process that answers.
    pub own: OwnRow,
}

/// Work that waits.
pub struct QueueRow {
    pub title: &'static str,
    pub depth: i64,
    pub oldest: Option<String>,
}

/// Work that is being done.
pub struct WorkRow {
    pub name: String,
    pub address: String,
    pub stage: String,
    pub holder: String,
    pub lease: String,
    /// Nobody has it, or whoever had it is late.
    pub is_free: bool,
}

/// A process.
pub struct ProcessRow {
    pub role: String,
    pub place: String,
    pub version: String,
    pub started_at: DateTime<Utc>,
    pub silent: Option<String>,
}

/// The process that answers.
pub struct OwnRow {
    pub memory_mb: Option<u64>,
    pub connections: u32,
    pub busy: u32,
    pub most: u32,
}

impl StatusPage {
    /// The page of these figures.
    pub fn new(figures: &Figures, pools: &Pools, process: Option<ProcessFigures>) -> Self {
        Self {
            layout: Layout::new(Section::None, "Status"),
            queues: figures.queues().iter().map(QueueRow::of).collect(),
            work: work(figures),
            processes: figures.processes.iter().map(ProcessRow::of).collect(),
            own: OwnRow::of(pools, process),
        }
    }
}

fn work(figures: &Figures) -> Vec<WorkRow> {
    let row = |name: &str, address: &str, task: &Task| WorkRow {
        name: format!("{name} {}", task.id),
        address: format!("{address}/{}", task.id),
        stage: task.stage.replace('_', " "),
        holder: figures
            .holder(task)
            .map_or_else(|| "a process that is gone".to_owned(), place_of),
        lease: task
            .lease_seconds
            .map_or_else(String::new, |seconds| format!("{:.0} s", seconds.max(0.0))),
        is_free: !task.is_held(),
    };
    let imports = figures.imports.iter().map(|task| row("Import", "/imports", task));
    let changes = figures
        .bulk_changes
        .iter()
        .map(|task| row("Change", "/products/changes", task));
    let lanes = figures.lanes.iter().map(|task| row("Webhook", "/webhooks", task));
    imports.chain(changes).chain(lanes).collect()
}

fn place_of(process: &Process) -> String {
    format!("{} on {} ({})", process.role, process.host, process.pid)
}

impl OwnRow {
    fn of(pools: &Pools, process: Option<ProcessFigures>) -> Self {
        let pools = [&pools.pages.pool, &pools.work.pool];
        let connections = pools.iter().map(|pool| pool.size()).sum::<u32>();
        let idle = pools.iter().map(|pool| pool.num_idle() as u32).sum();
        Self {
            memory_mb: process.map(|process| process.resident_bytes / 1_000_000),
            connections,
            busy: connections.saturating_sub(idle),
            most: pools.iter().map(|pool| pool.options().get_max_connections()).sum(),
        }
    }
}

impl QueueRow {
    fn of(queue: &Queue) -> Self {
        Self {
            title: queue.title,
            depth: queue.depth,
            oldest: (queue.depth > 0).then(|| duration(queue.oldest_seconds)),
        }
    }
}

impl ProcessRow {
    fn of(process: &Process) -> Self {
        Self {
            role: process.role.clone(),
            place: format!("{} ({})", process.host, process.pid),
            version: process.version.clone(),
            started_at: process.started_at,
            silent: (process.silent_seconds > 15.0).then(|| duration(process.silent_seconds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::IndexBacklog;
    use crate::http::pages::assert_no_inline_code;
    use crate::platform::claim;
    use crate::platform::database::Database;
    use crate::webhooks::DeliveryFigures;
    use sqlx::PgPool;

    fn task(id: i64, claim: Option<uuid::Uuid>, lease_seconds: Option<f64>) -> Task {
        Task {
            id,
            stage: "merging".into(),
            claim,
            lease_seconds,
            age_seconds: 130.0,
        }
    }

    #[tokio::test]
    async fn it_tells_what_waits_and_who_is_at_what() {
        let gone = uuid::Uuid::from_bytes([0; 16]);
        let mut figures = Figures {
            imports: vec![
                task(7, Some(claim::token()), Some(6.2)),
                task(8, None, None),
                task(9, Some(gone), Some(3.0)),
            ],
            imports_by_state: Vec::new(),
            bulk_changes: Vec::new(),
            lanes: Vec::new(),
            deliveries: DeliveryFigures::default(),
            index: IndexBacklog::default(),
            processes: vec![Process {
                tag: claim::own_tag(),
                role: "worker".into(),
                host: "<host>".into(),
                pid: 42,
                version: "0.1.0".into(),
                started_at: DateTime::UNIX_EPOCH,
                silent_seconds: 30.0,
            }],
        };
        let database = Database::of(PgPool::connect_lazy("postgres://localhost/none").unwrap());
        let pools = Pools {
            pages: database.clone(),
            work: database,
        };
        let html = StatusPage::new(&figures, &pools, None).render().unwrap();
        assert_no_inline_code(&html);
        assert!(html.contains("worker on &#60;host&#62; (42)"), "{html}");
        assert!(html.contains("silent for 30"), "{html}");
        assert!(
            html.contains("href=\"/imports/8\"")
                && html.contains("waits for a worker")
                && html.contains("a process that is gone"),
            "{html}"
        );
        figures.imports.clear();
        figures.processes.clear();
        let html = StatusPage::new(&figures, &pools, ProcessFigures::read())
            .render()
            .unwrap();
        assert!(html.contains("Nobody is at anything"), "{html}");
    }
}
