//! The commands of the one binary.

mod export;
mod import;
mod sample;
mod serve;
mod signals;
mod start;
mod usage;
mod waiting;
mod work;

use crate::config::{DatabaseSettings, LogSettings, TelemetrySettings};
use crate::platform::{memory, open_files};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::process::ExitCode;

/// Imports a catalogue of half a million products from CSV into PostgreSQL, from a web page or a terminal.
///
/// Without a command it does everything in one process: web page, workers and, without DATABASE_URL, a private
/// PostgreSQL.
#[derive(Parser)]
#[command(name = "product-importer", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArguments,
    #[command(flatten)]
    log: LogSettings,
    #[command(flatten)]
    telemetry: TelemetrySettings,
}

#[derive(Subcommand)]
enum Command {
    /// Everything in one process: web page, workers and, without DATABASE_URL, a private PostgreSQL
    Serve(serve::ServeArguments),
    /// The web half alone, any number of them
    Web(serve::ServeArguments),
    /// The working half alone, any number of them
    Worker(work::WorkerArguments),
    /// Bring the schema up to date and exit
    Migrate(DatabaseSettings),
    /// Import a CSV file: the main job from a terminal
    Import(import::ImportArguments),
    /// Write all products as CSV, which import takes back unchanged
    Export(export::ExportArguments),
    /// Write a realistic product CSV to standard output
    Sample(sample::SampleArguments),
}

/// Why a command ends early: a line for the person at the terminal.
enum Failure {
    /// A setting or an argument is wrong: exit code 2.
    Usage(String),
    /// It could not be done: exit code 1.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    memory::return_soon();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error, &Cli::command()),
    };
    // Dropped last: the last spans are sent then.
    let _telemetry = match start::log(&cli.log, &cli.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("product-importer: {error:#}");
            return ExitCode::from(2);
        }
    };
    open_files::allow_most();
    let result = match cli.command {
        None => serve::serve(&cli.serve, serve::Half::Both),
        Some(Command::Serve(arguments)) => serve::serve(&arguments, serve::Half::Both),
        Some(Command::Web(arguments)) => serve::serve(&arguments, serve::Half::Web),
        Some(Command::Worker(arguments)) => work::work(&arguments),
        Some(Command::Migrate(settings)) => start::migrate(&settings),
        Some(Command::Import(arguments)) => import::run(&arguments),
        Some(Command::Export(arguments)) => export::run(&arguments),
        Some(Command::Sample(arguments)) => sample::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Usage(line)) => {
            eprintln!("product-importer: {line}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            eprintln!("product-importer: {error:#}");
            ExitCode::FAILURE
        }
    }
}
