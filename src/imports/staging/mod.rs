//! Staging: the acceptable rows of a file, sorted, folded and kept beside the catalogue until they are merged.
//!
//! Rows are gathered into runs in memory; a sorted run goes to the unlogged table `staging.import_<id>` in blocks
//! of consecutive keys. An unlogged table costs no write-ahead log, and PostgreSQL empties it when it crashes:
//! [`Staging::is_intact`] tells, and then the file is read again.

mod row;
mod run;
mod sweep;
mod table;

pub use row::{RawRow, StagedRow, offsets};
pub use run::Run;
pub use sweep::sweep;
pub use table::{BlockKeys, Staging};
