//! An import as server-sent events: `row`, `progress` and, when it is over, `end`.
//!
//! Every event carries the whole state. Its id is the number of the last rejected row told, which any process
//! understands: after `Last-Event-ID` the rows missed since are told. The format:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use super::watches::{Seen, Watches};
use crate::imports::queries::{self, Rejection};
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
    import: watch::Receiver<Arc<Seen>>,
    rows_told: i64,
    waiting: VecDeque<Event>,
    /// A state that is told once the rows before it are.
    state: Option<Arc<Seen>>,
    /// How many rows may still come before it.
    rows_left: i64,
    is_first: bool,
    is_over: bool,
}

/// The events of an import from its newest state on; rejected rows only after number `rows_told`.
pub fn events(
    watches: Watches,
    import: watch::Receiver<Arc<Seen>>,
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
            // Boxed, so that a stream that waits does not keep room for what it asks the database.
            if let Err(error) = Box::pin(self.gather()).await {
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
        let seen = match &self.state {
            Some(seen) => Arc::clone(seen),
            None => self.begin().await?,
        };
        let rows = self.next_rows(seen.import.id, seen.import.rejected).await?;
        if rows.is_empty() {
            self.state = None;
            self.tell(&seen);
            return Ok(());
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
    async fn begin(&mut self) -> anyhow::Result<Arc<Seen>> {
        let seen = Arc::clone(&self.import.borrow_and_update());
        if seen.import.rejected > self.rows_told {
            let pool = &self.watches.database().pool;
            self.rows_told = queries::newest_rejections_begin(pool, seen.import.id, self.rows_told, MOST_ROWS).await?;
        }
        self.rows_left = MOST_ROWS;
        self.state = Some(Arc::clone(&seen));
        Ok(seen)
    }

    /// Rejected rows are numbered from one on, so that the database is asked only where there are more.
    async fn next_rows(&self, import_id: i64, rejected: i64) -> anyhow::Result<Vec<Rejection>> {
        let limit = self.rows_left.min(ROWS_AT_ONCE);
        if rejected <= self.rows_told || limit == 0 {
            return Ok(Vec::new());
        }
        let pool = &self.watches.database().pool;
        Ok(queries::next_rejections(pool, import_id, self.rows_told, limit).await?)
    }

    fn tell(&mut self, seen: &Seen) {
        self.is_over = seen.import.is_over();
        self.waiting.push_back(self.event("progress").data(&seen.json));
        if self.is_over {
            self.waiting.push_back(self.event("end").data(&seen.json));
        }
    }

    fn event(&self, name: &str) -> Event {
        Event::default().event(name).id(self.rows_told.to_string())
    }
}
