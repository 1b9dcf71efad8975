//! Indexing killed at every place where it could hurt: nothing is lost, and the next step makes it whole.

use crate::ask;
use crate::questions::Questions;
use crate::scan::Scan;
use crate::shop::{Kind, Shop, changed};
use crate::support::catalogue::{self, FileRow};
use crate::support::process::program;
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;

/// The faults of `catalog::search`.
const PLACES: [&str; 4] = ["search.segment", "search.step", "search.segment", "search.step"];
/// Enough for one segment.
const MEMORY_MB: u32 = 128;
const PRODUCTS: u64 = 1_900;
const SEARCHES: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_indexing_loses_nothing() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let mut questions = Questions::new(9);
    let rows = Kind::Sample.rows(PRODUCTS, 9)?;
    for (round, place) in PLACES.into_iter().enumerate() {
        let round = round as u64;
        // The first import is of everything, the others are of so little that searches see it at once.
        let file = if round == 0 {
            rows.clone()
        } else {
            changed(&rows, round, 5)
        };
        import_and_die(&shop, &file, place)?;
        let pool = &shop.database.database.pool;
        let scan = Scan::of(pool).await?;
        ensure!(
            scan.rows().len() > PRODUCTS as usize * 9 / 10,
            "the import itself was lost"
        );
        let killed = || format!("killed at {place}");
        ensure!(shop.is_behind().await? == (round == 0), "behind after round {round}");
        if round > 0 {
            ask(&shop, &scan, &mut questions, SEARCHES).await.with_context(killed)?;
        }
        shop.index(MEMORY_MB).await?;
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM search_changes")
            .fetch_one(pool)
            .await?;
        ensure!(waiting == 0, "{waiting} changes still wait, {place}");
        ask(&shop, &scan, &mut questions, SEARCHES)
            .await
            .with_context(|| format!("indexed after being {}", killed()))?;
    }
    Ok(())
}

/// A terminal import whose process is killed at a place of the indexing that ends it.
fn import_and_die(shop: &Shop, rows: &[FileRow], place: &str) -> anyhow::Result<()> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&catalogue::csv_of(rows)?)?;
    let output = program(Some(&shop.database.url()))
        .arg("import")
        .arg(file.path())
        .env("PRODUCT_IMPORTER_FAULT", format!("{place}=abort"))
        .output()?;
    ensure!(
        output.status.signal() == Some(nix::sys::signal::Signal::SIGKILL as i32),
        "not killed at {place}: {output:?}"
    );
    Ok(())
}
