//! Time and peak memory of one process, from start to exit.
//!
//! The system tells the peak of all of a process's children together. So each is run by a small process of its own,
//! this very program with other arguments, which has no other child.

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

/// What a process took.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Measured {
    pub seconds: f64,
    pub peak_bytes: i64,
}

/// What the process in between is told.
#[derive(clap::Args)]
pub struct Order {
    result: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Order {
    /// Runs the command and writes what it took; fails when the command fails.
    pub fn carry_out(&self) -> Result<()> {
        let (program, arguments) = self.command.split_first().context("no command")?;
        let start = Instant::now();
        let status = Command::new(program).args(arguments).stdin(Stdio::null()).status();
        let seconds = start.elapsed().as_secs_f64();
        let status = status.with_context(|| format!("could not start {}", program.display()))?;
        if !status.success() {
            bail!("{} ended with {status}", program.display());
        }
        let unit_bytes = if cfg!(target_os = "macos") { 1 } else { 1024 };
        let peak_bytes = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() * unit_bytes;
        fs::write(&self.result, serde_json::to_vec(&Measured { seconds, peak_bytes })?)?;
        Ok(())
    }
}

/// Runs a command; its own output is shown only when it fails.
pub fn run(command: &Command) -> Result<Measured> {
    let result = env::temp_dir().join(format!("product-importer-bench-{}.json", std::process::id()));
    let mut between = Command::new(env::current_exe()?);
    between
        .arg("measured")
        .arg(&result)
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args());
    between.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = between.output()?;
    if !output.status.success() {
        let shown = [output.stdout, output.stderr].concat();
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&shown));
    }
    let measured = serde_json::from_slice(&fs::read(&result)?)?;
    fs::remove_file(&result)?;
    Ok(measured)
}
