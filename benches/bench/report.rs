//! Figures for people and for scripts.

use crate::machine::Machine;
use anyhow::Result;
use serde::Serialize;
use std::time::Duration;

/// One thing measured in several rounds.
#[derive(Clone, Serialize)]
pub struct Series {
    pub name: String,
    pub seconds: Vec<f64>,
    pub median_seconds: f64,
    pub peak_mb: Option<f64>,
}

/// Two series side by side, or one thing said of a scenario.
#[derive(Serialize)]
pub struct Entry {
    pub scenario: String,
    pub series: Vec<Series>,
    /// The first median by the second.
    pub ratio: Option<f64>,
}

/// How long many answers took, one by one.
#[derive(Serialize)]
pub struct Latency {
    pub scenario: String,
    pub kind: String,
    pub answers: usize,
    /// How many products they told altogether.
    pub products: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub worst_ms: f64,
}

#[derive(Serialize)]
pub struct Report {
    pub title: String,
    pub machine: Machine,
    pub entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub latencies: Vec<Latency>,
    pub notes: Vec<String>,
}

impl Series {
    pub fn new(name: &str, seconds: Vec<f64>, peak_bytes: Option<i64>) -> Self {
        let median_seconds = median(&seconds);
        let peak_mb = peak_bytes.map(|bytes| bytes as f64 / 1e6);
        Self {
            name: name.to_owned(),
            seconds,
            median_seconds,
            peak_mb,
        }
    }
}

impl Entry {
    pub fn new(scenario: &str, series: Vec<Series>) -> Self {
        let ratio = match &*series {
            [first, second] if second.median_seconds > 0.0 => Some(first.median_seconds / second.median_seconds),
            _ => None,
        };
        Self {
            scenario: scenario.to_owned(),
            series,
            ratio,
        }
    }
}

impl Latency {
    pub fn of(scenario: &str, kind: &str, products: usize, took: &[Duration]) -> Self {
        let mut sorted: Vec<f64> = took.iter().map(|took| took.as_secs_f64() * 1e3).collect();
        sorted.sort_by(f64::total_cmp);
        // The smallest value that so many of 100 do not exceed.
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
        };
        Self {
            scenario: scenario.to_owned(),
            kind: kind.to_owned(),
            answers: sorted.len(),
            products,
            p50_ms: percentile(50),
            p99_ms: percentile(99),
            worst_ms: percentile(100),
        }
    }
}

impl Report {
    pub fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(());
        }
        let machine = &self.machine;
        println!("# {}\n", self.title);
        println!(
            "{}, {} cores, {} memory",
            machine.processor, machine.cores, machine.memory
        );
        println!("PostgreSQL {}: {}\n", machine.postgresql, machine.settings.join(", "));
        println!("| scenario | what | median s | ratio | peak MB | rounds, s |");
        println!("|---|---|---:|---:|---:|---|");
        self.entries.iter().for_each(print_entry);
        self.print_latencies();
        self.notes.iter().for_each(|note| println!("\n{note}"));
        Ok(())
    }
}

impl Report {
    fn print_latencies(&self) {
        if self.latencies.is_empty() {
            return;
        }
        println!("\n| scenario | what | answers | products | p50 ms | p99 ms | worst ms |");
        println!("|---|---|---:|---:|---:|---:|---:|");
        for latency in &self.latencies {
            println!(
                "| {} | {} | {} | {} | {:.1} | {:.1} | {:.1} |",
                latency.scenario,
                latency.kind,
                latency.answers,
                latency.products,
                latency.p50_ms,
                latency.p99_ms,
                latency.worst_ms
            );
        }
    }
}

fn print_entry(entry: &Entry) {
    let mut ratio = entry.ratio.map(|ratio| format!("{ratio:.2}"));
    for series in &entry.series {
        let rounds: Vec<String> = series.seconds.iter().map(|seconds| format!("{seconds:.2}")).collect();
        println!(
            "| {} | {} | {:.2} | {} | {} | {} |",
            entry.scenario,
            series.name,
            series.median_seconds,
            ratio.take().unwrap_or_default(),
            series.peak_mb.map(|peak| format!("{peak:.0}")).unwrap_or_default(),
            rounds.join(" ")
        );
    }
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}
