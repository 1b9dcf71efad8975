//! `sample ROWS`.

use super::Failure;
use crate::imports;
use anyhow::Context as _;
use clap::Args;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

/// The arguments of `sample`.
#[derive(Args)]
pub struct SampleArguments {
    /// How many products
    rows: u64,
    /// The same seed writes the same file
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Writes the sample to standard output.
pub fn run(arguments: &SampleArguments) -> Result<ExitCode, Failure> {
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let written = imports::write_sample(arguments.rows, arguments.seed, &mut out).and_then(|()| out.flush());
    match written {
        // Whoever reads may have had enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => Ok(written.map(|()| ExitCode::SUCCESS).context("cannot write the sample")?),
    }
}
