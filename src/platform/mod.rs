//! What knows nothing of products: database, private PostgreSQL, doorbells, file storage, lines to other servers,
//! spans for a collector.

pub mod backoff;
pub mod claim;
pub mod copy;
pub mod database;
pub mod dialler;
pub mod doorbell;
pub mod fault;
pub mod giving_way;
pub mod keepalive;
pub mod line;
pub mod memory;
pub mod open_files;
pub mod postgres;
pub mod sealing;
pub mod secret_key;
pub mod stopping;
pub mod storage;
pub mod task;
pub mod telemetry;
