//! What the image asks to tell whether it is healthy.

use crate::file;
use crate::support::database::TestDatabase;
use crate::support::process::{Process, program};
use anyhow::Context as _;
use std::process::Command;

/// Asks as the image does of its first process, with that process's settings.
fn is_healthy(pid: u32, settings: &[(&str, &str)]) -> anyhow::Result<bool> {
    let dockerfile = file("Dockerfile")?;
    let check = dockerfile.split_once("HEALTHCHECK").context("no health check")?.1;
    let command = check.split_once("CMD ").context("no command")?.1.lines().next();
    let command: Vec<String> = serde_json::from_str(command.unwrap_or_default())?;
    let own = format!("/proc/{pid}/");
    let asked = Command::new(&command[0])
        .args(command[1..].iter().map(|word| word.replace("/proc/1/", &own)))
        .env_remove("METRICS_PORT")
        // As the image sets it, where nobody listens here.
        .env("PORT", "1")
        .envs(settings.iter().copied())
        .output()?;
    Ok(asked.status.success())
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap_or_default()
}

#[tokio::test]
async fn a_container_knows_whether_it_is_healthy() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let url = database.url();
    let (web, address) = Process::serve(program(Some(&url)).arg("web"))?;
    assert!(is_healthy(web.id(), &[("PORT", port(&address))])?);
    assert!(!is_healthy(web.id(), &[])?, "a web process must answer");
    let shared = [("PORT", port(&address)), ("METRICS_PORT", "1")];
    assert!(is_healthy(web.id(), &shared)?, "METRICS_PORT is for workers");

    let silent = Process::start(program(Some(&url)).arg("worker"))?;
    assert!(is_healthy(silent.id(), &[])?, "a worker that listens nowhere");
    assert!(is_healthy(silent.id(), &[("METRICS_PORT", "")])?);
    assert!(!is_healthy(silent.id(), &[("METRICS_PORT", "1")])?);
    let (telling, address) = Process::serve(program(Some(&url)).args(["worker", "--metrics-port", "0"]))?;
    assert!(is_healthy(telling.id(), &[("METRICS_PORT", port(&address))])?);
    Ok(())
}
