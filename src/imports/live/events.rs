//! An import as server-sent events: `row`, `progress` and, when it is over, `end`.
//!
//! Every event carries the whole state. Its id is the number of the last rejected row told, which any process
//! understands: after `Last-Event-ID` the rows missed since are told. The format:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use super::watches::Watches;
use crate::imports::import::Import;
use crate::imports::json::ImportJson;
use crate::imports::queries;
use crate::imports::view::RejectionView;
use axum::response::sse::Event;
use futures_util::Stream;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Rejected rows told at once at most: the newest.
const MOST_ROWS: i64 = 1_000;
/// Rows that wait for a slow viewer at most.
const ROWS_AT_ONCE: i64 = 100;
/// After which time a viewer of a process that stops asks again, somewhere else.
const RETRY: Duration = Duration::from_secs(1);

struct Telling {
    watches: Watches,
    import: watch::Receiver<Arc<Import>>,
    rows_told: i64,
    waiting: VecDeque<Event>,
    /// A state that is told once the rows before it are.
    state: Option<Arc<Import>>,
    /// How many rows may still come before it.
    rows_left: i64,
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
        state: None,
        rows_left: 0,
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
            if self.state.is_none() && !std::mem::take(&mut self.is_first) && !self.changed().await {
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

    /// Gathers a page of rows, or the state after the last of them.
    async fn gather(&mut self) -> anyhow::Result<()> {
        let import = match &self.state {
            Some(import) => Arc::clone(import),
            None => self.begin().await?,
        };
        let limit = self.rows_left.min(ROWS_AT_ONCE);
        let rows = queries::next_rejections(&self.watches.database().pool, import.id, self.rows_told, limit).await?;
        if rows.is_empty() {
            self.state = None;
            return self.tell(&import);
        }
        self.rows_left -= rows.len() as i64;
        for row in rows {
            self.rows_told = row.number;
            let event = self.event("row").json_data(RejectionView::try_from(row)?)?;
            self.waiting.push_back(event);
        }
        Ok(())
    }

    /// The newest state, which is told after the rows that led to it: the newest of them.
    async fn begin(&mut self) -> anyhow::Result<Arc<Import>> {
        let import = Arc::clone(&self.import.borrow_and_update());
        let pool = &self.watches.database().pool;
        self.rows_told = queries::newest_rejections_begin(pool, import.id, self.rows_told, MOST_ROWS).await?;
        self.rows_left = MOST_ROWS;
        self.state = Some(Arc::clone(&import));
        Ok(import)
    }

    fn tell(&mut self, import: &Import) -> anyhow::Result<()> {
        self.is_over = import.is_over();
        let state = ImportJson::from(import.clone());
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
