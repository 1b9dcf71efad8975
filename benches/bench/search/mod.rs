//! Searching: how fast answers come, what the index costs an import, and both beside GIN indexes.
//!
//! Imports end with their index complete; the yardstick is `psql` without any index for searching, and the same with
//! GIN indexes dropped before and rebuilt side by side afterwards. Then the same questions go to `serve` over HTTP and,
//! as SQL, to the table with the GIN indexes; and to `serve` again while an import runs.

mod arriving;
mod asking;
mod gin_answers;
mod narrowing;
mod questions;
mod seen;

use crate::Options;
use crate::catalogues::{BASE, Catalogues, Contender, EMPTY, RUN, Scenario};
use crate::files::Folder;
use crate::gin;
use crate::import;
use crate::machine::Machine;
use crate::many_scripts;
use crate::report::{Entry, Latency, Report, Series};
use crate::server::Server;
use crate::serving::Serving;
use anyhow::{Result, ensure};
use asking::Answered;
use clap::ValueEnum;
use questions::Question;
use seen::Seen;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

const SEED: u64 = 2026;
const SLOWEST_TOLD: usize = 5;

/// Which data.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Set {
    /// As `sample` writes it: few hundred words
    Assignment,
    /// More than 100,000 words in several scripts
    Scripts,
}

/// What this measurement can be told besides.
#[derive(clap::Args)]
pub struct SearchOptions {
    /// Only these data; both if left out
    #[arg(long)]
    set: Option<Set>,
    /// Leave out the yardsticks: psql and GIN indexes
    #[arg(long)]
    without_gin: bool,
    /// How many questions are asked
    #[arg(long, default_value_t = 1_500)]
    questions: usize,
}

impl Set {
    fn name(self) -> &'static str {
        match self {
            Self::Assignment => "assignment",
            Self::Scripts => "scripts",
        }
    }

    fn write(self, folder: &Folder, rows: u64) -> Result<PathBuf> {
        match self {
            Self::Assignment => folder.sample(rows),
            Self::Scripts => {
                let path = folder.path().join(format!("scripts-{rows}.csv"));
                many_scripts::write(rows, SEED, BufWriter::new(File::create(&path)?))?;
                Ok(path)
            }
        }
    }
}

pub fn measure(options: &Options, search: &SearchOptions) -> Result<()> {
    let server = Server::find()?;
    let mut report = Report {
        title: format!("Searching {} products", options.rows),
        machine: Machine::of(&server)?,
        entries: Vec::new(),
        latencies: Vec::new(),
        notes: Vec::new(),
    };
    for set in Set::value_variants() {
        if search.set.is_none_or(|only| only == *set) {
            let folder = Folder::new(&format!("search-{}", set.name()))?;
            let catalogues = Catalogues::new(&server, &folder, options)?;
            let measuring = Measuring {
                set: *set,
                options,
                search,
                folder: &folder,
                catalogues: &catalogues,
            };
            measuring.measure(&mut report)?;
        }
    }
    report.print(options.json)
}

/// The measuring of one set of data.
struct Measuring<'a> {
    set: Set,
    options: &'a Options,
    search: &'a SearchOptions,
    folder: &'a Folder,
    catalogues: &'a Catalogues<'a>,
}

