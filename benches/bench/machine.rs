//! What the figures were measured on.

use crate::server::Server;
use anyhow::Result;
use serde::Serialize;
use std::{fs, thread};

/// Told with every report.
#[derive(Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory: String,
    pub postgresql: String,
    pub settings: Vec<String>,
}

impl Machine {
    pub fn of(server: &Server) -> Result<Self> {
        Ok(Self {
            processor: line_of("/proc/cpuinfo", "model name"),
            cores: thread::available_parallelism()?.get(),
            memory: line_of("/proc/meminfo", "MemTotal"),
            postgresql: server.version()?,
            settings: server.settings()?,
        })
    }
}

fn line_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    value.map_or_else(
        || format!("unknown ({})", std::env::consts::ARCH),
        |(_, value)| value.trim().to_owned(),
    )
}
