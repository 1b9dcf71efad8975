//! The catalogues that runs start from: templates made once, copied before each run.
//!
//! `empty` has the schema and nothing else; `base` has the base file imported by each contender into its own table,
//! so that each goes on from what it made itself.

use crate::Options;
use crate::files::Folder;
use crate::gin;
use crate::measured::{self, Measured};
use crate::server::Server;
use crate::yardstick;
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

pub const EMPTY: &str = "importer_bench_empty";
pub const BASE: &str = "importer_bench_base";
pub const RUN: &str = "importer_bench_run";

/// Who imports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    Ours,
    Yardstick,
    /// The yardstick with indexes for searching.
    Gin,
}

impl Contender {
    fn table(self) -> &'static str {
        match self {
            Self::Ours => "products",
            Self::Yardstick | Self::Gin => yardstick::TABLE,
        }
    }
}

/// A state to start from and a file to import into it.
pub struct Scenario {
    pub name: &'static str,
    pub template: &'static str,
    pub file: PathBuf,
}

impl Scenario {
    /// What is in the file.
    pub fn bytes(&self) -> Result<Bytes> {
        Ok(fs::read(&self.file)?.into())
    }
}

/// The three that count: a first import, a usual one, and the same file again.
pub fn scenarios(folder: &Folder, rows: u64) -> Result<[Scenario; 3]> {
    let base = folder.sample(rows)?;
    let changed = folder.changed(&base)?;
    Ok([
        Scenario {
            name: "empty catalogue",
            template: EMPTY,
            file: base.clone(),
        },
        Scenario {
            name: "30 % changed",
            template: BASE,
            file: changed,
        },
        Scenario {
            name: "nothing changed",
            template: BASE,
            file: base,
        },
    ])
}

/// The server, the program, and the templates, which go when this is dropped.
pub struct Catalogues<'a> {
    pub server: &'a Server,
    pub program: &'a Path,
    folder: &'a Folder,
}

impl<'a> Catalogues<'a> {
    /// Makes the empty template.
    pub fn new(server: &'a Server, folder: &'a Folder, options: &'a Options) -> Result<Self> {
        let catalogues = Self {
            server,
            program: &options.program,
            folder,
        };
        server.drop_database(EMPTY)?;
        server.ask(
            "postgres",
            &format!("CREATE DATABASE {EMPTY} ENCODING 'UTF8' TEMPLATE template0"),
        )?;
        Ok(catalogues)
    }

    /// Brings the schema into the empty template by the program itself.
    pub fn migrate(&self) -> Result<()> {
        let mut migrate = Command::new(self.program);
        let status = migrate
            .arg("migrate")
            .env("DATABASE_URL", self.server.database_url(EMPTY))
            .status();
        if !status
            .with_context(|| format!("could not start {}", self.program.display()))?
            .success()
        {
            bail!("`migrate` failed");
        }
        yardstick::create_table(self.server, EMPTY)
    }

    /// Brings the schema in without the program.
    pub fn migrate_by_psql(&self) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut steps: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        steps.retain(|step| step.extension().is_some_and(|extension| extension == "sql"));
        steps.sort();
        for step in steps {
            let status = self
                .server
                .psql(EMPTY)
                .arg("-f")
                .arg(&step)
                .stdin(Stdio::null())
                .status()?;
            if !status.success() {
                bail!("{} failed", step.display());
            }
        }
        yardstick::create_table(self.server, EMPTY)
    }

    /// Makes the template that already holds the products of `file`.
    pub fn fill_base(&self, file: &Path, contenders: &[Contender]) -> Result<()> {
        self.server.copy_database(EMPTY, BASE)?;
        for contender in contenders {
            self.import(*contender, BASE, file)?;
        }
        self.server.ask(BASE, "VACUUM ANALYZE").map(drop)
    }

    /// One measured import into a fresh copy of the scenario's template, and what the catalogue holds afterwards.
    pub fn run(&self, contender: Contender, scenario: &Scenario) -> Result<(Measured, String)> {
        self.server.copy_database(scenario.template, RUN)?;
        let measured = self.import(contender, RUN, &scenario.file)?;
        Ok((measured, self.content(contender, RUN)?))
    }

    fn import(&self, contender: Contender, database: &str, file: &Path) -> Result<Measured> {
        match contender {
            Contender::Yardstick => {
                measured::run(&yardstick::command(self.server, database, file, self.folder.path())?)
            }
            Contender::Gin => self.import_with_gin(database, file),
            Contender::Ours => self.import_ours(database, file),
        }
    }

    /// An import by the program, at whose end everything it wrote must be found by the index.
    pub fn import_ours(&self, database: &str, file: &Path) -> Result<Measured> {
        let mut import = Command::new(self.program);
        import
            .arg("import")
            .arg(file)
            .env("DATABASE_URL", self.server.database_url(database));
        let measured = measured::run(&import)?;
        let waiting = self.server.ask(database, "SELECT count(*) FROM search_changes")?;
        ensure!(waiting == "0", "the import ended with {waiting} changes not indexed");
        Ok(measured)
    }

    /// The yardstick's import between dropping and making the indexes.
    fn import_with_gin(&self, database: &str, file: &Path) -> Result<Measured> {
        let start = Instant::now();
        gin::remove(self.server, database)?;
        let import = self.import(Contender::Yardstick, database, file)?;
        gin::build(self.server, database)?;
        Ok(Measured {
            seconds: start.elapsed().as_secs_f64(),
            ..import
        })
    }

    /// How many products there are and a sum over all their values.
    pub fn content(&self, contender: Contender, database: &str) -> Result<String> {
        let table = contender.table();
        let values = "hashtextextended(concat_ws(E'\\n', sku, name, description), 0)::numeric";
        self.server.ask(
            database,
            &format!("SELECT count(*) || ' products, sum ' || coalesce(sum({values}), 0) FROM {table}"),
        )
    }
}

impl Drop for Catalogues<'_> {
    fn drop(&mut self) {
        for database in [RUN, BASE, EMPTY] {
            if let Err(error) = self.server.drop_database(database) {
                eprintln!("database {database} is left behind: {error}");
            }
        }
    }
}
