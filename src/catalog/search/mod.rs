//! Finding products: an index beside the catalogue, and what matches a search.
//!
//! The index is made of plain tables and kept by one background step from the rows of `search_changes`. Whoever
//! changes products notes them there in the same transaction ([`note_changed`], [`note_imported`]).

mod fold;
mod mark;
mod queries;
mod terms;

pub use mark::{Piece, mark};
pub use queries::{note_changed, note_imported};

use crate::platform::database::Database;

/// What searching needs. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where products and index are.
    pub database: Database,
}

impl Search {
    /// A search over this database.
    pub fn new(database: Database) -> Self {
        Self {
            database,
        }
    }
}
