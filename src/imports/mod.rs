//! Imports: a file is uploaded, read, staged and merged into the catalogue, and all of it can be watched.

pub mod read;
pub mod sample;
