//! Processes killed at every place where it could hurt: no row is lost, none is counted twice.

mod support;

use product_importer::imports::write_sample;
use product_importer::platform::postgres::PrivatePostgres;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use std::path::Path;
use std::time::Duration;
use support::catalogue::{self, Catalogue};
use support::database::TestDatabase;
use support::process::{Process, program};

/// Two runs of rows, so that there is a middle everywhere.
const ROWS: u64 = 70_000;
const PIECE: usize = 2 * 1024 * 1024;

fn sample() -> anyhow::Result<Vec<u8>> {
    let mut csv = Vec::new();
    write_sample(ROWS, 11, &mut csv)?;
    Ok(csv)
}

/// What is last when products are merged. Whoever keeps it to themselves keeps the merge from its end.
const LAST: &[u8] = b"name,sku,description\r\nlast,zzzz-last,\r\n";
const KEEP_LAST: &str = "BEGIN; SELECT FROM products WHERE sku = 'zzzz-last' FOR UPDATE";

/// A file that changes the last product, which has to be there already.
fn sample_with_last() -> anyhow::Result<Vec<u8>> {
    let mut csv = sample()?;
    csv.extend(b"another,zzzz-last,\r\n");
    Ok(csv)
}

/// Uploads by tus, as the page does.
async fn upload(address: &str, csv: &[u8]) -> anyhow::Result<String> {
    let client = reqwest::Client::new();
    let created = client
        .post(format!("{address}/api/v1/imports"))
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", csv.len())
        .send()
        .await?
        .error_for_status()?;
    let file = created.headers()["location"].to_str()?.to_owned();
    for (number, piece) in csv.chunks(PIECE).enumerate() {
        client
            .patch(format!("{address}{file}"))
            .header("Tus-Resumable", "1.0.0")
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Offset", number * PIECE)
            .body(piece.to_vec())
            .send()
            .await?
            .error_for_status()?;
    }
    Ok(format!("{address}{}", file.trim_end_matches("/file")))
}

async fn import_at(url: &str) -> anyhow::Result<Value> {
    Ok(reqwest::get(url).await?.error_for_status()?.json().await?)
}

