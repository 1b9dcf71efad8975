//! Changing many products at once: those that were selected, or everything that matches a filter.
//!
//! What was named by ids is changed in one transaction. What matches a filter may be everything, so a worker goes
//! through it in pieces; each commits with its history and with how far it is, and a killed worker's change is taken
//! up by another one after the last piece. Whoever asks for it says how many products he expects.

pub mod api;
mod bulk_change;
mod figures_queries;
mod piece;
mod progress_page;
mod queries;
mod recent_page;
mod request;
pub mod routes;
mod start;
mod undo;
mod work;

pub use bulk_change::{BulkAction, BulkChange};
pub use figures_queries::tasks;
pub use queries::sweep;
pub use request::{MOST_IDS, ids_of};
pub use start::{as_expected, start};
pub use work::work_queue;
