//! Imports a catalogue of half a million products from CSV into PostgreSQL.
//!
//! Folders are contexts of the domain. A module uses only what stands to its right:
//! `main, cli, router, worker → description → status → imports → catalog → webhooks → accounts → http → platform → config`.

pub mod accounts;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod description;
pub mod http;
pub mod imports;
pub mod platform;
pub mod router;
pub mod status;
pub mod webhooks;
pub mod worker;
