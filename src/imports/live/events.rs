//! An import as server-sent events: `row`, `progress` and, when it is over, `end`.
//!
//! Every event carries the whole state. Its id is the number of the last rejected row told, which any process
//! understands: after `Last-Event-ID` the rows missed since are told. The format:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use super::watches::Watches;
use crate::imports::import::Import;
use crate::imports::json::ImportJson;
use crate::imports::queries::{self, Rejection};
use axum::response::sse::Event;
use futures_util::Stream;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Rejected rows told at once at most: the newest.
const MOST_ROWS: i64 = 1_000;
/// After which time a viewer of a process that stops asks again, somewhere else.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct RowJson<'a> {
    line: i64,
    reason: &'a str,
    values: serde_json::Value,
}

struct Telling {
    watches: Watches,
    import: watch::Receiver<Arc<Import>>,
    rows_told: i64,
    waiting: VecDeque<Event>,
    is_first: bool,
    is_over: bool,
}

/// The events of an import from its newest state on; rejected rows only after number `rows_told`.
pub fn events(
    watches: Watches,
    import: watch::Receiver<Arc<Import>>,
    rows_told: i64,
) -> impl Stream<Item = Result<Event, axum::Error>> + Send {
    let telling = Telling {
        watches,
        import,
        rows_told,
        waiting: VecDeque::new(),
        is_first: true,
        is_over: false,
    };
    futures_util::stream::unfold(telling, |mut telling| async move {
        let event = telling.next().await?;
        Some((Ok(event), telling))
    })
}

impl Telling {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            if !std::mem::take(&mut self.is_first) && !self.changed().await {
                self.is_over = true;
                return Some(Event::default().retry(RETRY).comment("the server is restarting"));
            }
            if let Err(error) = self.gather().await {
                tracing::warn!(?error, "a viewer could not be told of an import; it will ask again");
                return None;
            }
        }
    }

    /// Waits for news; `false` when this process stops.
    async fn changed(&mut self) -> bool {
        let mut stopping = self.watches.stopping().clone();
        tokio::select! {
            changed = self.import.changed() => changed.is_ok(),
            () = stopping.wait() => false,
        }
    }

    async fn gather(&mut self) -> anyhow::Result<()> {
        let import = Arc::clone(&self.import.borrow_and_update());
        let pool = &self.watches.database().pool;
        for row in queries::newest_rejections(pool, import.id, self.rows_told, MOST_ROWS).await? {
            self.rows_told = row.number;
            let event = self.event("row").json_data(row_json(&row)?)?;
            self.waiting.push_back(event);
        }
        self.is_over = import.is_over();
        let state = ImportJson::from((*import).clone());
        let progress = self.event("progress").json_data(&state)?;
        self.waiting.push_back(progress);
        if self.is_over {
            let end = self.event("end").json_data(&state)?;
            self.waiting.push_back(end);
        }
        Ok(())
    }

    fn event(&self, name: &str) -> Event {
        Event::default().event(name).id(self.rows_told.to_string())
    }
}

fn row_json(row: &Rejection) -> anyhow::Result<RowJson<'_>> {
    Ok(RowJson {
        line: row.line,
        reason: &row.reason,
        values: serde_json::from_slice(&row.fields)?,
    })
}
