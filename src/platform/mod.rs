//! What knows nothing of products: database, private PostgreSQL, doorbells, file storage.

pub mod postgres;
pub mod database;
pub mod doorbell;
pub mod storage;
