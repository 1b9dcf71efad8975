//! Imports: a file is uploaded, read, staged and merged into the catalogue, and all of it can be watched.

pub mod import;
pub mod json;
pub mod read;
pub mod sample;
pub mod upload;

pub use import::{Import, Mode, NewStatus, Phase, Source, State};
pub use json::ImportJson;
pub mod pages;
pub mod read;
pub mod view;
