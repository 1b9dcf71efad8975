//! Writing many products at once, in key order: what a merge does to the catalogue.
//!
//! Existing products are looked up by key and compared here; new ones go in by COPY, which writes pages and not
//! rows, changed ones by one UPDATE, and what would change nothing is not touched. The caller's transaction holds
//! all of it together with the caller's own checkpoint.

mod look_up;
mod overwritten;
mod queries;
mod writer;

pub use overwritten::product_before;
pub use queries::{overwritten as overwritten_by, sweep_overwritten};
pub use writer::{BulkCounts, BulkMode, BulkOrigin, BulkRow, BulkWriter};
