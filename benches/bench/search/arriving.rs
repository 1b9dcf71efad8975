//! Asking while an import of half a million rows runs, and how soon what it committed is found.
//!
//! Among its rows are new ones with names of their own, spread over the whole order of SKUs. They are looked for in
//! the table, and as soon as one is there, by searching.

use super::asking::{self, Answered};
use super::questions::Question;
use crate::files::Folder;
use crate::upload::{await_done, succeeded};
use anyhow::{Context, Result, ensure};
use product_importer::catalog::SkuKey;
use reqwest::{Client, Url};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use std::cell::Cell;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const MOST_ROWS: usize = 500_000;
const PROBES: usize = 200;
const LOOK_EVERY: Duration = Duration::from_millis(10);
const FOUND_WITHIN: Duration = Duration::from_mins(1);

/// What was measured, of all rounds.
#[derive(Default)]
pub struct WhileImporting {
    pub answers: Vec<Answered>,
    pub found_after: Vec<Duration>,
    pub seconds: Vec<f64>,
    pub indexed_seconds: Vec<f64>,
}

/// A new product of the file.
pub struct Probe {
    name: String,
    key: String,
}

/// One round.
pub struct Arriving<'a> {
    pub server: &'a Url,
    pub database_url: String,
    pub questions: &'a [Question],
    pub file: PathBuf,
    pub probes: Vec<Probe>,
    pub round: usize,
}

/// Rows of `base` of which three in ten have another description than in the round before, and new ones among them.
pub fn write_file(folder: &Folder, base: &Path, round: usize) -> Result<(PathBuf, Vec<Probe>)> {
    let mut probes = Vec::new();
    let path = folder.path().join("arriving.csv");
    let mut reader = csv::Reader::from_path(base)?;
    let mut writer = csv::Writer::from_writer(BufWriter::with_capacity(1 << 20, File::create(&path)?));
    writer.write_byte_record(reader.byte_headers()?)?;
    for (row, record) in reader.byte_records().take(MOST_ROWS).enumerate() {
        let record = record?;
        let mut description = record[2].to_vec();
        if (1..=3).contains(&(row % 10)) {
            write!(description, " Now in edition {round}.")?;
        }
        writer.write_record([&record[0], &record[1], &description])?;
        if row % (MOST_ROWS / PROBES) == 0 {
            // The beginning of an existing SKU puts it somewhere in their order.
            let name = format!("probe{round}x{row}y");
            let sku = [&record[1], name.as_bytes()].concat();
            writer.write_record([name.as_bytes(), &sku, b"To be found."])?;
            let key = SkuKey::of(&String::from_utf8(sku)?).as_str().to_owned();
            probes.push(Probe { name, key });
        }
    }
    writer.flush()?;
    Ok((path, probes))
}

impl Arriving<'_> {
    /// Uploads the file and asks until the import is done and indexed.
    pub async fn run(&self, measured: &mut WhileImporting) -> Result<()> {
        let is_over = Cell::new(false);
        let importing = async {
            let taken = self.import().await;
            is_over.set(true);
            taken
        };
        let (taken, answers, found_after) = tokio::join!(importing, self.ask(&is_over), self.watch(&is_over));
        let (seconds, indexed_seconds) = taken?;
        measured.seconds.push(seconds);
        measured.indexed_seconds.push(indexed_seconds);
        measured.answers.extend(answers?);
        let found_after = found_after?;
        ensure!(!found_after.is_empty(), "none of the new products was seen");
        measured.found_after.extend(found_after);
        Ok(())
    }

    /// Uploads in one request; seconds until it is done, and until nothing waits to be indexed.
    async fn import(&self) -> Result<(f64, f64)> {
        let client = Client::new();
        let body = tokio::fs::read(&self.file).await?;
        let start = Instant::now();
        let request = client
            .post(self.server.join("api/v1/imports?filename=arriving.csv")?)
            .header("Content-Type", "text/csv")
            .body(body);
        let answer = succeeded(request.send().await?).await?;
        let location = answer.headers().get("Location").context("no Location")?.to_str()?;
        let import = self.server.join(location)?;
        await_done(&client, import.as_str()).await?;
        let seconds = start.elapsed().as_secs_f64();
        let mut connection = PgConnection::connect(&self.database_url).await?;
        loop {
            let waiting: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM search_changes)")
                .fetch_one(&mut connection)
                .await?;
            if !waiting {
                connection.close().await?;
                return Ok((seconds, start.elapsed().as_secs_f64()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn ask(&self, is_over: &Cell<bool>) -> Result<Vec<Answered>> {
        let client = Client::new();
        let mut answers = Vec::new();
        for question in self.questions.iter().cycle().skip(self.round * 500) {
            if is_over.get() {
                break;
            }
            answers.extend(asking::ask_one(&client, self.server, question).await?);
        }
        Ok(answers)
    }

    /// Looks for the new products in the table, and searches for each that has come.
    async fn watch(&self, is_over: &Cell<bool>) -> Result<Vec<Duration>> {
        let client = Client::new();
        let mut connection = PgConnection::connect(&self.database_url).await?;
        let mut awaited: Vec<&Probe> = self.probes.iter().collect();
        let mut searching = JoinSet::new();
        let mut was_over = false;
        while !was_over && !awaited.is_empty() {
            was_over = is_over.get();
            let keys: Vec<&str> = awaited.iter().map(|probe| probe.key.as_str()).collect();
            let come: Vec<String> = sqlx::query_scalar("SELECT sku_key FROM products WHERE sku_key = ANY($1)")
                .bind(&keys)
                .fetch_all(&mut connection)
                .await?;
            let seen = Instant::now();
            for probe in awaited.extract_if(.., |probe| come.contains(&probe.key)) {
                let mut url = self.server.join("api/v1/products")?;
                url.query_pairs_mut().append_pair("q", &probe.name);
                searching.spawn(until_found(client.clone(), url, seen));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        connection.close().await?;
        searching.join_all().await.into_iter().collect()
    }
}

async fn until_found(client: Client, url: Url, seen: Instant) -> Result<Duration> {
    loop {
        let page: Value = succeeded(client.get(url.clone()).send().await?).await?.json().await?;
        if page["items"].as_array().is_some_and(|items| !items.is_empty()) {
            return Ok(seen.elapsed());
        }
        ensure!(seen.elapsed() < FOUND_WITHIN, "{url}: committed and not found");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
