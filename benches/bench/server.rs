//! The PostgreSQL that everything is measured on, spoken to through `psql`.

use crate::files::Folder;
use anyhow::{Context, Result, bail};
use product_importer::platform::postgres::PrivatePostgres;
use std::cell::RefCell;
use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// What changes the figures most, told with them.
const SETTINGS: [&str; 12] = [
    "shared_buffers",
    "work_mem",
    "maintenance_work_mem",
    "wal_level",
    "wal_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "random_page_cost",
    "jit",
];

/// A running server on which databases may be made.
pub struct Server {
    url: String,
    private: Option<Private>,
}

/// Fields are dropped in order: the server, then its data.
struct Private {
    running: RefCell<Option<PrivatePostgres>>,
    data: Folder,
}

impl Server {
    /// The server of `DATABASE_URL`, or else one made for the measurement, as the program would run it.
    pub fn find() -> Result<Self> {
        let server = if let Ok(url) = env::var("DATABASE_URL") {
            Self { url, private: None }
        } else {
            let data = Folder::new("postgres")?;
            let private = PrivatePostgres::start_or_join(data.path())?;
            Self {
                url: private.url(),
                private: Some(Private {
                    running: RefCell::new(Some(private)),
                    data,
                }),
            }
        };
        server.ask("postgres", "SELECT 1")?;
        Ok(server)
    }

    /// Starts the server anew with nothing of its files in memory. Only a server of our own can be; answers whether.
    pub fn empty_caches(&self) -> Result<bool> {
        let Some(private) = &self.private else {
            return Ok(false);
        };
        drop(private.running.take());
        forget_files(private.data.path())?;
        private
            .running
            .replace(Some(PrivatePostgres::start_or_join(private.data.path())?));
        Ok(true)
    }

    /// The address of one of its databases.
    pub fn database_url(&self, database: &str) -> String {
        let (address, parameters) = self
            .url
            .split_once('?')
            .map_or((&*self.url, None), |(a, p)| (a, Some(p)));
        let authority_start = address.find("://").map_or(0, |at| at + 3);
        let end = address[authority_start..]
            .find('/')
            .map_or(address.len(), |at| authority_start + at);
        let parameters = parameters
            .map(|parameters| format!("?{parameters}"))
            .unwrap_or_default();
        format!("{}/{database}{parameters}", &address[..end])
    }

    /// A `psql` on one of its databases, which stops at the first error.
    pub fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args([
            "-X",
            "-q",
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            &self.database_url(database),
        ]);
        psql.env("PGOPTIONS", "-c client_min_messages=warning");
        psql
    }

    /// Runs one statement and answers what it printed.
    pub fn ask(&self, database: &str, statement: &str) -> Result<String> {
        let mut psql = self.psql(database);
        let output = psql.args(["-c", statement]).stdin(Stdio::null()).output();
        let output = output.context("could not start psql; it comes with PostgreSQL's client package")?;
        if !output.status.success() {
            bail!("{statement}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Copies a database file by file, so that each copy is in the same state, down to the pages.
    pub fn copy_database(&self, template: &str, copy: &str) -> Result<()> {
        self.drop_database(copy)?;
        let knows_strategy = self.ask("postgres", "SHOW server_version_num")?.parse::<u32>()? >= 150_000;
        let strategy = if knows_strategy { "STRATEGY file_copy" } else { "" };
        self.ask(
            "postgres",
            &format!("CREATE DATABASE {copy} TEMPLATE {template} {strategy}"),
        )?;
        self.ask("postgres", "CHECKPOINT")?;
        Ok(())
    }

    pub fn drop_database(&self, database: &str) -> Result<()> {
        self.ask("postgres", &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
            .map(drop)
    }

    pub fn version(&self) -> Result<String> {
        self.ask("postgres", "SHOW server_version")
    }

    /// `name=value` of what matters.
    pub fn settings(&self) -> Result<Vec<String>> {
        let names = SETTINGS.map(|name| format!("'{name}'")).join(", ");
        let statement = format!(
            "SELECT name || '=' || current_setting(name) FROM pg_settings WHERE name IN ({names}) ORDER BY name"
        );
        Ok(self.ask("postgres", &statement)?.lines().map(str::to_owned).collect())
    }
}

/// Tells the system that the files under a folder need not be kept in memory.
fn forget_files(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            forget_files(&entry.path())?;
        } else if kind.is_file() {
            let file = File::open(entry.path())?;
            // What is not yet on the disk is not forgotten.
            file.sync_data()?;
            #[cfg(target_os = "linux")]
            nix::fcntl::posix_fadvise(&file, 0, 0, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        }
    }
    Ok(())
}
