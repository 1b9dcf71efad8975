//! Lists, searches and edits at a fixed rate, whatever the answers take, while an import runs.
//!
//! What an answer took is counted from the moment at which it was to be asked for, so that one that is late delays none
//! of the others and is counted in full.

use super::{Fleet, Measuring};
use crate::catalogues::{RUN, Scenario};
use crate::report::{Entry, Latency, Report, Series};
use crate::upload::{succeeded, upload};
use anyhow::Result;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::{Client, RequestBuilder, Url};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

const SEED: u64 = 2026;
/// Products that are edited, and of which words are searched for.
const PRODUCTS: usize = 5_000;
const WARM_UP: Duration = Duration::from_secs(3);
const SORTS: [&str; 4] = ["sku", "name", "-updated_at", "-created_at"];
const STATUS: [&str; 3] = ["all", "active", "inactive"];

/// What is asked for, of ten: four lists, four searches, two edits.
const MIX: [Kind; 10] = [
    Kind::List,
    Kind::Search,
    Kind::Edit,
    Kind::List,
    Kind::Search,
    Kind::List,
    Kind::Search,
    Kind::Edit,
    Kind::List,
    Kind::Search,
];

#[derive(Clone, Copy)]
enum Kind {
    List,
    Search,
    Edit,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Search => "search",
            Self::Edit => "edit",
        }
    }
}

/// What requests are made of.
struct Asking {
    client: Client,
    urls: Vec<Url>,
    ids: Vec<String>,
    texts: Vec<String>,
    rng: ChaCha8Rng,
}

pub async fn measure(measuring: &Measuring<'_>, scenario: &Scenario, rate: u32, report: &mut Report) -> Result<()> {
    let mut took: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    let mut seconds = Vec::new();
    for round in 0..measuring.rounds {
        measuring.catalogues.server.copy_database(scenario.template, RUN)?;
        let fleet = Fleet::start(measuring)?;
        let mut asking = Asking::new(measuring, &fleet, &scenario.file, round)?;
        let is_over = AtomicBool::new(false);
        asking.ask(rate, |start| start.elapsed() > WARM_UP).await?;
        let bytes = scenario.bytes()?;
        let importing = async {
            let took = upload(&fleet.urls, bytes).await;
            is_over.store(true, Ordering::Relaxed);
            took
        };
        let (imported, asked) = tokio::join!(importing, asking.ask(rate, |_| is_over.load(Ordering::Relaxed)));
        seconds.push(imported?.since_first_byte.as_secs_f64());
        for (kind, took_one) in asked? {
            took.entry(kind.name()).or_default().push(took_one);
        }
        fleet.stop()?;
        eprintln!("load: round {} of {}", round + 1, measuring.rounds);
    }
    let name = format!("{rate} requests/s while importing");
    let all: Vec<Duration> = took.values().flatten().copied().collect();
    report.latencies.push(Latency::of(&name, "all", 0, &all));
    report
        .latencies
        .extend(took.iter().map(|(kind, took)| Latency::of(&name, kind, 0, took)));
    report.entries.push(Entry::new(
        &name,
        vec![Series::new("first byte to done", seconds, None)],
    ));
    Ok(())
}

impl Asking {
    fn new(measuring: &Measuring<'_>, fleet: &Fleet, file: &Path, round: usize) -> Result<Self> {
        let statement = format!("SELECT id FROM products ORDER BY hashint8(id) LIMIT {PRODUCTS}");
        let ids = measuring.catalogues.server.ask(RUN, &statement)?;
        Ok(Self {
            client: Client::new(),
            urls: fleet.urls.clone(),
            ids: ids.lines().map(str::to_owned).collect(),
            texts: texts(file)?,
            rng: ChaCha8Rng::seed_from_u64(SEED + round as u64),
        })
    }

    /// Asks at a fixed rate until it is over, and answers what each answer took.
    async fn ask(&mut self, rate: u32, is_over: impl Fn(Instant) -> bool) -> Result<Vec<(Kind, Duration)>> {
        let mut ticks = interval(Duration::from_secs(1) / rate);
        let (start, mut answers) = (Instant::now(), JoinSet::new());
        for (number, kind) in MIX.into_iter().cycle().enumerate() {
            let due = ticks.tick().await;
            if is_over(start) {
                break;
            }
            let request = self.request(kind, number)?;
            answers.spawn(async move {
                succeeded(request.send().await?).await?.bytes().await?;
                anyhow::Ok((kind, due.elapsed()))
            });
        }
        answers.join_all().await.into_iter().collect()
    }

    fn request(&mut self, kind: Kind, number: usize) -> Result<RequestBuilder> {
        let server = &self.urls[number % self.urls.len()];
        let mut products = server.join("api/v1/products")?;
        let rng = &mut self.rng;
        Ok(match kind {
            Kind::List => {
                let sort = SORTS.choose(rng).copied().unwrap_or_default();
                let status = STATUS.choose(rng).copied().unwrap_or_default();
                products
                    .query_pairs_mut()
                    .append_pair("sort", sort)
                    .append_pair("status", status);
                self.client.get(products)
            }
            Kind::Search => {
                let q = self.texts.choose(rng).map_or("", String::as_str);
                products.query_pairs_mut().append_pair("q", q);
                self.client.get(products)
            }
            Kind::Edit => {
                let id = self.ids.choose(rng).map_or("", String::as_str);
                let name = format!("Edited {} times", rng.random_range(0..1_000_000));
                self.client
                    .patch(server.join(&format!("api/v1/products/{id}"))?)
                    .json(&json!({"name": name}))
            }
        })
    }
}

/// What is searched for: SKUs, whole and their beginnings, and words.
fn texts(file: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for record in csv::Reader::from_path(file)?.records().take(PRODUCTS) {
        let record = record?;
        texts.push(record[1].to_owned());
        texts.push(record[1].chars().take(4).collect());
        texts.extend(record[0].split_whitespace().take(1).map(str::to_owned));
        texts.extend(record[2].split_whitespace().take(1).map(str::to_owned));
    }
    Ok(texts)
}
