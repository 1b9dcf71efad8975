//! The terminal import beside the yardstick, round by round.

use crate::Options;
use crate::catalogues::{Catalogues, Contender, Scenario, scenarios};
use crate::files::Folder;
use crate::machine::Machine;
use crate::measured::Measured;
use crate::report::{Entry, Report, Series};
use crate::server::Server;
use anyhow::{Result, ensure};

pub fn measure(options: &Options, yardstick_only: bool) -> Result<()> {
    let server = Server::find()?;
    let folder = Folder::new("files")?;
    let scenarios = scenarios(&folder, options.rows)?;
    let catalogues = Catalogues::new(&server, &folder, options)?;
    let contenders: &[Contender] = if yardstick_only {
        catalogues.migrate_by_psql()?;
        &[Contender::Yardstick]
    } else {
        catalogues.migrate()?;
        &[Contender::Ours, Contender::Yardstick]
    };
    catalogues.fill_base(&scenarios[0].file, contenders)?;
    let entries = scenarios
        .iter()
        .map(|scenario| entry(&catalogues, scenario, contenders, options.rounds));
    let report = Report {
        title: format!("Import of {} rows, terminal import by yardstick", options.rows),
        machine: Machine::of(&server)?,
        entries: entries.collect::<Result<_>>()?,
        latencies: Vec::new(),
        notes: vec!["Each run is a whole process on a fresh copy of the same catalogue.".to_owned()],
    };
    report.print(options.json)
}

fn entry(catalogues: &Catalogues, scenario: &Scenario, contenders: &[Contender], rounds: usize) -> Result<Entry> {
    let series = self::rounds(catalogues, scenario, contenders, rounds)?;
    Ok(Entry::new(scenario.name, series))
}

/// All rounds of one scenario. Who goes first changes from round to round.
pub fn rounds(
    catalogues: &Catalogues,
    scenario: &Scenario,
    contenders: &[Contender],
    rounds: usize,
) -> Result<Vec<Series>> {
    let mut runs: Vec<Vec<Measured>> = contenders.iter().map(|_| Vec::new()).collect();
    let mut content = None;
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for contender in order {
            let (measured, found) = catalogues.run(contenders[contender], scenario)?;
            let expected = content.get_or_insert_with(|| found.clone());
            ensure!(
                *expected == found,
                "{}: catalogues differ: {expected} and {found}",
                scenario.name
            );
            runs[contender].push(measured);
        }
        eprintln!("{}: round {} of {rounds}", scenario.name, round + 1);
    }
    let series = contenders
        .iter()
        .zip(runs)
        .map(|(contender, runs)| series(*contender, &runs));
    Ok(series.collect())
}

fn series(contender: Contender, runs: &[Measured]) -> Series {
    let name = match contender {
        Contender::Ours => "import",
        Contender::Yardstick => "psql",
        Contender::Gin => "psql, then GIN indexes",
    };
    // Of the yardsticks it would be psql's, while the server does the work.
    let peak_bytes = runs.iter().map(|run| run.peak_bytes).max();
    Series::new(name, runs.iter().map(|run| run.seconds).collect(), peak_bytes)
}
