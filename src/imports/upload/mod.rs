//! The receiving half of an import: a file arrives in pieces and is kept until the import is over.
//!
//! Three ways lead in: tus 1.0 (resumable; what the page uses), the file as the body of a request, and a form's
//! field. All end in `receive.rs`: the stream is cut into pieces of up to 1 MiB, each is put into the file storage
//! under a key of its own, and then *counts* by one statement that moves `bytes_received` and names the writer.
//! A request that was overtaken finds another writer's name there and stops; since no two writers share a key,
//! whatever it still stores cannot touch a byte that counts. That one statement also says when a file is complete.
//!
//! A worker reads the pieces that count ([`pieces_from`]) while more are coming, waked by the doorbell.

mod create;
mod description;
mod expiry;
mod options;
mod pieces;
mod queries;
mod receive;
mod routes;
mod tus;
mod uploads;
mod whole;
mod writer;

pub use description::Description;
pub use expiry::{Swept, sweep, sweep_orphans};
pub use options::{Options, OptionsDraft};
pub use queries::{KeptPiece, pieces_from};
pub use routes::{form_routes, routes};
pub use uploads::{TOPIC, UploadSettings, Uploads};
pub use whole::{receive_body, receive_form};
