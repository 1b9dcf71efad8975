//! Measures the program beside a yardstick: `bin/bench import`, `bin/bench memory`, `bin/bench upload`, and
//! `bin/bench search`; and without one, `bin/bench webhooks`, `bin/bench doorbells` and `bin/bench parts`.
//!
//! Each run starts from a database copied from the same template, ours and the yardstick alternate, and after each
//! run both catalogues must hold the same products. What is timed is whole processes, from start to exit.

#![allow(
    clippy::disallowed_methods,
    reason = "settings of a measurement come from where it was started"
)]

#[path = "../../tests/support/brokers.rs"]
#[allow(dead_code, reason = "tests do more with brokers")]
mod brokers;
mod catalogues;
mod doorbells;
mod files;
mod gin;
mod import;
#[path = "../../tests/support/keeper.rs"]
#[allow(dead_code, reason = "tests do more with what they start")]
mod keeper;
mod machine;
mod many_scripts;
mod measured;
mod memory;
mod parts;
mod programs;
mod report;
mod search;
mod server;
mod serving;
mod upload;
mod webhooks;
mod yardstick;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(about = "Measures imports and searches. PostgreSQL: one made for it, or the one that DATABASE_URL names.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The terminal import beside psql: empty catalogue, 30 % changed, nothing changed
    Import {
        #[command(flatten)]
        options: Options,
        /// Measure only the yardstick
        #[arg(long)]
        yardstick_only: bool,
    },
    /// Peak memory and time of the terminal import for a file and one ten times as long
    Memory {
        #[command(flatten)]
        options: Options,
    },
    /// From the last byte uploaded to done, beside the terminal import
    Upload {
        #[command(flatten)]
        options: Options,
    },
    /// Answers and their speed, and what the index costs an import, beside GIN indexes
    Search {
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        search: search::SearchOptions,
    },
    /// Deliveries: a backlog, how soon changes arrive, killed workers, what webhooks cost whoever changes a product
    Webhooks {
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        webhooks: webhooks::WebhookOptions,
    },
    /// From commit to pick-up by 1, 4 and 16 workers, by PostgreSQL, Redis, RabbitMQ, and without a ring
    Doorbells {
        #[command(flatten)]
        options: Options,
    },
    /// Taken apart, with RabbitMQ: an import beside one process, requests while it runs, the memory of open streams
    Parts {
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        parts: parts::PartOptions,
    },
    #[command(hide = true)]
    Measured(measured::Order),
    #[command(hide = true)]
    Receiver,
}

/// What every measurement can be told.
#[derive(Args)]
pub struct Options {
    /// Products in the file
    #[arg(long, default_value_t = 500_000)]
    rows: u64,
    /// How often each is measured; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// The program to measure
    #[arg(long, default_value = env!("CARGO_BIN_EXE_product-importer"))]
    program: PathBuf,
}

fn main() -> Result<()> {
    // Cargo adds --bench to what it was told to pass on.
    let arguments = std::env::args_os().filter(|argument| argument != "--bench");
    match Cli::parse_from(arguments).command {
        Command::Import {
            options,
            yardstick_only,
        } => import::measure(&options, yardstick_only),
        Command::Memory { options } => memory::measure(&options),
        Command::Upload { options } => upload::measure(&options),
        Command::Search { options, search } => search::measure(&options, &search),
        Command::Webhooks { options, webhooks } => webhooks::measure(&options, &webhooks),
        Command::Doorbells { options } => doorbells::measure(&options),
        Command::Parts { options, parts } => parts::measure(&options, &parts),
        Command::Measured(order) => order.carry_out(),
        Command::Receiver => webhooks::receiver::run(),
    }
}