/// Waits until the import is as wanted, and checks on the way that no number goes down.
async fn until(url: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    const NUMBERS: [&str; 8] = [
        "bytes_received",
        "rows_read",
        "created",
        "updated",
        "unchanged",
        "duplicates",
        "skipped",
        "rejected",
    ];
    let mut before = Value::Null;
    let waiting = async {
        loop {
            if let Ok(import) = import_at(url).await {
                for number in NUMBERS {
                    anyhow::ensure!(
                        import[number].as_i64() >= before[number].as_i64(),
                        "{number} went down: {import}"
                    );
                }
                if wanted(&import) {
                    return Ok(import);
                }
                before = import;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), waiting).await?
}

fn is_over(import: &Value) -> bool {
    ["done", "failed", "cancelled"]
        .iter()
        .any(|state| import["state"] == *state)
}

/// The import is done, its counts and the catalogue are what the file says.
fn check(import: &Value, csv: &[u8], found: &Catalogue) -> anyhow::Result<()> {
    check_over(Catalogue::new(), import, csv, found)
}

/// The same over what was there already.
fn check_over(mut expected: Catalogue, import: &Value, csv: &[u8], found: &Catalogue) -> anyhow::Result<()> {
    anyhow::ensure!(import["state"] == "done", "{import}");
    let counts = catalogue::import(&mut expected, &catalogue::rows_of(csv)?, "overwrite", true);
    for (name, value) in [
        ("rows_read", counts.rows_read),
        ("created", counts.created),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("duplicates", counts.duplicates),
        ("rejected", 0),
    ] {
        anyhow::ensure!(import[name] == value, "{name} is not {value}: {import}");
    }
    anyhow::ensure!(*found == expected, "the catalogue differs from the file");
    Ok(())
}

/// A worker is killed at `place`, another one finishes what it began.
async fn killed_worker(place: &str) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let csv = sample()?;
    let (_web, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let mut doomed = Process::start(
        program(Some(&database.url()))
            .arg("worker")
            .env("PRODUCT_IMPORTER_FAULT", format!("{place}=abort")),
    )?;
    let url = upload(&address, &csv).await?;
    let status = doomed.ended().await?;
    anyhow::ensure!(!status.success(), "the worker was not killed at {place}");
    let died_at = import_at(&url).await?;
    anyhow::ensure!(!is_over(&died_at), "the worker had finished before {place}: {died_at}");
    let _heir = Process::start(program(Some(&database.url())).arg("worker"))?;
    let import = until(&url, is_over).await?;
    check(&import, &csv, &catalogue::read(&database.database.pool).await?)
}

macro_rules! killed_at {
    ($($name:ident: $place:literal,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() -> anyhow::Result<()> {
                killed_worker($place).await
            }
        )+
    };
}

killed_at! {
    killed_before_a_run_is_written: "staging.write:1",
    killed_before_a_later_run_is_written: "staging.write:2",
    killed_after_a_run_is_written: "staging.written:1",
    killed_when_the_file_ends: "reading.end:1",
    killed_between_two_ranges: "merging.range:1",
    killed_before_the_first_batch_is_committed: "merging.batch:1",
    killed_in_the_middle_of_merging: "merging.batch:4",
    killed_between_two_batches: "merging.batch_committed:3",
    killed_before_the_import_is_done: "merging.end:1",
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_never_gets_further_fails_with_its_reason() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let (_web, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let _worker = Process::start(
        program(Some(&database.url()))
            .arg("worker")
            .env("PRODUCT_IMPORTER_FAULT", "merging.batch=error"),
    )?;
    let url = upload(&address, b"sku,name\na,one\n").await?;
    let import = until(&url, is_over).await?;
    assert_eq!(import["state"], "failed", "{import}");
    assert!(
        import["error"]
            .as_str()
            .is_some_and(|error| error.contains("a fault was asked for")),
        "{import}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_stop_gives_its_work_back_at_once() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let csv = sample()?;
    let (_web, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let mut first = Process::start(program(Some(&database.url())).arg("worker"))?;
    let url = upload(&address, &csv).await?;
    until(&url, |import| import["created"].as_i64() > Some(0) || is_over(import)).await?;
    assert!(first.terminate()?.success());
    let claim: Option<uuid::Uuid> = sqlx::query_scalar("SELECT claim FROM imports")
        .fetch_one(&database.database.pool)
        .await?;
    assert_eq!(claim, None, "the claim was kept");
    let _second = Process::start(program(Some(&database.url())).arg("worker"))?;
    let import = until(&url, is_over).await?;
    check(&import, &csv, &catalogue::read(&database.database.pool).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_merge_keeps_what_was_counted() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let csv = sample()?;
    let (_web, address) = Process::serve(program(Some(&database.url())).arg("serve"))?;
    let url = upload(&address, &csv).await?;
    until(&url, |import| import["created"].as_i64() > Some(0)).await?;
    let answer = reqwest::Client::new().put(format!("{url}/cancellation")).send().await?;
    let import = until(&url, is_over).await?;
    if answer.status() == 202 {
        assert_eq!(import["state"], "cancelled", "{import}");
    } else {
        assert_eq!(
            (answer.status().as_u16(), &import["state"]),
            (409, &Value::from("done"))
        );
    }
    let found = catalogue::read(&database.database.pool).await?;
    assert_eq!(import["created"], found.len() as i64);
    let again = import_at(&url).await?;
    assert_eq!(again, import, "nothing is written after the end");
    Ok(())
}

/// A catalogue of nothing but the last product.
fn with_last() -> anyhow::Result<Catalogue> {
    let mut catalogue = Catalogue::new();
    catalogue::import(&mut catalogue, &catalogue::rows_of(LAST)?, "overwrite", true);
    Ok(catalogue)
}

/// The process id of the private PostgreSQL's postmaster.
fn postmaster(data_dir: &Path) -> anyhow::Result<nix::unistd::Pid> {
    let file = std::fs::read_to_string(data_dir.join("postgresql/postmaster.pid"))?;
    Ok(nix::unistd::Pid::from_raw(
        file.lines().next().unwrap_or_default().trim().parse()?,
    ))
}

async fn killed_database(wanted: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let csv = sample_with_last()?;
    let (mut server, address) = Process::serve(program(None).arg("serve").env("DATA_DIR", folder.path()))?;
    until(&upload(&address, LAST).await?, is_over).await?;
    let database = PrivatePostgres::start_or_join(folder.path())?.url();
    let mut keeping = PgConnection::connect(&database).await?;
    sqlx::raw_sql(KEEP_LAST).execute(&mut keeping).await?;
    let url = upload(&address, &csv).await?;
    let before = until(&url, |import| wanted(import) || is_over(import)).await?;
    assert!(!is_over(&before), "too late to kill anything: {before}");
    nix::sys::signal::kill(postmaster(folder.path())?, nix::sys::signal::Signal::SIGKILL)?;
    let import = until(&url, is_over).await?;
    assert_eq!(import["state"], "done", "{import}");
    let exported = program(None).arg("export").env("DATA_DIR", folder.path()).output()?;
    let exported = catalogue::rows_of(support::process::output(&exported)?.as_bytes())?;
    let mut expected = with_last()?;
    let counts = catalogue::import(&mut expected, &catalogue::rows_of(&csv)?, "overwrite", true);
    assert_eq!(
        (&import["created"], &import["duplicates"]),
        (&counts.created.into(), &counts.duplicates.into())
    );
    assert!(
        exported
            .iter()
            .map(|row| (&row.sku, &row.name))
            .eq(expected.values().map(|row| (&row.sku, &row.name)))
    );
    server.terminate()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_killed_while_reading_is_survived() -> anyhow::Result<()> {
    killed_database(|import| import["rows_read"].as_i64() > Some(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_killed_while_merging_is_survived() -> anyhow::Result<()> {
    killed_database(|import| import["created"].as_i64() > Some(0)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_only_stands_still_is_taken_over_from() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let csv = sample_with_last()?;
    let (_web, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let frozen = Process::start(program(Some(&database.url())).arg("worker"))?;
    until(&upload(&address, LAST).await?, is_over).await?;
    let mut keeping = PgConnection::connect(&database.url()).await?;
    sqlx::raw_sql(KEEP_LAST).execute(&mut keeping).await?;
    let url = upload(&address, &csv).await?;
    let before = until(&url, |import| import["created"].as_i64() > Some(0)).await?;
    assert!(!is_over(&before), "too late to stop anything: {before}");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(frozen.id())?);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP)?;
    keeping.close().await?;
    let _heir = Process::start(program(Some(&database.url())).arg("worker"))?;
    let import = until(&url, is_over).await?;
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT)?;
    check_over(
        with_last()?,
        &import,
        &csv,
        &catalogue::read(&database.database.pool).await?,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_keep_their_order_through_a_killed_database() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let first = sample()?;
    let second: Vec<_> = catalogue::rows_of(&first)?
        .into_iter()
        .map(|row| catalogue::FileRow {
            name: format!("{} again", row.name),
            ..row
        })
        .collect();
    let second = catalogue::csv_of(&second)?;
    let (mut server, address) = Process::serve(program(None).arg("serve").env("DATA_DIR", folder.path()))?;
    let first_url = upload(&address, &first).await?;
    // Files are read side by side, and merged in the order in which that ended.
    until(&first_url, |import| {
        ["waiting", "merging", "over"]
            .iter()
            .any(|phase| import["phase"] == *phase)
    })
    .await?;
    let second_url = upload(&address, &second).await?;
    until(&first_url, |import| {
        import["created"].as_i64() > Some(0) || is_over(import)
    })
    .await?;
    nix::sys::signal::kill(postmaster(folder.path())?, nix::sys::signal::Signal::SIGKILL)?;
    for url in [&first_url, &second_url] {
        let import = until(url, is_over).await?;
        assert_eq!(import["state"], "done", "{import}");
    }
    let exported = program(None).arg("export").env("DATA_DIR", folder.path()).output()?;
    let exported = catalogue::rows_of(support::process::output(&exported)?.as_bytes())?;
    assert!(
        !exported.is_empty() && exported.iter().all(|row| row.name.ends_with(" again")),
        "the older file won"
    );
    server.terminate()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_cancelled_while_they_are_read_leave_nothing_behind() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let (_server, address) = Process::serve(
        program(Some(&database.url()))
            .arg("serve")
            .env("DATABASE_CONNECTIONS", "5"),
    )?;
    let rejected = [b"sku,name\n".as_slice(), &b",\n".repeat(400_000)].concat();
    for round in 0..8 {
        let url = upload(&address, &rejected).await?;
        let import = until(&url, |import| import["rows_read"].as_i64() > Some(0)).await?;
        if !is_over(&import) {
            reqwest::Client::new().put(format!("{url}/cancellation")).send().await?;
        }
        let csv = format!("sku,name\nround-{round},one\n");
        let url = upload(&address, csv.as_bytes()).await?;
        let import = until(&url, is_over).await?;
        assert_eq!(
            (&import["state"], &import["created"]),
            (&Value::from("done"), &Value::from(1)),
            "{import}"
        );
    }
    let found = catalogue::read(&database.database.pool).await?;
    assert_eq!(found.len(), 8);
    Ok(())
}
