//! Behind a router as Heroku has it: uploads, streams and everything else go through it, over processes that come and go.

#[path = "../support/mod.rs"]
mod support;

mod crew;
mod limits;
mod proxy;

use crew::Crew;
use product_importer::imports::write_sample;
use proxy::{Limits, Router};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::catalogue::{self, Catalogue};
use support::database::TestDatabase;
use support::events::{Events, Told};

const ROWS: u64 = 60_000;
const PIECE: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_mins(4);
/// As the page waits before it tries again.
const AGAIN: Duration = Duration::from_millis(300);

fn tus(method: Method, url: &str) -> RequestBuilder {
    Client::new().request(method, url).header("Tus-Resumable", "1.0.0")
}

/// Tries until an answer is a success: what a client of tus does when lines break and processes go.
async fn insist(request: impl Fn() -> RequestBuilder) -> anyhow::Result<reqwest::Response> {
    let trying = async {
        loop {
            match request().send().await {
                Ok(answer) if answer.status().is_success() => return answer,
                _ => tokio::time::sleep(AGAIN).await,
            }
        }
    };
    Ok(tokio::time::timeout(PATIENCE, trying).await?)
}

/// Begins an upload and gives its path.
async fn begin(router: &str, length: usize) -> anyhow::Result<String> {
    let created = insist(|| tus(Method::POST, &format!("{router}/api/v1/imports")).header("Upload-Length", length));
    Ok(created.await?.headers()["location"].to_str()?.to_owned())
}

/// Sends a file piece by piece, asking after each how much has arrived.
async fn send(url: &str, csv: &[u8]) -> anyhow::Result<()> {
    let mut offset = 0;
    while offset < csv.len() {
        let piece = csv[offset..csv.len().min(offset + PIECE)].to_vec();
        let sent = tus(Method::PATCH, url)
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .body(piece);
        if !sent.send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(AGAIN).await;
        }
        let arrived = insist(|| tus(Method::HEAD, url)).await?;
        offset = arrived.headers()["upload-offset"].to_str()?.parse()?;
    }
    Ok(())
}

/// Watches an import to its end as a browser does: whenever the stream breaks it asks again, naming the last event.
async fn watch(url: &str) -> anyhow::Result<Value> {
    let (mut last, mut rows_read) = (None, 0);
    loop {
        let Ok(mut events) = Events::open(url, last).await else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        while let Ok(Some(told)) = events.next().await {
            let Told::Event { name, id, data } = told else { continue };
            last = Some(id);
            if name == "row" {
                continue;
            }
            let read = data["rows_read"].as_i64().unwrap_or_default();
            anyhow::ensure!(read >= rows_read, "{read} after {rows_read}");
            rows_read = read;
            if name == "end" {
                return Ok(data);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_ends_well_while_processes_come_and_go() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let router = Router::start(Limits::default()).await?;
    let mut crew = Crew::start(&database.url(), &router, 2, 2)?;
    let sent = Arc::new(AtomicBool::new(false));
    let restarting = tokio::task::spawn_blocking({
        let sent = Arc::clone(&sent);
        move || {
            let mut restarts = 0;
            while !sent.load(Ordering::Relaxed) || restarts < 4 {
                crew.restart_any()?;
                restarts += 1;
            }
            // Whoever is there now stays until everything is over.
            anyhow::Ok(crew)
        }
    });
    let mut csv = Vec::new();
    write_sample(ROWS, 5, &mut csv)?;
    let file = format!("{}{}", router.url(), begin(&router.url(), csv.len()).await?);
    let events = file.replace("/file", "/events");
    let watching = tokio::spawn(async move { watch(&events).await });
    send(&file, &csv).await?;
    sent.store(true, Ordering::Relaxed);
    let _crew = restarting.await??;
    let import = tokio::time::timeout(PATIENCE, watching).await???;
    assert_eq!(import["state"], "done", "{import}");

    let mut expected = Catalogue::new();
    let counts = catalogue::import(&mut expected, &catalogue::rows_of(&csv)?, "overwrite", true);
    assert_eq!(import["created"], counts.created, "{import}");
    assert_eq!(import["duplicates"], counts.duplicates, "{import}");
    assert_eq!(catalogue::read(&database.database.pool).await?, expected);
    Ok(())
}
