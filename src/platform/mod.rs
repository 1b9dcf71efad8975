//! What knows nothing of products: database, private PostgreSQL, doorbells, file storage.

pub mod copy;
pub mod database;
pub mod doorbell;
pub mod fault;
pub mod memory;
pub mod postgres;
pub mod stopping;
pub mod storage;
pub mod task;
