//! Working on an import: reading its file while it arrives, then merging it when its turn has come.
//!
//! Any process may take up any import. Who does holds a *claim* ([`claim`]) whose lease runs out unless it is
//! renewed, and every write names the claim, so that a worker thought dead can no longer change anything.
//! *Reading* ([`reading`]) follows the pieces of the file, stages sorted runs of rows and writes a checkpoint with
//! each. *Merging* ([`merging`]) takes the staged rows in key order, batch by batch, each batch with its counts
//! and how far it came in one transaction. So whatever dies, the next worker goes on where the last commit was.

mod batch;
mod claim;
mod claim_queries;
mod crowd;
mod loops;
mod merging;
mod merging_queries;
mod ranges;
mod reading;
mod reading_queries;
mod source;
mod stop;
mod work;

pub use source::Source;

pub use work::{Engine, Outcome, TO_MERGE, TerminalImport};
