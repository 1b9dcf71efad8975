//! A catalogue that changes by imports, with its search, in this process.

use crate::many_scripts;
use crate::support::catalogue::{self, FileRow};
use crate::support::database::TestDatabase;
use anyhow::ensure;
use product_importer::catalog::edit::{self, EditError, NewProduct, Patch};
use product_importer::catalog::{
    Filter, ListQuery, Page, Product, Search, Step, Total, count, index_backlog, index_changes, list_page,
};
use product_importer::imports::{Engine, FileSource, Mode, NewStatus, Outcome, TerminalImport, write_sample};
use product_importer::platform::doorbell::Doorbell;
use product_importer::platform::stopping;
use product_importer::platform::storage::FileStorage;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::io::Write as _;

/// Letters that fold, join, divide words or mean something to SQL.
const LETTERS: [&str; 32] = [
    "a", "b", "A", "B", "a", "b", "c", "1", "2", " ", " ", "-", "_", "%", "\\", "'", "\"", ".", "/", "é", "e\u{301}",
    "É", "ß", "ﬁ", "İ", "ς", "日", "本", "🎉", "½", "\u{301}", "Ａ",
];

pub struct Shop {
    pub database: TestDatabase,
    pub search: Search,
    engine: Engine,
    _stop: stopping::Stop,
    folder: tempfile::TempDir,
}

impl Shop {
    pub async fn open() -> anyhow::Result<Self> {
        let database = TestDatabase::create().await?;
        let pool = database.database.pool.clone();
        let (stop, stopping) = stopping::stopping();
        Ok(Self {
            search: Search::new(database.database.clone(), 128),
            engine: Engine {
                storage: FileStorage::Postgres(pool.clone()),
                doorbell: Doorbell::new(pool.clone()),
                pool,
                stopping,
            },
            database,
            _stop: stop,
            folder: tempfile::tempdir()?,
        })
    }

    /// Imports rows without indexing them.
    pub async fn import(&self, rows: &[FileRow]) -> anyhow::Result<()> {
        let csv = catalogue::csv_of(rows)?;
        let path = self.folder.path().join(uuid::Uuid::new_v4().to_string());
        std::fs::File::create(&path)?.write_all(&csv)?;
        let options = TerminalImport {
            filename: "products.csv",
            bytes_total: csv.len() as u64,
            mode: Mode::Overwrite,
            new_status: NewStatus::Active,
        };
        let file = std::fs::File::open(&path)?;
        // As the terminal does, but for its last step, which is to index.
        let id = self.engine.start_terminal(&options).await?;
        self.engine.read_file(id, &mut FileSource::file(file)).await?;
        while matches!(self.engine.merge_next().await?, Outcome::Worked) {}
        let state: String = sqlx::query_scalar("SELECT state FROM imports WHERE id = $1")
            .bind(id)
            .fetch_one(&self.engine.pool)
            .await?;
        ensure!(state == "done", "the import is {state}");
        Ok(())
    }

    /// Creates, changes, deletes and restores some products by hand.
    pub async fn edit(&self, ids: &[i64], other: &[FileRow], seed: u64) -> anyhow::Result<()> {
        let database = &self.database.database;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (number, id) in ids.iter().enumerate() {
            let row = &other[rng.random_range(0..other.len())];
            let patch = match rng.random_range(0..6_u32) {
                0 => {
                    let product = NewProduct {
                        sku: format!("{}+{seed}+{number}", row.sku),
                        name: row.name.clone(),
                        description: row.description.clone().unwrap_or_default(),
                        active: number % 2 == 0,
                    };
                    told(edit::create(database, product).await)?;
                    continue;
                }
                1 | 2 => {
                    told(edit::delete(database, *id).await)?;
                    if rng.random_range(0..2_u32) == 0 {
                        told(edit::restore(database, *id).await)?;
                    }
                    continue;
                }
                3 => Patch {
                    sku: Some(format!("{}*{seed}*{number}", row.sku)),
                    ..Patch::default()
                },
                4 => Patch {
                    name: Some(row.name.clone()),
                    description: row.description.clone(),
                    ..Patch::default()
                },
                _ => Patch {
                    active: Some(rng.random_range(0..2_u32) == 0),
                    ..Patch::default()
                },
            };
            told(edit::change(database, *id, patch).await)?;
        }
        Ok(())
    }

