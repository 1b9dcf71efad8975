//! The whole program as a server in a process of its own, over a database of its own.

use super::database::TestDatabase;
use super::process::{Process, program};
use anyhow::Context;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// A running server. It is killed at the end.
pub struct Served {
    pub database: TestDatabase,
    pub process: Process,
    pub address: String,
    pub client: Client,
}

impl Served {
    /// Starts `serve`, or `web` alone.
    pub async fn start(command: &str) -> anyhow::Result<Self> {
        Self::start_with(command, &[]).await
    }

    /// The same with settings.
    pub async fn start_with(command: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::over(TestDatabase::create().await?, command, settings)
    }

    /// The same over a database that is there already.
    pub fn over(database: TestDatabase, command: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut program = program(Some(&database.url()));
        program.arg(command).envs(settings.iter().copied());
        let (process, address) = Process::serve(&mut program)?;
        Ok(Self {
            database,
            process,
            address,
            client: Client::new(),
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Response> {
        Ok(self.client.get(self.url(path)).send().await?)
    }

    /// Starts a worker beside it.
    pub fn start_worker(&self, settings: &[(&str, &str)]) -> anyhow::Result<Process> {
        let mut program = program(Some(&self.database.url()));
        Process::start(program.arg("worker").envs(settings.iter().copied()))
    }

    pub async fn json(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.get(path).await?.error_for_status()?.json().await?)
    }

    /// Sends a file as a request's body and gives the path of its import.
    pub async fn send(&self, csv: impl Into<reqwest::Body>) -> anyhow::Result<String> {
        let url = self.url("/api/v1/imports?filename=products.csv");
        let request = self.client.post(url).header("Content-Type", "text/csv").body(csv);
        let answer = request.send().await?.error_for_status()?;
        anyhow::ensure!(answer.status() == 202, "{answer:?}");
        Ok(answer.headers()["location"].to_str()?.to_owned())
    }

    /// Imports a file and gives the import once it is over.
    pub async fn import(&self, csv: impl Into<reqwest::Body>) -> anyhow::Result<Value> {
        let path = self.send(csv).await?;
        self.until(&path, is_over).await
    }

    /// Begins an upload in pieces and gives the path of its import.
    pub async fn begin(&self, length: usize) -> anyhow::Result<String> {
        let request = self.client.post(self.url("/api/v1/imports"));
        let request = request.header("Tus-Resumable", "1.0.0").header("Upload-Length", length);
        let answer = request.send().await?.error_for_status()?;
        let file = answer.headers()["location"].to_str()?;
        Ok(file.strip_suffix("/file").context("no file")?.to_owned())
    }

    /// Sends a piece of an upload.
    pub async fn piece(&self, import: &str, offset: usize, bytes: &[u8]) -> anyhow::Result<()> {
        let request = self.client.patch(self.url(&format!("{import}/file")));
        let request = request
            .header("Tus-Resumable", "1.0.0")
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .body(bytes.to_vec());
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Waits until an import is as wanted. A server that has too much to do at the moment is asked again.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let waiting = async {
            loop {
                let answer = self.get(path).await?;
                if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                    let import = answer.error_for_status()?.json().await?;
                    if wanted(&import) {
                        return anyhow::Ok(import);
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(2), waiting)
            .await
            .with_context(|| format!("{path} did not become as wanted"))?
    }
}

/// Whether nothing will happen to the import any more.
pub fn is_over(import: &Value) -> bool {
    ["done", "failed", "cancelled"]
        .iter()
        .any(|state| import["state"] == *state)
}
