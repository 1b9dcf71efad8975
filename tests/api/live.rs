//! Imports watched live: what is told, in which order, and to whom.

use crate::support::events::{Events, Told};
use crate::support::process::{Process, program};
use crate::support::served::{Served, is_over};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A file of rejected rows, long enough that reading begins with its first part.
fn rejected_rows(count: usize) -> String {
    let padding = "x".repeat(200);
    let rows: String = (0..count)
        .map(|number| [&number.to_string(), ",,", &padding, "\n"].concat())
        .collect();
    format!("name,sku,description\n{rows}")
}

fn events_of(served: &Served, import: &str) -> String {
    served.url(&format!("{import}/events"))
}

#[tokio::test]
async fn a_viewer_is_told_rows_progress_and_the_end() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    // Fewer than a look tells at most, so that every row is told however slowly it looks.
    let csv = rejected_rows(900);
    let (first, rest) = csv.split_at(csv.len() / 2);
    let import = served.begin(csv.len()).await?;
    let mut events = Events::open(&events_of(&served, &import), None).await?;
    served.piece(&import, 0, first.as_bytes()).await?;
    let (mut names, mut states, mut told, mut last_id) = (Vec::new(), Vec::<Value>::new(), 0, 0);
    while let Some((name, id, data)) = events.event().await? {
        assert!(id >= last_id, "ids go on");
        last_id = id;
        if name == "row" {
            assert_eq!(data["values"][0], (id - 1).to_string(), "{data}");
            assert_eq!(data["line"], id + 1);
            assert!(data["reason"].is_string());
            told += 1;
            if told == 1 {
                served.piece(&import, first.len(), rest.as_bytes()).await?;
            }
        } else {
            states.push(data);
        }
        names.push(name);
    }
    assert_eq!(told, 900);
    assert_eq!(names.last().map(String::as_str), Some("end"));
    assert_eq!(names.iter().filter(|name| *name == "end").count(), 1);
    for pair in states.windows(2) {
        for number in ["bytes_received", "bytes_read", "rows_read", "rejected", "created"] {
            assert!(
                pair[0][number].as_i64() <= pair[1][number].as_i64(),
                "{number} went down: {pair:?}"
            );
        }
    }
    let over = served.json(&import).await?;
    assert_eq!(states.last(), Some(&over), "the end carries the whole import");
    Ok(())
}

#[tokio::test]
async fn who_comes_back_is_told_what_was_missed() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let csv = rejected_rows(1_500);
    let import = served.begin(csv.len() + 100).await?;
    served.piece(&import, 0, csv.as_bytes()).await?;
    served.until(&import, |import| import["rejected"] == 1_500).await?;
    let (_other, address) = Process::serve(program(Some(&served.database.url())).arg("web"))?;
    for (last, first) in [
        (None, 501),
        (Some(100), 501),
        (Some(1_400), 1_401),
        (Some(1_500), 1_501),
    ] {
        let mut events = Events::open(&format!("{address}{import}/events"), last).await?;
        let (rows, state) = events.rows().await?;
        assert!(
            rows.iter().map(|(id, _)| *id).eq(first..=1_500),
            "after {last:?}: {} rows",
            rows.len()
        );
        assert_eq!(state["rejected"], 1_500);
        assert_eq!(state["state"], "uploading");
    }
    Ok(())
}

#[tokio::test]
async fn a_finished_import_answers_its_last_state_and_the_end() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let import = served.import("sku,name\na,one\n,two\n").await?;
    let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap_or_default());
    let mut events = Events::open(&events_of(&served, &path), Some(1)).await?;
    for name in ["progress", "end"] {
        let (told, id, data) = events.event().await?.unwrap_or_default();
        assert_eq!((told.as_str(), id, &data), (name, 1, &import));
    }
    assert!(events.event().await?.is_none(), "the stream goes on after the end");
    Ok(())
}

#[tokio::test]
async fn an_idle_upload_is_not_silent() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let import = served.begin(1_000).await?;
    let mut events = Events::open(&events_of(&served, &import), None).await?;
    let (name, _, state) = events.event().await?.unwrap_or_default();
    assert_eq!((name.as_str(), &state["state"]), ("progress", &json!("uploading")));
    let since = Instant::now();
    assert!(matches!(events.next().await?, Some(Told::Comment(_))));
    // Routers cut what is silent for longer.
    assert!(since.elapsed() < Duration::from_secs(55), "{:?}", since.elapsed());
    Ok(())
}

