//! What the tests share.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod brokers;
pub mod catalogue;
pub mod certificates;
pub mod database;
pub mod events;
pub mod keeper;
pub mod mount;
pub mod postgres;
pub mod process;
pub mod road;
pub mod served;
pub mod storages;
pub mod uploads;
