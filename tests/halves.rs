//! Web and worker processes over a database that goes away, is slow or full, or is reached as a hosting company has it.

#[path = "halves/full_disk.rs"]
mod full_disk;
#[path = "halves/starting.rs"]
mod starting;
mod support;
#[path = "halves/vanishing.rs"]
mod vanishing;

use nix::sys::signal::Signal;
use reqwest::{Client, Response};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use support::database::TestDatabase;
use support::events::{Events, Told};
use support::postgres::HostedPostgres;
use support::process::{Process, program};

const PATIENCE: Duration = Duration::from_mins(1);
const CSV: &str = "sku,name\nA-1,Lamp\nA-2,Table\n";

async fn get(url: &str) -> anyhow::Result<Response> {
    Ok(Client::new().get(url).header("Accept", "text/html").send().await?)
}

/// Asks until the status is the wanted one, and gives that answer.
async fn until_status(url: &str, status: u16) -> anyhow::Result<Response> {
    let asking = async {
        loop {
            let answer = get(url).await?;
            if answer.status() == status {
                return anyhow::Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await?
}

/// Sends a file and waits until it is imported.
async fn import(address: &str, csv: &str) -> anyhow::Result<Value> {
    let url = format!("{address}/api/v1/imports?filename=products.csv");
    let request = Client::new().post(url).header("Content-Type", "text/csv");
    let answer = request.body(csv.to_owned()).send().await?.error_for_status()?;
    let place = format!("{address}{}", answer.headers()["location"].to_str()?);
    let waiting = async {
        loop {
            let answer = get(&place).await?;
            // A process whose statements may not take long says so where the machine is slow.
            if answer.status() != 503 {
                let import: Value = answer.error_for_status()?.json().await?;
                if support::served::is_over(&import) {
                    return anyhow::Ok(import);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // Some of them wait until PostgreSQL gives up on whoever has vanished.
    tokio::time::timeout(3 * PATIENCE, waiting).await?
}

#[tokio::test]
async fn a_database_that_goes_and_comes_back_needs_no_restart() -> anyhow::Result<()> {
    let mut database = HostedPostgres::start().await?;
    let url = database.url();
    let (mut web, address) = Process::serve(program(Some(&url)).arg("web"))?;
    let mut worker = Process::start(program(Some(&url)).arg("worker"))?;
    assert_eq!(import(&address, CSV).await?["created"], 2);

    database.stop()?;
    let page = until_status(&format!("{address}/products"), 503).await?;
    assert!(page.headers().contains_key("retry-after"));
    assert!(page.headers()["content-type"].to_str()?.starts_with("text/html"));
    assert!(page.text().await?.contains("try again in a few seconds"));
    let api = get(&format!("{address}/api/v1/products")).await?;
    assert_eq!(
        (api.status().as_u16(), api.headers().contains_key("retry-after")),
        (503, true)
    );
    let status = get(&format!("{address}/status")).await?;
    assert_eq!(
        (status.status().as_u16(), status.headers().contains_key("retry-after")),
        (503, true)
    );
    assert_eq!(get(&format!("{address}/readyz")).await?.status(), 503);
    assert_eq!(get(&format!("{address}/healthz")).await?.status(), 200);
    let metrics = get(&format!("{address}/metrics")).await?.text().await?;
    assert!(metrics.contains("product_importer_database_up 0"), "{metrics}");

    database.resume().await?;
    until_status(&format!("{address}/products"), 200).await?;
    let csv = "sku,name\nA-1,Lamp\nA-3,Chair\n";
    let again = import(&address, csv).await?;
    assert_eq!(
        (&again["created"], &again["unchanged"]),
        (&1.into(), &1.into()),
        "{again}"
    );
    assert!(
        worker.terminate()?.success(),
        "the worker stayed until it was asked to go"
    );
    assert!(web.terminate()?.success(), "and so did the web process");
    Ok(())
}

/// As when the host of the database vanishes: no connection is closed, and none answers any more.
#[tokio::test]
async fn pages_leave_connections_that_do_not_answer() -> anyhow::Result<()> {
    // For pages: of five, one is for work, and one listens.
    const CONNECTIONS: usize = 3;
    let database = HostedPostgres::start().await?;
    let mut web = program(Some(&database.url()));
    // All are to be waiting at the same time.
    web.arg("web").env("STATEMENT_TIMEOUT_SECONDS", "10");
    web.env("DATABASE_CONNECTIONS", (CONNECTIONS + 2).to_string());
    let (_web, address) = Process::serve(&mut web)?;
    let mut holder = PgConnection::connect(&database.url()).await?;
    sqlx::raw_sql("BEGIN; LOCK TABLE products").execute(&mut holder).await?;
    let page = format!("{address}/api/v1/products");
    let asked: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(reqwest::get(page.clone())))
        .collect();
    let all_wait = async {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut holder).await? < CONNECTIONS as i64 {}
        database.signal_connections(Signal::SIGSTOP)
    };
    tokio::time::timeout(PATIENCE, all_wait).await??;
    let answers = tokio::time::timeout(PATIENCE, futures_util::future::join_all(asked)).await;
    let is_back = until_status(&format!("{address}/imports"), 200).await;
    // Before anything may fail: a process that is stopped does not end.
    database.signal_connections(Signal::SIGCONT)?;
    for answer in answers? {
        let answer = answer??;
        assert!(
            answer.status() == 503 && answer.headers().contains_key("retry-after"),
            "{answer:?}"
        );
    }
    is_back?;
    Ok(())
}

/// Platforms kill after half a minute what they have asked to end; some sooner.
#[tokio::test]
async fn processes_end_in_time_although_the_database_stands_still() -> anyhow::Result<()> {
    const PLATFORMS_WAIT: Duration = Duration::from_secs(25);
    let database = HostedPostgres::start().await?;
    let url = database.url();
    let (mut web, address) = Process::serve(program(Some(&url)).arg("web"))?;
    let mut worker = Process::start(program(Some(&url)).arg("worker"))?;
    import(&address, "sku,name\nA-1,Lamp\n").await?;
    database.signal_all(Signal::SIGSTOP)?;
    let page = tokio::spawn(reqwest::get(format!("{address}/products")));
    web.ask_to_end()?;
    worker.ask_to_end()?;
    let ended = async { tokio::try_join!(web.ended(), worker.ended()) };
    let ended = tokio::time::timeout(PLATFORMS_WAIT, ended).await;
    // Before anything may fail: a process that is stopped does not end.
    database.signal_all(Signal::SIGCONT)?;
    let (web, worker) = ended??;
    assert!(web.success() && worker.success(), "{web} {worker}");
    drop(page.await?);
    Ok(())
}

#[tokio::test]
async fn encryption_is_as_the_address_says() -> anyhow::Result<()> {
    let database = HostedPostgres::start().await?;
    let migrate = |mode: &str| {
        let url = database.url().replace("sslmode=require", mode);
        program(Some(&url)).arg("migrate").output()
    };
    let plain = migrate("sslmode=disable")?;
    assert!(
        !plain.status.success(),
        "the server takes no connection that is not encrypted"
    );
    // As Heroku gives it: what is not said is tried, and encrypted where the server can.
    let unsaid = migrate("")?;
    assert!(unsaid.status.success(), "{}", String::from_utf8_lossy(&unsaid.stderr));
    // Its certificate is signed by nobody that is known, as with Heroku's.
    let verified = migrate("sslmode=verify-full")?;
    assert!(!verified.status.success());
    let required = migrate("sslmode=require")?;
    assert!(
        required.status.success(),
        "{}",
        String::from_utf8_lossy(&required.stderr)
    );
    Ok(())
}

#[tokio::test]
async fn pages_give_up_where_work_waits() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let url = database.url();
    let mut web = program(Some(&url));
    let (_web, address) = Process::serve(web.arg("web").env("STATEMENT_TIMEOUT_SECONDS", "3"))?;
    let mut worker = program(Some(&url));
    let _worker = Process::start(worker.arg("worker").env("STATEMENT_TIMEOUT_SECONDS", "3"))?;

    let mut holding = database.database.pool.begin().await?;
    sqlx::query("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *holding)
        .await?;
    let importing = tokio::spawn({
        let address = address.clone();
        async move { import(&address, CSV).await }
    });
    let page = until_status(&format!("{address}/products"), 503).await?;
    assert!(page.headers().contains_key("retry-after"));
    // The merge stands before the same lock, for longer than a page would.
    let waits = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'
                   AND application_name LIKE 'import %' AND now() - query_start > interval '3500 ms'";
    let standing = async {
        while sqlx::query_scalar::<_, i64>(waits)
            .fetch_one(&database.database.pool)
            .await?
            == 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, standing).await??;
    holding.rollback().await?;
    let import = importing.await??;
    assert_eq!(
        (&import["state"], &import["created"]),
        (&"done".into(), &2.into()),
        "{import}"
    );
    let tries: i32 = sqlx::query_scalar("SELECT attempts FROM imports")
        .fetch_one(&database.database.pool)
        .await?;
    assert!(
        tries <= 2,
        "reading and merging were begun once each, and not {tries} times"
    );
    Ok(())
}

#[tokio::test]
async fn viewers_of_a_process_that_stops_are_sent_to_another() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let (mut first, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let (_second, other) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let created = Client::new()
        .post(format!("{address}/api/v1/imports"))
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", "1000")
        .send()
        .await?
        .error_for_status()?;
    let file = created.headers()["location"].to_str()?.to_owned();
    let events = file.replace("/file", "/events");
    let mut watching = Events::open(&format!("{address}{events}"), None).await?;
    let (_, id, state) = watching.event().await?.unwrap_or_default();
    assert_eq!(state["state"], "uploading");

    assert!(first.terminate()?.success());
    let mut last = None;
    while let Some(told) = watching.next().await? {
        last = Some(told);
    }
    let Some(Told::Comment(words)) = last else {
        panic!("the last word was {last:?}");
    };
    assert!(words.contains("retry: 1000") && words.contains("restarting"), "{words}");
    let mut elsewhere = Events::open(&format!("{other}{events}"), Some(id)).await?;
    assert_eq!(elsewhere.event().await?.unwrap_or_default().2["state"], "uploading");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_goes_is_replaced_while_its_lease_would_still_last() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    let url = database.url();
    let (_web, address) = Process::serve(program(Some(&url)).arg("web"))?;
    let mut workers = vec![
        Process::start(program(Some(&url)).arg("worker"))?,
        Process::start(program(Some(&url)).arg("worker"))?,
    ];
    // Both look for work by the time they say that they are there.
    let both_are_there = async {
        let there = "SELECT count(*) FROM processes WHERE role = 'worker'";
        while sqlx::query_scalar::<_, i64>(there).fetch_one(pool).await? < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, both_are_there).await??;
    // Uploads that do not end, so that somebody stays at them.
    let created = Client::new()
        .post(format!("{address}/api/v1/imports"))
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", "100000000")
        .send()
        .await?
        .error_for_status()?;
    let file = format!("{address}{}", created.headers()["location"].to_str()?);
    let holder = "SELECT pid, tag FROM imports JOIN processes
                  ON tag = ('x' || left(replace(claim::text, '-', ''), 8))::bit(32)::bigint & 4294967295
                  WHERE lease_until > clock_timestamp()";
    let kept = "SELECT count(*) FROM imports
                WHERE ('x' || left(replace(claim::text, '-', ''), 8))::bit(32)::bigint & 4294967295 = $1";
    let mut offset = 0;
    let mut send = async |piece: &str| {
        let request = Client::new().patch(&file).header("Tus-Resumable", "1.0.0");
        let request = request.header("Content-Type", "application/offset+octet-stream");
        let sent = request
            .header("Upload-Offset", offset)
            .body(piece.to_owned())
            .send()
            .await?;
        offset += piece.len();
        anyhow::Ok(sent.error_for_status()?)
    };
    send("sku,name\n").await?;
    let mut who = async || {
        let looking = async {
            loop {
                // Whoever reads gives its place away when nothing comes.
                send("A-1,Lamp\n").await?;
                if let Some(found) = sqlx::query_as::<_, (i64, i64)>(holder).fetch_optional(pool).await? {
                    return anyhow::Ok(found);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await?
    };
    let (first, tag) = who().await?;
    let place = workers.iter().position(|worker| i64::from(worker.id()) == first);
    let mut gone = workers.remove(place.ok_or_else(|| anyhow::anyhow!("{first} is no worker"))?);
    assert!(gone.terminate()?.success());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM processes WHERE pid = $1")
        .bind(first)
        .fetch_one(pool)
        .await?;
    assert_eq!(left, 0, "it has said goodbye");
    let kept: i64 = sqlx::query_scalar(kept).bind(tag).fetch_one(pool).await?;
    assert_eq!(kept, 0, "it took its lease with it");
    assert_eq!(who().await?.0, i64::from(workers[0].id()));
    Ok(())
}

#[tokio::test]
async fn whoever_answers_does_not_outlive_a_bug_in_what_works_beside_it() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut serve = program(Some(&database.url()));
    serve.arg("serve").env("PRODUCT_IMPORTER_FAULT", "search.step=panic");
    let (mut serve, address) = Process::serve(&mut serve)?;
    let product = serde_json::json!({"sku": "A", "name": "Lamp"});
    let added = Client::new().post(format!("{address}/api/v1/products")).json(&product);
    assert_eq!(added.send().await?.status(), 201);
    let status = tokio::time::timeout(PATIENCE, serve.ended()).await??;
    assert_eq!(status.code(), Some(1), "a platform starts it again");
    Ok(())
}
