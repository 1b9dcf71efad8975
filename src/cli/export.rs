//! `export`.

use super::{Failure, start};
use crate::catalog;
use crate::config::DatabaseSettings;
use clap::Args;
use std::io::BufWriter;
use std::process::ExitCode;

/// The arguments of `export`.
#[derive(Args)]
pub struct ExportArguments {
    /// Only products of this status
    #[arg(long, default_value = "all", value_parser = ["all", "active", "inactive"])]
    status: String,
    #[command(flatten)]
    database: DatabaseSettings,
}

/// Writes the products to standard output.
pub fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    start::runtime()?.block_on(async {
        let opened = start::open(&arguments.database).await?;
        let status = catalog::Status::from_word(&arguments.status).unwrap_or_default();
        let out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
        let written = catalog::export(&opened.database.pool, status, out).await;
        opened.close().await;
        match written {
            Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
            written => Ok(written.map(|_| ExitCode::SUCCESS)?),
        }
    })
}

/// Whoever reads may have had enough, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        kind == Some(std::io::ErrorKind::BrokenPipe)
    })
}
