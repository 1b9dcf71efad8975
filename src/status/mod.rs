//! What the program is doing, for whoever keeps it running: a page, metrics for Prometheus, and the processes there are.

mod figures;
mod metrics;
pub mod pages;
mod presence;
mod process;
mod queries;
pub mod routes;

pub use presence::be_present;
