//! Does memory stay where it is, and does time grow no faster than the file, when that is ten times as long?

use crate::Options;
use crate::catalogues::{Catalogues, Contender, EMPTY, Scenario};
use crate::files::Folder;
use crate::machine::Machine;
use crate::report::{Entry, Report, Series};
use crate::server::Server;
use anyhow::Result;

pub fn measure(options: &Options) -> Result<()> {
    let server = Server::find()?;
    let folder = Folder::new("files")?;
    let catalogues = Catalogues::new(&server, &folder, options)?;
    catalogues.migrate()?;
    let mut entries = Vec::new();
    for rows in [options.rows, 10 * options.rows] {
        let scenario = Scenario {
            name: "empty catalogue",
            template: EMPTY,
            file: folder.sample(rows)?,
        };
        let mut runs = Vec::new();
        for round in 0..options.rounds {
            runs.push(catalogues.run(Contender::Ours, &scenario)?.0);
            eprintln!("{rows} rows: round {} of {}", round + 1, options.rounds);
        }
        let peak_bytes = runs.iter().map(|run| run.peak_bytes).max();
        let series = Series::new("import", runs.iter().map(|run| run.seconds).collect(), peak_bytes);
        entries.push(Entry::new(&format!("{rows} rows"), vec![series]));
    }
    let notes = vec![comparison(&entries[0].series[0], &entries[1].series[0])];
    let title = "Memory and time of the terminal import".to_owned();
    Report {
        title,
        machine: Machine::of(&server)?,
        entries,
        latencies: Vec::new(),
        notes,
    }
    .print(options.json)
}

fn comparison(short: &Series, long: &Series) -> String {
    let memory = long
        .peak_mb
        .zip(short.peak_mb)
        .map_or(f64::NAN, |(long, short)| long / short);
    let time = long.median_seconds / short.median_seconds;
    format!("Ten times the rows: {memory:.2} × the memory, {time:.1} × the time.")
}
