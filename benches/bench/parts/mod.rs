//! The program taken apart: two web and two worker processes, RabbitMQ and PostgreSQL, all on one machine.
//!
//! An import beside the same by one process; lists, searches and edits at a fixed rate while an import runs; what
//! open streams take of a web process.

mod load;
mod streams;

use crate::Options;
use crate::brokers::{Broker, Kind};
use crate::catalogues::{Catalogues, Contender, RUN, Scenario, scenarios};
use crate::files::Folder;
use crate::machine::Machine;
use crate::programs::Program;
use crate::report::{Entry, Report, Series};
use crate::server::Server;
use crate::serving::Serving;
use crate::upload::{Took, upload};
use anyhow::{Result, ensure};
use clap::ValueEnum;
use reqwest::Url;

const WEBS: usize = 2;
const WORKERS: usize = 2;
/// Rows that are imported before a whole file is.
const WARM_UP_ROWS: usize = 5_000;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// An import by four processes beside one
    Import,
    /// Requests while an import runs
    Load,
    /// Open streams
    Streams,
}

/// What this measurement can be told besides.
#[derive(clap::Args)]
pub struct PartOptions {
    /// Only this part; all if left out
    #[arg(long)]
    part: Option<Part>,
    /// Requests a second
    #[arg(long, default_value_t = 300)]
    rate: u32,
    /// Open streams
    #[arg(long, default_value_t = 1_000)]
    streams: usize,
}

pub fn measure(options: &Options, parts: &PartOptions) -> Result<()> {
    let server = Server::find()?;
    let broker = Broker::start(Kind::RabbitMq)?;
    let folder = Folder::new("files")?;
    let scenarios = scenarios(&folder, options.rows)?;
    let catalogues = Catalogues::new(&server, &folder, options)?;
    catalogues.migrate()?;
    catalogues.fill_base(&scenarios[0].file, &[Contender::Ours])?;
    let mut report = Report {
        title: format!(
            "{WEBS} web and {WORKERS} worker processes, RabbitMQ, {} products",
            options.rows
        ),
        machine: Machine::of(&server)?,
        entries: Vec::new(),
        latencies: Vec::new(),
        notes: Vec::new(),
    };
    let measuring = Measuring {
        catalogues: &catalogues,
        broker_url: broker.url(),
        rounds: options.rounds,
    };
    let has = |part: Part| parts.part.is_none_or(|only| only == part);
    let runtime = tokio::runtime::Runtime::new()?;
    if has(Part::Import) {
        for scenario in &scenarios {
            report.entries.push(runtime.block_on(measuring.import(scenario))?);
        }
    }
    if has(Part::Load) {
        runtime.block_on(load::measure(&measuring, &scenarios[1], parts.rate, &mut report))?;
    }
    if has(Part::Streams) {
        report
            .notes
            .push(runtime.block_on(streams::measure(&measuring, &scenarios[1], parts.streams))?);
    }
    report.print(options.json)
}

/// What all parts are measured with.
struct Measuring<'a> {
    catalogues: &'a Catalogues<'a>,
    broker_url: String,
    rounds: usize,
}

/// The processes that work together on [`RUN`].
struct Fleet {
    webs: Vec<Program>,
    workers: Vec<Program>,
    urls: Vec<Url>,
}

impl Fleet {
    fn start(measuring: &Measuring<'_>) -> Result<Self> {
        let settings = [("BROKER_URL", measuring.broker_url.as_str())];
        let (mut webs, mut urls) = (Vec::new(), Vec::new());
        for _ in 0..WEBS {
            let (web, address) = Program::web(measuring.catalogues, &settings)?;
            webs.push(web);
            urls.push(Url::parse(&address)?);
        }
        let workers = (0..WORKERS).map(|_| Program::worker(measuring.catalogues, &settings));
        Ok(Self {
            webs,
            workers: workers.collect::<Result<_>>()?,
            urls,
        })
    }

    fn stop(self) -> Result<()> {
        self.webs.into_iter().chain(self.workers).try_for_each(Program::stop)
    }
}

impl Measuring<'_> {
    /// From the first byte uploaded to `done`, by the four and by one process.
    async fn import(&self, scenario: &Scenario) -> Result<Entry> {
        let (mut apart, mut together) = (Vec::new(), Vec::new());
        for round in 0..self.rounds {
            let (took, content) = self.import_apart(scenario).await?;
            apart.push(took.since_first_byte.as_secs_f64());
            let (took, same_content) = self.import_together(scenario).await?;
            together.push(took.since_first_byte.as_secs_f64());
            ensure!(
                content == same_content,
                "catalogues differ: {content} and {same_content}"
            );
            eprintln!("{}: round {} of {}", scenario.name, round + 1, self.rounds);
        }
        let series = vec![
            Series::new("first byte to done, 2 web and 2 workers", apart, None),
            Series::new("first byte to done, one process", together, None),
        ];
        Ok(Entry::new(scenario.name, series))
    }

    async fn import_apart(&self, scenario: &Scenario) -> Result<(Took, String)> {
        self.catalogues.server.copy_database(scenario.template, RUN)?;
        let fleet = Fleet::start(self)?;
        let took = upload_after_warm_up(&fleet.urls, scenario).await?;
        fleet.stop()?;
        Ok((took, self.catalogues.content(Contender::Ours, RUN)?))
    }

    async fn import_together(&self, scenario: &Scenario) -> Result<(Took, String)> {
        self.catalogues.server.copy_database(scenario.template, RUN)?;
        let serving = Serving::start(self.catalogues, RUN).await?;
        let took = upload_after_warm_up(std::slice::from_ref(&serving.url), scenario).await?;
        serving.stop()?;
        Ok((took, self.catalogues.content(Contender::Ours, RUN)?))
    }
}

/// The first rows are imported before: four processes that have just started open four times as many connections, which is
/// not what is measured.
async fn upload_after_warm_up(servers: &[Url], scenario: &Scenario) -> Result<Took> {
    let bytes = scenario.bytes()?;
    // Rows end with CRLF, lines within a text with LF alone.
    let mut ends = memchr::memmem::find_iter(&bytes, b"\r\n").map(|at| at + 2);
    let end = ends.nth(WARM_UP_ROWS).unwrap_or(bytes.len());
    upload(servers, bytes.slice(..end)).await?;
    upload(servers, bytes).await
}
