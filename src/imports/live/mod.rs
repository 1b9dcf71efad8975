//! Imports told live: every viewer sees the same numbers, whichever process serves it and whenever it came.
//!
//! The row is the truth. [`Watches`] looks at it often while somebody is watching, once for all viewers of a
//! process; [`events`] turns what it sees into server-sent events.

mod events;
mod watches;

pub use events::events;
pub use watches::Watches;
