//! `export`.

use super::{Failure, start};
use crate::catalog::{self, Exported, Filter, Search};
use crate::config::DatabaseSettings;
use clap::Args;
use std::io::BufWriter;
use std::process::ExitCode;

/// An export builds no index.
const INDEX_MEMORY_MB: u32 = 0;

/// The arguments of `export`.
#[derive(Args)]
pub struct ExportArguments {
    /// Only products that match this search
    #[arg(long, default_value = "", hide_default_value = true)]
    q: String,
    /// Only products of this status
    #[arg(long, default_value = "all", value_parser = ["all", "active", "inactive"])]
    status: String,
    #[command(flatten)]
    database: DatabaseSettings,
}

/// Writes the products to standard output.
pub fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    if arguments.q.chars().count() > catalog::Q_MAX_CHARS {
        return Err(Failure::Usage(format!(
            "--q may have at most {} characters",
            catalog::Q_MAX_CHARS
        )));
    }
    start::run(async {
        let opened = start::open(&arguments.database).await?;
        let status = catalog::Status::from_word(&arguments.status).unwrap_or_default();
        let out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
        let filter = Filter {
            q: arguments.q.clone(),
            status,
            ..Filter::default()
        };
        let search = Search::new(opened.database.clone(), INDEX_MEMORY_MB);
        let written = catalog::export(search, Exported::Matching(filter), out).await;
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
