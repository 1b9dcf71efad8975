//! The real program in processes of its own, which tests may kill.

use super::{brokers, storages};
use anyhow::Context;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// A process that is killed when the test is done with it.
pub struct Process {
    child: Child,
}

/// The program, on that database and the broker of `TEST_BROKER`, with nothing of the tests' own environment that could steer it.
pub fn program(database_url: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_product-importer"));
    for name in [
        "DATABASE_URL",
        "DATA_DIR",
        "HOST",
        "PORT",
        "RUST_LOG",
        "ACCESS",
        "ACCESS_PASSWORD",
        "PUBLIC_URL",
        "METRICS_PORT",
        "STATEMENT_TIMEOUT_SECONDS",
        "SECRET_KEY",
        "WEBHOOK_ALLOW_NETS",
        "WEBHOOK_TIMEOUT_SECONDS",
        "WEBHOOK_CA_FILE",
        "WEBHOOK_DNS",
        "STORAGE_URL",
        "STORAGE_CA_FILE",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "BROKER_URL",
        "REDIS_URL",
        "CLOUDAMQP_URL",
    ] {
        command.env_remove(name);
    }
    // Of the hundred that the server gives, the processes of several tests at once take some each.
    command.env("DATABASE_CONNECTIONS", "12");
    if let Some(url) = database_url {
        command.env("DATABASE_URL", url);
        command.envs(storage_of(url).expect("the storage for tests does not start"));
    }
    if let Some(url) = brokers::shared_url().expect("the broker for tests does not start") {
        command.env("BROKER_URL", url);
    }
    command
}

/// Where the files of that database are, by `TEST_STORAGE`.
fn storage_of(database_url: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let address = database_url.split('?').next().unwrap_or_default();
    let name = address.rsplit('/').next().context("no database")?;
    storages::settings(storages::wanted()?, name)
}

impl Process {
    /// Starts a process that needs no watching.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the program")?;
        Ok(Self { child })
    }

    /// Starts a web process on a free port, and gives its address once it is ready.
    pub fn serve(command: &mut Command) -> anyhow::Result<(Self, String)> {
        let mut child = command
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the program")?;
        let out = child.stdout.take().context("no output")?;
        let process = Self { child };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line
            .trim()
            .rsplit_once(": ")
            .with_context(|| format!("not ready: {line:?}"))?
            .1
            .to_owned();
        Ok((process, address))
    }

    /// Kills the process as `kill -9` does.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the process to end, and waits until it has.
    pub fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.ask_to_end()?;
        Ok(self.child.wait()?)
    }

    /// Asks the process to end, as an operator or a platform does.
    pub fn ask_to_end(&self) -> anyhow::Result<()> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id())?);
        Ok(nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)?)
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let waiting = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    return anyhow::Ok(status);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(3), waiting)
            .await
            .context("the process did not end")?
    }

    /// What the process writes to standard error, if that was piped.
    pub fn take_stderr(&mut self) -> anyhow::Result<ChildStderr> {
        self.child.stderr.take().context("no log")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a run of the program that ended well wrote to standard output.
pub fn output(result: &Output) -> anyhow::Result<String> {
    anyhow::ensure!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    Ok(String::from_utf8(result.stdout.clone())?)
}
