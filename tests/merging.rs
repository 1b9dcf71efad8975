//! Imports by the real engine against a reckoning in plain lines: every count and every row.

mod support;

use anyhow::Context as _;
use product_importer::imports::{Engine, Import, Mode, NewStatus, State, TerminalImport, import_file, write_sample};
use product_importer::platform::doorbell::Carrier;
use product_importer::platform::stopping;
use product_importer::platform::storage::FileStorage;
use std::io::Write as _;
use support::brokers;
use support::catalogue::{self, Catalogue, Counts, FileRow};
use support::database::TestDatabase;

const MODES: [&str; 3] = ["overwrite", "create_only", "update_only"];

struct Bench {
    database: TestDatabase,
    folder: tempfile::TempDir,
    _stop: stopping::Stop,
    engine: Engine,
    _carrier: Carrier,
}

impl Bench {
    async fn new() -> anyhow::Result<Self> {
        let database = TestDatabase::create().await?;
        let pool = database.database.pool.clone();
        let (stop, stopping) = stopping::stopping();
        let engine = Engine {
            storage: FileStorage::Postgres(pool.clone()),
            doorbell: brokers::doorbell(&pool)?,
            pool,
            stopping,
        };
        Ok(Self {
            database,
            folder: tempfile::tempdir()?,
            _stop: stop,
            _carrier: engine.doorbell.carry(),
            engine,
        })
    }

    async fn import(&self, csv: &[u8], mode: &str, new_status: &str) -> anyhow::Result<Import> {
        let path = self.folder.path().join("products.csv");
        std::fs::File::create(&path)?.write_all(csv)?;
        let options = TerminalImport {
            filename: "products.csv",
            bytes_total: csv.len() as u64,
            mode: Mode::from_word(mode).context("no mode")?,
            new_status: NewStatus::from_word(new_status).context("no status")?,
        };
        let file = std::fs::File::open(&path)?;
        import_file(&self.engine, &self.database.database, file, &options, |_| {}).await
    }

    async fn products(&self) -> anyhow::Result<Catalogue> {
        catalogue::read(&self.engine.pool).await
    }
}

fn counts_of(import: &Import) -> Counts {
    Counts {
        rows_read: import.rows_read,
        created: import.created,
        updated: import.updated,
        unchanged: import.unchanged,
        duplicates: import.duplicates,
        skipped: import.skipped,
    }
}

/// A small random number in a repeatable order.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn rows(&mut self) -> Vec<FileRow> {
        let (has_description, has_status) = (self.roll(3) > 0, self.roll(2) > 0);
        let count = 1 + self.roll(200);
        (0..count).map(|_| self.row(has_description, has_status)).collect()
    }

    fn row(&mut self, has_description: bool, has_status: bool) -> FileRow {
        let letters = ["é", "É", "ß", "SS", "x", "X", "-", "1"];
        let mut sku = String::from(if self.roll(2) > 0 { "s" } else { "S" });
        for _ in 0..self.roll(3) {
            sku.push_str(letters[self.roll(8) as usize]);
        }
        FileRow {
            sku,
            name: format!("name {}", self.roll(3)),
            description: has_description.then(|| format!("line\nline {}", self.roll(3))),
            active: if has_status {
                [None, Some(true), Some(false)][self.roll(3) as usize]
            } else {
                None
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_do_what_the_reckoning_says_in_every_mode() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut dice = Dice(20_261_122);
    let mut expected = Catalogue::new();
    for round in 0..40 {
        let rows = dice.rows();
        let mode = MODES[dice.roll(3) as usize];
        let new_active = dice.roll(2) > 0;
        let import = bench
            .import(
                &catalogue::csv_of(&rows)?,
                mode,
                if new_active { "active" } else { "inactive" },
            )
            .await?;
        let counts = catalogue::import(&mut expected, &rows, mode, new_active);
        assert_eq!(import.state, State::Done, "round {round}: {:?}", import.error);
        assert_eq!(counts_of(&import), counts, "round {round}, {mode}");
        assert_eq!(bench.products().await?, expected, "round {round}, {mode}");
        let told = product_importer::catalog::read_counts(&bench.engine.pool).await?;
        let active = expected.values().filter(|product| product.active).count() as i64;
        assert_eq!(
            (told.active, told.all()),
            (active, expected.len() as i64),
            "round {round}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_far_apart_in_a_file_of_several_runs_are_folded() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let mut csv = Vec::new();
    write_sample(120_000, 7, &mut csv)?;
    assert!(csv.len() > 2 * 8 * 1024 * 1024, "more than two runs: {}", csv.len());
    let rows = catalogue::rows_of(&csv)?;
    let mut expected = Catalogue::new();
    for round in 0..2 {
        let import = bench.import(&csv, "overwrite", "active").await?;
        let counts = catalogue::import(&mut expected, &rows, "overwrite", true);
        assert_eq!(counts_of(&import), counts, "round {round}");
        assert!(
            bench.products().await? == expected,
            "round {round}: the catalogue differs"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_imported_leaves_the_catalogue_untouched() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.import(b"sku,name\na,one\n", "overwrite", "active").await?;
    let before = bench.products().await?;
    for (csv, told) in [
        (&b""[..], "empty"),
        (b"sku,price\na,1\n", "name"),
        (b"sku,name\nb,two\nc,\"three\nd,four\n", "line 3"),
        (b"PK\x03\x04\x14\x00\x06\x00", "archive"),
    ] {
        let import = bench.import(csv, "overwrite", "active").await?;
        assert_eq!(import.state, State::Failed, "{told}");
        let error = import.error.unwrap_or_default();
        assert!(error.contains(told), "{told}: {error}");
        assert_eq!(bench.products().await?, before, "{told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_add_up_with_rejected_rows() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let csv = b"sku,name\na,one\nA,two\n,three\nb,\n,\nc,three,four\n\n   \nd,five\nd,\n";
    let import = bench.import(csv, "overwrite", "active").await?;
    assert_eq!((import.rows_read, import.rejected), (8, 5));
    let counts = counts_of(&import);
    assert_eq!((counts.created, counts.duplicates), (2, 1));
    let accounted = counts.created + counts.updated + counts.unchanged + counts.duplicates + counts.skipped;
    assert_eq!(import.rows_read, accounted + import.rejected);
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM import_rejections")
        .fetch_one(&bench.engine.pool)
        .await?;
    assert_eq!(kept, 5);
    Ok(())
}
