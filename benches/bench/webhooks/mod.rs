//! Webhooks: how fast a backlog is sent and at what cost, how soon a change arrives, what a hanging receiver and killed
//! workers do, and what webhooks cost whoever changes a product.
//!
//! The receiver is a process of its own, and so are the program's halves; all share the machine with PostgreSQL.

mod backlog;
mod edits;
pub mod receiver;

use crate::Options;
use crate::catalogues::Catalogues;
use crate::files::Folder;
use crate::machine::Machine;
use crate::report::{Latency, Report};
use crate::server::Server;
use anyhow::Result;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// A backlog that was there before the worker
    Backlog,
    /// From a change to its arrival
    Latency,
    /// Killed workers
    Killing,
    /// What a change takes with many webhooks and with none
    Cost,
}

/// What this measurement can be told besides.
#[derive(clap::Args)]
pub struct WebhookOptions {
    /// Only this part; all if left out
    #[arg(long)]
    part: Option<Part>,
    /// Events in the backlog
    #[arg(long, default_value_t = 20_000)]
    events: usize,
    /// Webhooks that are told of each
    #[arg(long, default_value_t = 5)]
    webhooks: usize,
    /// Changes a second
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Seconds of changes
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

pub fn measure(options: &Options, webhooks: &WebhookOptions) -> Result<()> {
    let server = Server::find()?;
    let folder = Folder::new("webhooks")?;
    let catalogues = Catalogues::new(&server, &folder, options)?;
    catalogues.migrate()?;
    let mut report = Report {
        title: "Webhooks".to_owned(),
        machine: Machine::of(&server)?,
        entries: Vec::new(),
        latencies: Vec::new(),
        notes: Vec::new(),
    };
    tokio::runtime::Runtime::new()?.block_on(measure_parts(&catalogues, options.rounds, webhooks, &mut report))?;
    report.print(options.json)
}

async fn measure_parts(
    catalogues: &Catalogues<'_>,
    rounds: usize,
    webhooks: &WebhookOptions,
    report: &mut Report,
) -> Result<()> {
    let has = |part: Part| webhooks.part.is_none_or(|only| only == part);
    let time = Duration::from_secs(webhooks.seconds);
    if has(Part::Backlog) {
        for _ in 0..rounds {
            report
                .notes
                .push(backlog::drain(catalogues, webhooks.events, webhooks.webhooks).await?);
        }
    }
    if has(Part::Latency) {
        for hangs in [false, true] {
            report
                .latencies
                .extend(edits::latency(catalogues, webhooks.rate, time, hangs).await?);
        }
    }
    if has(Part::Killing) {
        report
            .notes
            .push(backlog::kill(catalogues, webhooks.events, webhooks.webhooks).await?);
    }
    if has(Part::Cost) {
        let mut took: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for _ in 0..rounds {
            for (webhooks, hangs) in [(0, false), (50, false), (50, true)] {
                let (scenario, edits) = edits::cost(catalogues, webhooks, time, hangs).await?;
                took.entry(scenario).or_default().extend(edits);
            }
        }
        report.latencies.extend(
            took.iter()
                .map(|(scenario, took)| Latency::of(scenario, "answer", took.len(), took)),
        );
    }
    Ok(())
}
