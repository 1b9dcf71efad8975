//! The private PostgreSQL that runs when no `DATABASE_URL` is set, so that nobody has to set one up.
//!
//! [`PrivatePostgres::start_or_join`] gives the address of a server whose data lies in `DATA_DIR`. One process has the
//! server as its child (it holds `postgres.lock`); other processes join it, and one of them takes over when it goes.
//! A start goes through these files: `folders` (where things lie, who may write) → `supervisor` (own it or join it) →
//! `orphan` (what a killed process left) → `binaries` and `npm` (which PostgreSQL) → `cluster` (create the data
//! folder) → `settings` → `server` (the child process) → `client` (does it answer, is our database there).

mod binaries;
mod client;
mod cluster;
mod error;
mod folders;
mod identity;
mod locks;
mod npm;
mod orphan;
mod server;
mod settings;
mod supervisor;

pub use binaries::Binaries;
pub use error::StartError;
pub use folders::default_data_dir;
pub(super) use folders::open_ours;
pub use locks::ServeLock;
pub use server::Startup;
pub use supervisor::PrivatePostgres;
