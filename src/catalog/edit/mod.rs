//! Changing products by hand: create, change, delete and restore, and the story of what was changed.
//!
//! Each change is one transaction with its history, its note for the search index and its place in the counts, all
//! written by [`record`]. A change names the version it was made from, so that nobody overwrites what he has not seen.

pub mod api;
mod change;
mod conflict;
mod create;
mod deletion;
mod error;
mod forget;
mod form;
mod history;
pub mod pages;
mod queries;
mod record;
pub mod routes;
mod story;
mod values;

pub use change::{change, set_active};
pub use create::create;
pub use deletion::{delete, delete_all, restore, restore_all, sweep as sweep_deleted};
pub use error::EditError;
pub use forget::sweep_history;
pub use history::{FieldChange, History, Origin, Step, history};
pub use record::Action;
pub use values::{NewProduct, Patch};
