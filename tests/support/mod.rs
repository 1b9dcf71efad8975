//! What the tests share.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod database;
pub mod uploads;