#[tokio::test]
async fn half_a_million_rejected_rows_do_not_flood_a_viewer() -> anyhow::Result<()> {
    const ROWS: usize = 500_000;
    let served = Served::start("serve").await?;
    let csv = format!("name,sku\n{}", "lamp,\n".repeat(ROWS));
    let import = served.begin(csv.len()).await?;
    let mut events = Events::open(&events_of(&served, &import), None).await?;
    served.piece(&import, 0, csv.as_bytes()).await?;
    let (mut in_a_row, mut last) = (0, Value::Null);
    while let Some((name, _, data)) = events.event().await? {
        if name == "row" {
            in_a_row += 1;
            assert!(in_a_row <= 1_000, "more than 1,000 rows at once");
        } else {
            (in_a_row, last) = (0, data);
        }
    }
    assert!(is_over(&last) && last["rejected"] == ROWS, "{last}");
    let mut answer = served
        .get(&format!("{import}/rejected.csv"))
        .await?
        .error_for_status()?;
    let mut lines = 0;
    while let Some(bytes) = answer.chunk().await? {
        lines += memchr::memchr_iter(b'\n', &bytes).count();
    }
    assert_eq!(lines, ROWS + 1);
    Ok(())
}

#[tokio::test]
async fn long_values_are_cut_for_viewers() -> anyhow::Result<()> {
    const ROWS: usize = 20;
    let served = Served::start("serve").await?;
    let long = "é".repeat(400_000);
    let csv = format!("name,sku,description\n{}", format!("lamp,,{long}\n").repeat(ROWS));
    let import = served.import(csv).await?;
    let path = format!("/api/v1/imports/{}", import["id"].as_str().unwrap_or_default());
    let mut events = Events::open(&events_of(&served, &path), None).await?;
    let (rows, state) = events.rows().await?;
    assert!(
        rows.iter().map(|(id, _)| *id).eq(1..=ROWS as i64),
        "{} rows",
        rows.len()
    );
    for (_, row) in rows {
        assert_eq!(row["values"], json!(["lamp", "", format!("{}…", "é".repeat(200))]));
    }
    assert_eq!(state["rejected"], ROWS);
    Ok(())
}

/// The most memory a process has had, in bytes; Linux tells.
fn peak_memory_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

#[tokio::test]
async fn long_rejected_rows_need_little_memory_on_their_way_out() -> anyhow::Result<()> {
    const ROWS: i64 = 300;
    // They are much to read, and a slow machine may take its time.
    let served = Served::start_with("web", &[("STATEMENT_TIMEOUT_SECONDS", "300")]).await?;
    let import = served.begin(1_000).await?;
    sqlx::query(
        r#"INSERT INTO import_rejections (import_id, number, line, reason, fields)
           SELECT 1, number, number + 1, 'too long',
                  convert_to('["' || number || '","' || repeat('x', 1000000) || '"]', 'UTF8')
           FROM generate_series(1, $1) AS number"#,
    )
    .bind(ROWS)
    .execute(&served.database.database.pool)
    .await?;
    sqlx::query("UPDATE imports SET rejected = $1")
        .bind(ROWS)
        .execute(&served.database.database.pool)
        .await?;
    let before = peak_memory_bytes(served.process.id());
    let mut events = Events::open(&events_of(&served, &import), None).await?;
    assert_eq!(events.rows().await?.0.len() as i64, ROWS);
    served.get("/imports/1").await?.error_for_status()?.bytes().await?;
    let mut download = served
        .get(&format!("{import}/rejected.csv"))
        .await?
        .error_for_status()?;
    let mut lines = 0;
    while let Some(bytes) = download.chunk().await? {
        lines += memchr::memchr_iter(b'\n', &bytes).count() as i64;
    }
    assert_eq!(lines, ROWS + 1);
    if let (Some(before), Some(after)) = (before, peak_memory_bytes(served.process.id())) {
        // Linux tells to within some pages, so it may even be less.
        let more = after.saturating_sub(before);
        assert!(more < 60 << 20, "{} MB more", more >> 20);
    }
    Ok(())
}
