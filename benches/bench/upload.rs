//! From the last byte uploaded to `done`, beside the terminal import of the same file.
//!
//! A `serve` is started on a fresh copy of the catalogue and given the file as a browser would: by tus, in pieces of
//! 8 MB, one after another, as fast as the loopback takes them.

use crate::Options;
use crate::catalogues::{Catalogues, Contender, RUN, Scenario, scenarios};
use crate::files::Folder;
use crate::machine::Machine;
use crate::report::{Entry, Report, Series};
use crate::server::Server;
use crate::serving::Serving;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use reqwest::{Client, Response, Url};
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PIECE_BYTES: usize = 8 * 1024 * 1024;
const SEND_BYTES: usize = 64 * 1024;
const POLL: Duration = Duration::from_millis(20);

pub fn measure(options: &Options) -> Result<()> {
    let server = Server::find()?;
    let folder = Folder::new("files")?;
    let scenarios = scenarios(&folder, options.rows)?;
    let catalogues = Catalogues::new(&server, &folder, options)?;
    catalogues.migrate()?;
    catalogues.fill_base(&scenarios[0].file, &[Contender::Ours])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entries = scenarios
        .iter()
        .map(|scenario| runtime.block_on(entry(&catalogues, scenario, options.rounds)));
    let report = Report {
        title: format!(
            "Upload of {} rows: last byte to done, by the terminal import",
            options.rows
        ),
        machine: Machine::of(&server)?,
        entries: entries.collect::<Result<_>>()?,
        latencies: Vec::new(),
        notes: vec!["The file is uploaded at the speed of the loopback; a slower line leaves less to do.".to_owned()],
    };
    report.print(options.json)
}

async fn entry(catalogues: &Catalogues<'_>, scenario: &Scenario, rounds: usize) -> Result<Entry> {
    let (mut uploads, mut terminal) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        catalogues.server.copy_database(scenario.template, RUN)?;
        let serving = Serving::start(catalogues, RUN).await?;
        uploads.push(
            upload(std::slice::from_ref(&serving.url), scenario.bytes()?)
                .await
                .context("the upload")?
                .since_last_byte
                .as_secs_f64(),
        );
        serving.stop()?;
        let uploaded = catalogues.content(Contender::Ours, RUN)?;
        let (measured, imported) = catalogues.run(Contender::Ours, scenario)?;
        ensure!(
            uploaded == imported,
            "{}: catalogues differ: {uploaded} and {imported}",
            scenario.name
        );
        terminal.push(measured.seconds);
        eprintln!("{}: round {} of {rounds}", scenario.name, round + 1);
    }
    let series = vec![
        Series::new("last byte to done", uploads, None),
        Series::new("import", terminal, None),
    ];
    Ok(Entry::new(scenario.name, series))
}

/// How long an upload took until it was `done`.
pub struct Took {
    pub since_first_byte: Duration,
    pub since_last_byte: Duration,
}

/// Uploads a file, each piece to the next of the servers.
pub async fn upload(servers: &[Url], bytes: Bytes) -> Result<Took> {
    let client = Client::new();
    let first_byte = Instant::now();
    let begun = Begun::create(&client, &servers[0], bytes).await?;
    let mut last_byte = first_byte;
    for (piece, server) in (0..begun.pieces()).zip(servers.iter().cycle()) {
        last_byte = begun.send(&client, server, piece).await?;
    }
    await_done(&client, servers[0].join(&begun.import)?.as_str()).await?;
    Ok(Took {
        since_first_byte: first_byte.elapsed(),
        since_last_byte: last_byte.elapsed(),
    })
}

/// An upload that has begun.
pub struct Begun {
    /// The path of its import.
    pub import: String,
    bytes: Bytes,
}

impl Begun {
    /// Announces the file.
    pub async fn create(client: &Client, server: &Url, bytes: Bytes) -> Result<Self> {
        let location = create(client, server, bytes.len()).await?;
        let import = location.path().strip_suffix("/file");
        let import = import.context("the upload's address does not end in /file")?;
        Ok(Self {
            import: import.to_owned(),
            bytes,
        })
    }

    /// In how many pieces it is sent.
    pub fn pieces(&self) -> usize {
        self.bytes.len().div_ceil(PIECE_BYTES)
    }

    /// Sends a piece, and answers when its last byte was handed to the network, before the server has answered.
    pub async fn send(&self, client: &Client, server: &Url, piece: usize) -> Result<Instant> {
        let offset = piece * PIECE_BYTES;
        let location = server.join(&format!("{}/file", self.import))?;
        let bytes = self.bytes.slice(offset..self.bytes.len().min(offset + PIECE_BYTES));
        send_piece(client, &location, offset, bytes).await
    }
}

async fn create(client: &Client, server: &Url, size_bytes: usize) -> Result<Url> {
    let request = client
        .post(server.join("api/v1/imports")?)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", size_bytes)
        .header(
            "Upload-Metadata",
            format!("filename {}", STANDARD.encode("products.csv")),
        );
    let answer = succeeded(request.send().await?).await?;
    let location = answer.headers().get("Location").context("no Location")?.to_str()?;
    Ok(server.join(location)?)
}

/// Sends one piece and answers when its last byte was handed to the network, before the server has answered.
async fn send_piece(client: &Client, location: &Url, offset: usize, piece: Bytes) -> Result<Instant> {
    let last_byte = Arc::new(Mutex::new(Instant::now()));
    let (told, size_bytes) = (Arc::clone(&last_byte), piece.len());
    let chunks = stream::iter((0..size_bytes).step_by(SEND_BYTES).map(move |start| {
        if let Ok(mut last_byte) = told.lock() {
            *last_byte = Instant::now();
        }
        Ok::<_, io::Error>(piece.slice(start..size_bytes.min(start + SEND_BYTES)))
    }));
    let request = client
        .patch(location.clone())
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", offset)
        .header("Content-Type", "application/offset+octet-stream")
        .header("Content-Length", size_bytes)
        .body(reqwest::Body::wrap_stream(chunks));
    succeeded(request.send().await?).await?;
    last_byte
        .lock()
        .map(|last_byte| *last_byte)
        .map_err(|_| anyhow::anyhow!("the sender panicked"))
}

pub async fn await_done(client: &Client, import: &str) -> Result<()> {
    loop {
        let import: Value = succeeded(client.get(import).send().await?).await?.json().await?;
        match import["state"].as_str().context("an import without a state")? {
            "done" => return Ok(()),
            "failed" | "cancelled" => bail!("the import ended otherwise: {import}"),
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

pub async fn succeeded(answer: Response) -> Result<Response> {
    let (status, url) = (answer.status(), answer.url().clone());
    if !status.is_success() {
        bail!("{url} answered {status}: {}", answer.text().await?);
    }
    Ok(answer)
}