    /// A page as the list shows it.
    pub async fn page(&self, query: &ListQuery) -> anyhow::Result<Page> {
        let page = list_page(&self.search, query).await;
        page.map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// How many products are not indexed yet, those counted twice that changed twice.
    pub async fn waiting(&self) -> anyhow::Result<i64> {
        let waiting = sqlx::query_scalar("SELECT coalesce(sum(products), 0)::bigint FROM search_changes");
        Ok(waiting.fetch_one(&self.engine.pool).await?)
    }

    /// Whether searches do not look at all of these themselves.
    pub async fn is_behind(&self) -> anyhow::Result<bool> {
        Ok(index_backlog(&self.engine.pool).await?.is_noticed())
    }

    /// How many match, however long it takes.
    pub async fn count(&self, filter: &Filter) -> anyhow::Result<Total> {
        let total = count(&self.search, filter, None).await;
        total.map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// Makes every other segment one of those that were built before segments had ends (14).
    pub async fn forget_ends(&self) -> anyhow::Result<()> {
        sqlx::query("DELETE FROM search_columns WHERE kind = 14 AND segment_id % 2 = 0")
            .execute(&self.database.database.pool)
            .await?;
        Ok(())
    }

    /// Takes steps until nothing waits to be indexed. The less memory they have, the more segments they make.
    pub async fn index(&self, memory_mb: u32) -> anyhow::Result<()> {
        let search = Search::new(self.database.database.clone(), memory_mb);
        loop {
            match index_changes(&search).await? {
                Step::Idle => return Ok(()),
                Step::Done(_) => {}
                Step::Busy => tokio::task::yield_now().await,
            }
        }
    }
}

fn told(edited: Result<Product, EditError>) -> anyhow::Result<()> {
    edited.map(drop).map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// What the data are like.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Sample,
    ManyScripts,
    /// Few letters, odd ones among them, so that everything nearly matches everything.
    FewLetters,
}

impl Kind {
    pub fn rows(self, count: u64, seed: u64) -> anyhow::Result<Vec<FileRow>> {
        let mut csv = Vec::new();
        match self {
            Self::Sample => write_sample(count, seed, &mut csv)?,
            Self::ManyScripts => many_scripts::write(count, seed, &mut csv)?,
            Self::FewLetters => return Ok(few_letters(count, seed)),
        }
        catalogue::rows_of(&csv)
    }
}

fn few_letters(count: u64, seed: u64) -> Vec<FileRow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut text = |most: usize| {
        let mut text = String::new();
        for _ in 0..rng.random_range(1..=most) {
            text.push_str(LETTERS[rng.random_range(0..LETTERS.len())]);
        }
        text
    };
    let row = |_| FileRow {
        // Letters around them keep them from being blank.
        sku: format!("a{}", text(6)),
        name: format!("{}b", text(14)),
        description: Some(text(30)),
        active: None,
    };
    (0..count).map(row).collect()
}

/// Some of the rows with other texts or another status, in another order.
pub fn changed(rows: &[FileRow], seed: u64, percent: u32) -> Vec<FileRow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut changed = Vec::new();
    for row in rows {
        if rng.random_range(0..100_u32) >= percent {
            continue;
        }
        let mut row = row.clone();
        let other = &rows[rng.random_range(0..rows.len())];
        match rng.random_range(0..4_u32) {
            0 => row.name.clone_from(&other.name),
            1 => row.description.clone_from(&other.description),
            2 => row.active = Some(rng.random_range(0..2_u32) == 0),
            _ => row.sku = row.sku.to_uppercase(),
        }
        changed.push(row);
    }
    changed
}
