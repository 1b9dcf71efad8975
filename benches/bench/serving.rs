//! The program as a server: `product-importer serve` on one of the measurement's databases.

use crate::catalogues::Catalogues;
use crate::programs::status_bytes;
use anyhow::{Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, Url};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A `product-importer serve`, killed if it is dropped before it was stopped.
pub struct Serving {
    process: Child,
    pub url: Url,
}

impl Serving {
    pub async fn start(catalogues: &Catalogues<'_>, database: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(catalogues.program)
            .arg("serve")
            .env("DATABASE_URL", catalogues.server.database_url(database))
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut serving = Self {
            process,
            url: Url::parse(&format!("http://127.0.0.1:{port}/"))?,
        };
        serving.ready().await?;
        Ok(serving)
    }

    /// The most memory it has had so far, where the system tells.
    pub fn peak_bytes(&self) -> Option<i64> {
        status_bytes(self.process.id(), "VmHWM:").ok()
    }

    async fn ready(&mut self) -> Result<()> {
        let start = Instant::now();
        let client = Client::new();
        while start.elapsed() < READY_WITHIN {
            if let Some(status) = self.process.try_wait()? {
                bail!("`serve` ended with {status}");
            }
            let answer = client.get(self.url.join("readyz")?).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("`serve` was not ready within {} s", READY_WITHIN.as_secs())
    }

    pub fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.process.id())?), Signal::SIGTERM)?;
        let status = self.process.wait()?;
        ensure!(status.success(), "`serve` ended with {status}");
        Ok(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Both fail when it has been stopped, and then there is nothing left to do.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
