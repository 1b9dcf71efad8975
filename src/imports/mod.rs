//! Imports: a file is uploaded, read, staged and merged into the catalogue, and all of it can be watched.
//!
//! The way of a file: `upload` receives it in pieces, `engine` has `read` turn them into rows as they arrive, keeps
//! the rows in `staging` and merges them into the catalogue when the last one is there, and `live` tells every step.

pub mod api;
mod backlog_view;
pub mod clearing;
mod description;
mod engine;
mod figures_queries;
mod import;
mod json;
mod live;
pub mod pages;
mod queries;
pub mod read;
mod rejected;
mod rejection_view;
pub mod routes;
mod sample;
mod staging;
mod terminal;
pub mod upload;
pub mod view;

pub use description::description;
pub use engine::{Engine, Outcome, Source as FileSource, TerminalImport};
pub use figures_queries::{StateFigures, by_state, tasks};
pub use import::{Import, Mode, NewStatus, Phase, Source, State};
pub use json::{ImportJson, warnings_of};
pub use live::Watches;
pub use queries::{end_forgotten_merges, fail_orphans};
pub use sample::write as write_sample;
pub use staging::sweep as sweep_staging;
pub use terminal::import_file;
pub use upload::{
    UploadSettings, Uploads, form_routes, routes as upload_routes, sweep as sweep_uploads, sweep_orphans,
};
