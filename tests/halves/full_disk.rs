//! A database whose disk is full, and has room again.

use super::support::postgres::HostedPostgres;
use super::support::process::{Process, program};
use super::support::served::is_over;
use super::{CSV, PATIENCE, get, import};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::fs;
use std::io;
use std::time::Duration;

const ROWS: usize = 100_000;

fn tus(request: RequestBuilder) -> RequestBuilder {
    request.header("Tus-Resumable", "1.0.0")
}

/// Sends the rest of a file from where the server has it.
async fn send_rest(place: &str, file: &str) -> anyhow::Result<Response> {
    let known = tus(Client::new().head(place)).send().await?.error_for_status()?;
    let offset: usize = known.headers()["upload-offset"].to_str()?.parse()?;
    let request = tus(Client::new().patch(place))
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Offset", offset);
    Ok(request.body(file[offset..].to_owned()).send().await?)
}

#[tokio::test]
async fn an_upload_goes_on_when_there_is_room_again() -> anyhow::Result<()> {
    let Some(database) = HostedPostgres::on_small_disk("size=160m,mode=755").await? else {
        return Ok(());
    };
    let url = database.url();
    let (_web, address) = Process::serve(program(Some(&url)).arg("web"))?;
    let _worker = Process::start(program(Some(&url)).arg("worker"))?;
    assert_eq!(import(&address, CSV).await?["created"], 2);
    let file = format!("sku,name\n{}", "B-1,Lamp\n".repeat(ROWS));
    let created = tus(Client::new().post(format!("{address}/api/v1/imports")))
        .header("Upload-Length", file.len())
        .send()
        .await?
        .error_for_status()?;
    let place = format!("{address}{}", created.headers()["location"].to_str()?);

    // The log of changes has a segment for itself: a server without room for that ends.
    database.begin_segment().await?;
    let filling = database.folder().join("filling");
    let filled = fs::File::create(&filling).and_then(|mut into| io::copy(&mut io::repeat(1), &mut into));
    assert!(filled.is_err());
    let refused = send_rest(&place, &file).await?;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = refused.json().await?;
    assert_eq!(problem["title"], "No room left", "{problem}");
    assert!(
        problem["detail"].as_str().unwrap_or_default().contains("disk is full"),
        "{problem}"
    );
    assert_eq!(get(&format!("{address}/products")).await?.status(), 200);

    fs::remove_file(filling)?;
    assert_eq!(send_rest(&place, &file).await?.status(), 204);
    let waiting = async {
        loop {
            let import: Value = get(place.trim_end_matches("/file"))
                .await?
                .error_for_status()?
                .json()
                .await?;
            if is_over(&import) {
                return anyhow::Ok(import);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let import = tokio::time::timeout(PATIENCE, waiting).await??;
    assert_eq!(
        (&import["state"], &import["rows_read"]),
        (&"done".into(), &ROWS.into()),
        "{import}"
    );
    Ok(())
}
