//! Processes that start before their database does.

use super::support::keeper::free_ports;
use super::support::postgres::HostedPostgres;
use super::support::process::{Process, program};
use super::{CSV, PATIENCE, get, import, until_status};
use anyhow::Context as _;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpStream;

/// Waits until there is somebody to be asked, and gives the address.
async fn listening(port: u16) -> anyhow::Result<String> {
    let listening = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, listening).await?;
    Ok(format!("http://127.0.0.1:{port}"))
}

#[tokio::test]
async fn a_database_that_starts_last_is_waited_for() -> anyhow::Result<()> {
    let mut database = HostedPostgres::new()?;
    let url = database.url();
    let [port, metrics_port] = free_ports()?;
    let mut web = Process::start(program(Some(&url)).arg("web").env("PORT", port.to_string()))?;
    let mut worker = program(Some(&url));
    worker.arg("worker").env("METRICS_PORT", metrics_port.to_string());
    let mut worker = Process::start(&mut worker)?;
    let (address, metrics) = (listening(port).await?, listening(metrics_port).await?);

    let page = get(&format!("{address}/products")).await?;
    assert_eq!(page.status(), 503);
    assert!(page.headers().contains_key("retry-after"));
    assert!(page.headers()["content-type"].to_str()?.starts_with("text/html"));
    let page = page.text().await?;
    assert!(page.contains("try again in a few seconds"), "{page}");
    let stylesheet = page
        .split('"')
        .find(|part| part.starts_with("/assets/") && part.contains(".css"))
        .context("no style")?;
    assert_eq!(get(&format!("{address}{stylesheet}")).await?.status(), 200);
    let api = reqwest::get(format!("{address}/api/v1/products")).await?;
    assert_eq!(api.headers()["content-type"], "application/problem+json");
    assert_eq!(
        (api.status().as_u16(), api.headers().contains_key("retry-after")),
        (503, true)
    );
    for (path, status) in [("readyz", 503), ("healthz", 200)] {
        assert_eq!(get(&format!("{address}/{path}")).await?.status(), status, "{path}");
        let of_worker = get(&format!("{metrics}/{path}")).await?;
        assert_eq!(of_worker.status(), status, "{path}");
    }

    database.resume().await?;
    until_status(&format!("{address}/readyz"), 200).await?;
    until_status(&format!("{address}/products"), 200).await?;
    assert_eq!(import(&address, CSV).await?["created"], 2);
    until_status(&format!("{metrics}/readyz"), 200).await?;
    assert!(worker.terminate()?.success());
    assert!(web.terminate()?.success());
    Ok(())
}

#[tokio::test]
async fn whoever_waits_for_a_database_ends_when_asked() -> anyhow::Result<()> {
    let database = HostedPostgres::new()?;
    for command in ["worker", "web"] {
        let mut program = program(Some(&database.url()));
        program.arg(command).env("PORT", "0").stderr(Stdio::piped());
        let mut process = Process::start(&mut program)?;
        let log = BufReader::new(process.take_stderr()?);
        let told = log
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("the database is away"));
        let told = told.context("it ended without a word")?;
        assert!(told.contains("refused"), "{told}");
        process.ask_to_end()?;
        assert!(process.ended().await?.success(), "{command}");
    }
    Ok(())
}

#[tokio::test]
async fn what_waiting_does_not_mend_is_told_at_once() -> anyhow::Result<()> {
    let database = HostedPostgres::start().await?;
    let url = database.url();
    for (wrong, said) in [
        (url.replace("secret", "guess"), "password authentication failed"),
        (
            url.replace("/postgres?", "/nowhere?"),
            "database \"nowhere\" does not exist",
        ),
        (url.replace("=require", "=verify-full"), "invalid peer certificate"),
        (url.replace("=require", "=disable"), "no encryption"),
        (
            url.replace("=require", "=verify-full&sslrootcert=/none"),
            "No such file",
        ),
    ] {
        for command in ["web", "worker"] {
            let mut program = program(Some(&wrong));
            program.arg(command).env("PORT", "0").stderr(Stdio::piped());
            let mut process = Process::start(&mut program)?;
            let status = process.ended().await.context(said)?;
            let told = std::io::read_to_string(process.take_stderr()?)?;
            assert_eq!(status.code(), Some(1), "{told}");
            assert!(
                told.contains("cannot connect to PostgreSQL") && told.contains(said),
                "{told}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_release_does_not_wait_for_ever() -> anyhow::Result<()> {
    let database = HostedPostgres::new()?;
    let mut program = program(Some(&database.url()));
    let mut migrate = Process::start(program.arg("migrate").stderr(Stdio::piped()))?;
    let status = migrate.ended().await?;
    let told = std::io::read_to_string(migrate.take_stderr()?)?;
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(
        told.lines()
            .any(|line| line.starts_with("product-importer: cannot connect to PostgreSQL") && line.contains("refused")),
        "{told}"
    );
    Ok(())
}
