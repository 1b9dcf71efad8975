//! Looking at imports, ending them, and taking rejected rows back.

use crate::support::served::Served;
use futures_util::{StreamExt as _, stream};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

#[tokio::test]
async fn imports_are_listed_newest_first_and_page_by_page() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let mut paths = Vec::new();
    for _ in 0..5 {
        paths.push(served.begin(100).await?);
    }
    paths.reverse();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = served.json(&format!("/api/v1/imports?limit=2{cursor}")).await?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        found.extend(
            items
                .iter()
                .map(|import| format!("/api/v1/imports/{}", import["id"].as_str().unwrap_or("?"))),
        );
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, paths);
    let bad = served.get("/api/v1/imports?cursor=x").await?;
    assert_eq!(bad.status(), 422);
    assert_eq!(bad.json::<Value>().await?["errors"][0]["field"], "cursor");
    Ok(())
}

#[tokio::test]
async fn an_import_is_told_as_promised() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let import = served.import("sku,name\na,one\nA,two\n,three\n").await?;
    for (name, value) in [
        ("state", json!("done")),
        ("filename", json!("products.csv")),
        ("mode", json!("overwrite")),
        ("rows_read", json!(3)),
        ("created", json!(1)),
        ("updated", json!(0)),
        ("unchanged", json!(0)),
        ("duplicates", json!(1)),
        ("skipped", json!(0)),
        ("rejected", json!(1)),
        ("error", Value::Null),
        ("bytes_total", json!(28)),
        ("bytes_received", json!(28)),
    ] {
        assert_eq!(import[name], value, "{name}: {import}");
    }
    assert!(import["id"].is_string());
    for time in ["created_at", "started_at", "finished_at"] {
        assert!(
            import[time].as_str().is_some_and(|time| time.ends_with('Z')),
            "{time}: {import}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_nobody_knows_is_a_problem_of_its_own() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    for path in [
        "/api/v1/imports/1",
        "/api/v1/imports/x",
        "/api/v1/imports/1/events",
        "/api/v1/imports/1/rejected.csv",
        "/api/v1/products/1",
        "/api/v1/nothing",
    ] {
        let answer = served.get(path).await?;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        assert_eq!(answer.json::<Value>().await?["status"], 404, "{path}");
    }
    let missing = served
        .client
        .put(served.url("/api/v1/imports/1/cancellation"))
        .send()
        .await?;
    assert_eq!(missing.status(), 404);
    Ok(())
}

#[tokio::test]
async fn an_import_is_cancelled_once_and_not_after_its_end() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let upload = served.begin(1_000).await?;
    let cancel = |path: &str| served.client.put(served.url(&format!("{path}/cancellation"))).send();
    for _ in 0..2 {
        let answer = cancel(&upload).await?;
        assert_eq!(answer.status(), 202);
        assert_eq!(answer.json::<Value>().await?["state"], "cancelled");
    }
    assert!(
        served.piece(&upload, 0, b"sku,name\n").await.is_err(),
        "bytes were taken after the end"
    );
    let done = served.import("sku,name\na,one\n").await?;
    let failed = served.import("colour\nred\n").await?;
    for (import, state) in [(done, "done"), (failed, "failed")] {
        assert_eq!(import["state"], state, "{import}");
        let answer = cancel(&format!(
            "/api/v1/imports/{}",
            import["id"].as_str().unwrap_or_default()
        ))
        .await?;
        assert_eq!(answer.status(), 409, "{state}");
        assert!(answer.json::<Value>().await?["detail"].is_string(), "{state}");
    }
    Ok(())
}

