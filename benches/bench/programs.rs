//! The program's halves in processes of their own, and what they and the database took.

use crate::catalogues::{Catalogues, EMPTY, RUN};
use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// Variables of the environment, and what they are set to.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// Receivers of webhooks are on this machine.
pub const RECEIVERS_HERE: Settings<'static> = &[("WEBHOOK_ALLOW_NETS", "127.0.0.0/8")];

/// A half of the program, killed when it is dropped.
pub struct Program(Child);

impl Program {
    fn command(catalogues: &Catalogues<'_>, half: &str, settings: Settings<'_>) -> Command {
        let mut command = Command::new(catalogues.program);
        command
            .arg(half)
            .env("DATABASE_URL", catalogues.server.database_url(RUN))
            .env("PORT", "0")
            .env("RUST_LOG", "warn")
            .envs(settings.iter().copied())
            .stdin(Stdio::null());
        command
    }

    pub fn worker(catalogues: &Catalogues<'_>, settings: Settings<'_>) -> Result<Self> {
        let mut command = Self::command(catalogues, "worker", settings);
        Ok(Self(command.stdout(Stdio::null()).spawn()?))
    }

    /// A web half, and its address.
    pub fn web(catalogues: &Catalogues<'_>, settings: Settings<'_>) -> Result<(Self, String)> {
        let mut command = Self::command(catalogues, "web", settings);
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let out = process.stdout.take().context("no output")?;
        let web = Self(process);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let (_, address) = line.trim().rsplit_once(": ").context("`web` did not start")?;
        Ok((web, address.to_owned()))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn kill(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    pub fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.0.id())?), Signal::SIGTERM)?;
        let status = self.0.wait()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A fresh database with webhooks to those addresses, told of everything.
pub fn fresh(catalogues: &Catalogues<'_>, urls: &[String]) -> Result<()> {
    catalogues.server.copy_database(EMPTY, RUN)?;
    let rows: Vec<String> = urls
        .iter()
        .map(|url| {
            format!(
                "('{url}', '{{product.created,product.updated,product.deleted,catalog.cleared,catalog.restored}}',
                  '\\x00{}')",
                "07".repeat(24)
            )
        })
        .collect();
    if !rows.is_empty() {
        let statement = format!("INSERT INTO webhooks (url, events, secret) VALUES {}", rows.join(","));
        catalogues.server.ask(RUN, &statement)?;
    }
    Ok(())
}

/// The memory of a process that is its own, in bytes.
pub fn memory_bytes(process: u32) -> Result<i64> {
    status_bytes(process, "RssAnon:")
}

/// A size that the system tells of a process, in bytes.
pub fn status_bytes(process: u32, field: &str) -> Result<i64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes = kilobytes.with_context(|| format!("no {field} in status"))?;
    Ok(kilobytes.parse::<i64>()? * 1024)
}

/// Seconds that a process has kept processors busy.
pub fn cpu_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("no command in stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: f64 = fields
        .get(11..13)
        .context("a short stat")?
        .iter()
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Ok(ticks / 100.0)
}

/// Seconds that all processors together have been busy.
pub fn busy_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("an empty stat")?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let busy = ticks.iter().take(8).sum::<f64>() - ticks.get(3).unwrap_or(&0.0) - ticks.get(4).unwrap_or(&0.0);
    Ok(busy / 100.0)
}

/// Transactions so far. All that workers do is one statement a transaction, so these are statements as well. Backends
/// report them when they end at the latest.
pub fn transactions(catalogues: &Catalogues<'_>) -> Result<i64> {
    let statement = format!("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{RUN}'");
    Ok(catalogues.server.ask("postgres", &statement)?.parse()?)
}