impl Measuring<'_> {
    fn measure(&self, report: &mut Report) -> Result<()> {
        let base = self.set.write(self.folder, self.options.rows)?;
        self.catalogues.migrate()?;
        report.entries.extend(self.imports("empty catalogue", EMPTY, &base)?);
        self.catalogues.server.drop_database(RUN)?;
        self.catalogues.fill_base(&base, self.contenders())?;
        let changed = self.folder.changed(&base)?;
        report.entries.extend(self.imports("30 % changed", BASE, &changed)?);
        self.catalogues.server.drop_database(RUN)?;
        std::fs::remove_file(&changed)?;
        let narrowed = narrowing::prepare(self.catalogues, self.folder, &base, self.has_gin())?;
        if self.has_gin() {
            gin::build(self.catalogues.server, BASE)?;
        }
        self.catalogues.server.ask(BASE, "VACUUM ANALYZE")?;
        report.notes.push(self.sizes()?);
        let seen = Seen::in_file(&base, SEED)?;
        let questions = questions::mix(&seen, &narrowed, self.search.questions, SEED);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.ask(&questions, report))?;
        runtime.block_on(self.ask_while_importing(&base, &questions, report))
    }

    fn has_gin(&self) -> bool {
        !self.search.without_gin
    }

    fn contenders(&self) -> &'static [Contender] {
        if self.has_gin() {
            &[Contender::Ours, Contender::Yardstick]
        } else {
            &[Contender::Ours]
        }
    }

    /// Ours beside psql, and beside psql with GIN indexes.
    fn imports(&self, name: &'static str, template: &'static str, file: &Path) -> Result<Vec<Entry>> {
        let scenario = Scenario {
            name,
            template,
            file: file.to_owned(),
        };
        let contenders: &[Contender] = if self.has_gin() {
            &[Contender::Ours, Contender::Yardstick, Contender::Gin]
        } else {
            &[Contender::Ours]
        };
        let series = import::rounds(self.catalogues, &scenario, contenders, self.options.rounds)?;
        let title = format!("{}, {name}", self.set.name());
        Ok(match <[Series; 3]>::try_from(series) {
            Ok([ours, psql, gin]) => vec![
                Entry::new(&title, vec![ours.clone(), psql]),
                Entry::new(&title, vec![ours, gin]),
            ],
            Err(series) => vec![Entry::new(&title, series)],
        })
    }

    /// What the index takes on disk, ours and GIN, beside the products themselves.
    fn sizes(&self) -> Result<String> {
        let sizes = self.catalogues.server.ask(
            BASE,
            "SELECT string_agg(relname || ' ' || round(pg_total_relation_size(oid) / 1e6) || ' MB', ', ' ORDER BY relname)
             FROM pg_class WHERE relkind = 'r' AND (relname = 'products' OR relname LIKE 'search\\_%')
                 OR relkind = 'i' AND (relname LIKE 'yardstick\\_%gin' OR relname LIKE 'products\\_%')",
        )?;
        Ok(format!("On disk, {}: {sizes}.", self.set.name()))
    }

    /// Cold, warm, by four at once, the whole page, and the same in SQL with GIN.
    async fn ask(&self, questions: &[Question], report: &mut Report) -> Result<()> {
        let is_cold = self.catalogues.server.empty_caches()?;
        let serving = Serving::start(self.catalogues, BASE).await?;
        let first = if is_cold { "cold" } else { "first pass" };
        for (pass, clients) in [(first, 1), ("warm", 1), ("warm, 4 at once", 4)] {
            let answers = asking::ask(&serving.url, questions, clients).await?;
            eprintln!("{}: asked {} times, {pass}", self.set.name(), answers.len());
            self.tell(pass, &answers, pass == "warm", report);
        }
        let answers = asking::ask_pages(&serving.url, questions).await?;
        self.tell("the page, warm", &answers, false, report);
        serving.stop()?;
        if self.has_gin() {
            let answers = gin_answers::ask(self.catalogues.server, BASE, questions).await?;
            self.tell("GIN, in SQL", &answers, true, report);
        }
        Ok(())
    }

    fn tell(&self, pass: &str, answers: &[Answered], by_kind: bool, report: &mut Report) {
        let name = format!("{}, {pass}", self.set.name());
        report.latencies.push(asking::latency(&name, "all", answers.iter()));
        if by_kind {
            for kind in questions::Kind::ALL {
                let of_kind = answers.iter().filter(|answer| answer.kind == kind);
                report.latencies.push(asking::latency(&name, kind.name(), of_kind));
            }
        }
        let slowest = asking::slowest(answers, SLOWEST_TOLD);
        report.notes.push(format!("Slowest, {name}: {}", slowest.join("; ")));
    }

    async fn ask_while_importing(&self, base: &Path, questions: &[Question], report: &mut Report) -> Result<()> {
        let serving = Serving::start(self.catalogues, BASE).await?;
        let mut while_importing = arriving::WhileImporting::default();
        for round in 0..self.options.rounds {
            let (file, probes) = arriving::write_file(self.folder, base, round)?;
            let arriving = arriving::Arriving {
                server: &serving.url,
                database_url: self.catalogues.server.database_url(BASE),
                questions,
                file,
                probes,
                round,
            };
            arriving.run(&mut while_importing).await?;
            eprintln!(
                "{}: while importing, round {} of {}",
                self.set.name(),
                round + 1,
                self.options.rounds
            );
        }
        let peak_bytes = serving.peak_bytes();
        serving.stop()?;
        ensure!(
            !while_importing.answers.is_empty(),
            "nothing was asked while the import ran"
        );
        self.tell("while importing", &while_importing.answers, false, report);
        let name = format!("{}, while importing", self.set.name());
        report.latencies.push(Latency::of(
            &name,
            "committed to found",
            0,
            &while_importing.found_after,
        ));
        let series = [
            Series::new("upload to done", while_importing.seconds, peak_bytes),
            Series::new("upload to indexed", while_importing.indexed_seconds, None),
        ];
        report.entries.push(Entry::new(&name, series.into()));
        Ok(())
    }
}
