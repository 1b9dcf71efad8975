//! Sending a delivery: one `POST` to an address that a stranger may have chosen, whose receiver may be broken or hostile.
//!
//! The way of one: `sender` (one deadline over all of it) → `connections` (one that is kept, else a new one) → `names`
//! (which addresses a name has) → `dial` (each checked, and just these dialled) → `tls` → `answer` (as much of it as is
//! wanted). It follows no redirect and knows no proxy. `trouble` says in plain words why something was not delivered.

mod answer;
mod connections;
mod dial;
mod headers;
mod names;
mod sender;
mod tls;
mod trouble;

pub use answer::Answer;
pub use headers::check_header;
pub use sender::{Outgoing, Sender};
pub use trouble::{Step, Trouble};