#[tokio::test]
async fn rejected_rows_come_back_as_they_stood() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let csv = "Name,SKU,Colour\nLamp,L-1,red\n,\"L-2\",\"say \"\"hi\"\"\"\nCup,,\"two\nlines\"\nPen,P\0-1,x\nBox,B-1,green,extra,\n  Chair ,\n";
    let import = served.import(csv).await?;
    assert_eq!(
        (&import["created"], &import["rejected"]),
        (&json!(1), &json!(5)),
        "{import}"
    );
    let url = import["rejected_url"].as_str().unwrap_or_default();
    let answer = served.get(url).await?.error_for_status()?;
    assert!(
        answer.headers()["content-disposition"]
            .to_str()?
            .starts_with("attachment")
    );
    let body = answer.text().await?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .from_reader(body.as_bytes());
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| Ok(row?.iter().map(str::to_owned).collect()))
        .collect::<anyhow::Result<_>>()?;
    assert_eq!(rows[0], ["line", "reason", "Name", "SKU", "Colour"]);
    assert!(
        rows[1..].iter().all(|row| !row[1].is_empty()),
        "a row without a reason: {rows:?}"
    );
    let lines: Vec<&str> = rows[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(lines, ["3", "4", "6", "7", "8"]);
    let values: Vec<&[String]> = rows[1..].iter().map(|row| &row[2..]).collect();
    assert_eq!(
        values,
        [
            &["", "L-2", "say \"hi\""][..],
            &["Cup", "", "two\nlines"],
            &["Pen", "P\0-1", "x"],
            &["Box", "B-1", "green", "extra", ""],
            &["  Chair ", ""],
        ]
    );
    Ok(())
}

/// A picture that is still being sent when a worker has found that it is one.
fn picture(served: &Served, import: i64) -> reqwest::Body {
    let is_over = served.url(&format!("/api/v1/imports/{import}"));
    let head = [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![7; 1 << 20]].concat();
    let rest = stream::once(async move {
        loop {
            let import: Value = reqwest::get(&is_over).await?.json().await?;
            if import["state"] == "failed" {
                return anyhow::Ok(vec![7; 1 << 20]);
            }
            tokio::task::yield_now().await;
        }
    });
    let more = stream::repeat_with(|| Ok(vec![7; 1 << 20])).take(5);
    reqwest::Body::wrap_stream(stream::once(async { Ok(head) }).chain(rest).chain(more))
}

#[tokio::test]
async fn a_file_that_fails_on_its_way_says_why() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let path = served.send(picture(&served, 1)).await?;
    assert_eq!(path, "/api/v1/imports/1");
    let import = served.json(&path).await?;
    let reason = import["error"].as_str().unwrap_or_default();
    assert!(reason.contains("picture") || reason.contains("image"), "{import}");

    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let form = Form::new().part("file", Part::stream(picture(&served, 2)).file_name("lamp.csv"));
    let answer = client.post(served.url("/imports")).multipart(form).send().await?;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (303, &"/imports/2".parse()?)
    );
    Ok(())
}

/// A row with a value of a million letters, `marked` so that rows can be told apart.
fn long_row(mark: usize) -> String {
    format!("{mark},,{}\n", "x".repeat(1_000_000))
}

#[tokio::test]
async fn very_long_rejected_rows_are_whole_in_the_download_and_cut_on_the_page() -> anyhow::Result<()> {
    const ROWS: usize = 30;
    let served = Served::start("serve").await?;
    let rows: String = (0..ROWS).map(long_row).collect();
    let import = served.import(format!("name,sku,description\n{rows}")).await?;
    assert_eq!(import["rejected"], ROWS, "{import}");
    let id = import["id"].as_str().unwrap_or_default();
    let page = served.get(&format!("/imports/{id}")).await?.text().await?;
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert!(
        page.contains(&format!(
            "<code data-whole><bdi>{}</bdi> │ <bdi>(empty)</bdi> │ <bdi>xxx",
            ROWS - 1
        )),
        "{page}"
    );
    let url = import["rejected_url"].as_str().unwrap_or_default();
    let csv = served.get(url).await?.error_for_status()?.bytes().await?;
    let mut reader = csv::Reader::from_reader(&csv[..]);
    let mut marks = Vec::new();
    for row in reader.records() {
        let row = row?;
        assert_eq!((row.len(), row[4].len()), (5, 1_000_000));
        marks.push(row[2].parse::<usize>()?);
    }
    assert!(marks.into_iter().eq(0..ROWS));
    Ok(())
}
