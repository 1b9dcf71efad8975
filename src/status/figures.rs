//! All that the database tells of what waits and what is being done.

use super::queries::{self, Process};
use crate::catalog::{self, IndexBacklog};
use crate::imports::{self, StateFigures};
use crate::platform::claim::{Task, tag_of};
use crate::platform::database::{Database, answered};
use crate::webhooks::{self, DeliveryFigures};
use std::time::Duration;

/// Somebody who waits for longer than this for a look at the state of things is better told that there is none.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the database tells.
#[derive(Clone, Debug)]
pub struct Figures {
    pub imports: Vec<Task>,
    pub imports_by_state: Vec<StateFigures>,
    pub bulk_changes: Vec<Task>,
    pub lanes: Vec<Task>,
    pub deliveries: DeliveryFigures,
    pub index: IndexBacklog,
    pub processes: Vec<Process>,
}

/// Work of one kind that nobody is at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// As metrics call it.
    pub name: &'static str,
    /// As people call it.
    pub title: &'static str,
    pub depth: i64,
    pub oldest_seconds: f64,
}

impl Figures {
    /// Asks the database. One that is slow fails as one that is away does.
    pub async fn read(database: &Database) -> sqlx::Result<Self> {
        answered(PATIENCE, Self::ask(database)).await
    }

    async fn ask(database: &Database) -> sqlx::Result<Self> {
        // One after another, so that they take one connection.
        let pool = &database.pool;
        Ok(Self {
            imports: imports::tasks(pool).await?,
            imports_by_state: imports::by_state(pool).await?,
            bulk_changes: catalog::selection::tasks(pool).await?,
            lanes: webhooks::lanes(pool).await?,
            deliveries: webhooks::delivery_figures(pool).await?,
            index: catalog::index_backlog(pool).await?,
            processes: queries::processes(pool).await?,
        })
    }

    /// What waits.
    pub fn queues(&self) -> [Queue; 4] {
        let deliveries = self.deliveries;
        [
            waiting("imports", "Imports", &self.imports),
            waiting("bulk_changes", "Changes to many products", &self.bulk_changes),
            Queue {
                name: "deliveries",
                title: "Webhook deliveries (counted up to 10,001)",
                depth: deliveries.due,
                oldest_seconds: deliveries.oldest_due_seconds,
            },
            Queue {
                name: "search_index",
                title: "Products to be indexed",
                depth: self.index.products,
                oldest_seconds: self.index.waiting.as_secs_f64(),
            },
        ]
    }

    /// How many claims last, of each kind of work that is claimed: indexing is not, it takes a lock.
    pub fn claims(&self) -> [(&'static str, i64); 3] {
        let held = |tasks: &[Task]| tasks.iter().filter(|task| task.is_held()).count() as i64;
        [
            ("imports", held(&self.imports)),
            ("bulk_changes", held(&self.bulk_changes)),
            ("deliveries", held(&self.lanes)),
        ]
    }

    /// The process that made a task's claim, as far as it is known.
    pub fn holder(&self, task: &Task) -> Option<&Process> {
        let tag = tag_of(task.claim?);
        self.processes.iter().find(|process| process.tag == tag)
    }
}

/// Whether the database answers, however long counting would take.
pub async fn answers(database: &Database) -> sqlx::Result<()> {
    answered(PATIENCE, queries::answer(&database.pool)).await
}

fn waiting(name: &'static str, title: &'static str, tasks: &[Task]) -> Queue {
    let waiting = || tasks.iter().filter(|task| !task.is_held());
    Queue {
        name,
        title,
        depth: waiting().count() as i64,
        oldest_seconds: waiting().map(|task| task.age_seconds).fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::claim;

    #[test]
    fn what_is_held_does_not_wait() {
        let task = |lease_seconds, age_seconds| Task {
            id: 1,
            stage: "reading".into(),
            claim: Some(claim::token()),
            lease_seconds,
            age_seconds,
        };
        let tasks = [task(Some(5.0), 90.0), task(Some(-1.0), 20.0), task(None, 30.0)];
        let queue = waiting("imports", "Imports", &tasks);
        assert_eq!((queue.depth, queue.oldest_seconds as i64), (2, 30));
        assert_eq!(waiting("imports", "Imports", &[]).oldest_seconds as i64, 0);
    }
}
