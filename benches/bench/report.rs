//! Figures for people and for scripts.

use crate::machine::Machine;
use anyhow::Result;
use serde::Serialize;

/// One thing measured in several rounds.
#[derive(Serialize)]
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

#[derive(Serialize)]
pub struct Report {
    pub title: String,
    pub machine: Machine,
    pub entries: Vec<Entry>,
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
        self.notes.iter().for_each(|note| println!("\n{note}"));
        Ok(())
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
