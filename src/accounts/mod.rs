//! Who may come in: one password for everybody, or none.
//!
//! [`gate`] stands before all pages and the API. A browser signs in once and is remembered by a signed cookie; a
//! program sends the password with each request. Whoever guesses is slowed down. Accounts of persons belong here too,
//! once there are any: a session already has an id of its own.

mod access;
mod address;
mod attempts;
mod gate;
pub mod pages;
mod queries;
mod refusals;
mod return_to;
pub mod routes;
mod session;

pub use access::Access;
pub use gate::{before_api, before_pages};
