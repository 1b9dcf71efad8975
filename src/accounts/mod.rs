//! Who may come in: one password for everybody, or none.
//!
//! [`gate`] stands before all pages and the API. A browser signs in once and is remembered by a signed cookie; a
//! program sends the password with each request. What a form sent without either is kept meanwhile. Whoever guesses is
//! slowed down. Accounts of persons belong here too, once there are any: a session already has an id of its own.

mod access;
mod address;
mod attempts;
mod gate;
mod kept_form;
pub mod pages;
mod queries;
mod refusals;
mod return_to;
pub mod routes;
mod session;

pub use access::Access;
pub use gate::{before_api, before_pages};
pub use kept_form::MOST_CARRIED_BYTES;
