//! Deleting every product at once, and undoing that for a day.
//!
//! The catalogue has an empty twin. Clearing swaps the two in one short transaction, so it takes the same time
//! whatever the size, and restoring swaps them back. Both wait for nobody for long: see [`swap`].
//! An import that is being merged ([`begin_merge`]) keeps the catalogue from being swapped until it is over.

pub mod api;
mod clear;
mod errors;
mod keep;
mod merges;
pub mod pages;
mod queries;
mod swap;

pub use clear::clear;
pub use errors::ClearingError;
pub use keep::{Kept, kept, restorable, restore, sweep};
pub use merges::{begin_merge, end_merge};
pub use pages::Restoration;
pub use queries::{generation, merging};
