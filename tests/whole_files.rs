//! Files that come in one request: as its body or in a form, of any size, over lines that break.

mod support;

use anyhow::Result;
use bytes::Bytes;
use futures_util::stream;
use product_importer::imports::upload::UploadSettings;
use product_importer::imports::{Mode, NewStatus, Phase, State};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response, StatusCode};
use serde_json::Value;
use std::time::Duration;
use support::uploads::{Server, header, id_of, sample, start, start_with};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

async fn accepted(answer: Response) -> Result<(i64, Value)> {
    anyhow::ensure!(answer.status() == StatusCode::ACCEPTED, "{}", answer.text().await?);
    let location = header(&answer, "location").to_owned();
    let import: Value = answer.json().await?;
    assert_eq!(
        format!("/api/v1/imports/{}", import["id"].as_str().unwrap_or_default()),
        location
    );
    Ok((id_of(&location), import))
}

/// A body whose length is told by nothing but its end.
fn streamed(file: &[u8]) -> Body {
    let chunks: Vec<_> = file
        .chunks(60_000)
        .map(|chunk| anyhow::Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    Body::wrap_stream(stream::iter(chunks))
}

#[tokio::test]
async fn a_body_becomes_an_import() -> Result<()> {
    let (_database, server) = start().await?;
    let file = sample(2_300_000);
    for body in [Body::from(file.clone()), streamed(&file)] {
        let url = format!(
            "{}?filename=fr%C3%BChling.csv&mode=update_only&new_status=inactive",
            server.imports_url()
        );
        let answer = server
            .client
            .post(url)
            .header("Content-Type", "text/csv; charset=utf-8")
            .body(body)
            .send()
            .await?;
        let (id, json) = accepted(answer).await?;
        assert_eq!(
            (&json["state"], &json["phase"], &json["mode"]),
            (&"queued".into(), &"reading".into(), &"update_only".into())
        );
        assert_eq!(
            (&json["filename"], &json["bytes_total"]),
            (&"frühling.csv".into(), &2_300_000.into())
        );
        assert_eq!(json["bytes_received"], 2_300_000);
        for name in [
            "rows_read",
            "created",
            "updated",
            "unchanged",
            "duplicates",
            "skipped",
            "rejected",
        ] {
            assert_eq!(json[name], 0, "{name}");
        }
        for name in ["error", "started_at", "finished_at"] {
            assert!(
                json.as_object().is_some_and(|json| json.contains_key(name)) && json[name].is_null(),
                "{name}"
            );
        }
        assert!(json["created_at"].as_str().is_some_and(|time| time.ends_with('Z')));
        assert_eq!(server.import(id).await?.new_status, NewStatus::Inactive);
        assert!(server.file(id).await? == file);
    }
    Ok(())
}

#[tokio::test]
async fn a_form_becomes_an_import() -> Result<()> {
    let (_database, server) = start().await?;
    let file = sample(1_500_000);
    let part = Part::stream(streamed(&file))
        .file_name("C:\\spring.csv")
        .mime_str("text/csv")?;
    let form = Form::new()
        .text("mode", "create_only")
        .text("other", "x")
        .part("file", part)
        .text("submit", "Send");
    let (id, json) = accepted(server.client.post(server.imports_url()).multipart(form).send().await?).await?;
    let import = server.import(id).await?;
    assert_eq!(
        (import.filename.as_str(), import.mode, import.state),
        ("spring.csv", Mode::CreateOnly, State::Queued)
    );
    assert_eq!(
        (&json["bytes_total"], &json["filename"]),
        (&1_500_000.into(), &"spring.csv".into())
    );
    assert!(server.file(id).await? == file);
    Ok(())
}

#[tokio::test]
async fn forms_are_refused_with_reasons() -> Result<()> {
    let (_database, server) = start().await?;
    let part = || Part::bytes(b"sku,name".to_vec()).file_name("a.csv");
    let forms = [
        (Form::new().text("mode", "overwrite"), "file"),
        (Form::new().text("mode", "all").part("file", part()), "mode"),
        (Form::new().part("file", part()).text("mode", "create_only"), "mode"),
        (Form::new().part("file", part()).part("file", part()), "file"),
    ];
    for (form, field) in forms {
        let answer = server.client.post(server.imports_url()).multipart(form).send().await?;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let problem: Value = answer.json().await?;
        assert_eq!(problem["errors"][0]["field"], field);
    }
    for id in 1..=server.newest().await? {
        assert_eq!(
            server.import(id).await?.state,
            State::Failed,
            "what had begun has failed"
        );
    }
    let broken = server
        .client
        .post(server.imports_url())
        .header("Content-Type", "multipart/form-data");
    assert_eq!(broken.body("x").send().await?.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn other_types_and_bad_options_are_refused() -> Result<()> {
    let (_database, server) = start().await?;
    let excel = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    for (media_type, words) in [("application/json", "text/csv"), (excel, "CSV UTF-8"), ("", "text/csv")] {
        let request = server
            .client
            .post(server.imports_url())
            .header("Content-Type", media_type);
        let answer = request.body(sample(3_000_000)).send().await?;
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let problem: Value = answer.json().await?;
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.contains(words)),
            "{problem}"
        );
    }
    let bad = server
        .client
        .post(format!("{}?mode=x&new_status=y", server.imports_url()));
    let answer = bad.header("Content-Type", "text/csv").body("a").send().await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        answer.json::<Value>().await?["errors"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(server.newest().await?, 0);
    Ok(())
}

#[tokio::test]
async fn too_large_a_file_leaves_nothing_behind() -> Result<()> {
    let (_database, server) = start_with(UploadSettings {
        max_size_bytes: 2 << 20,
        ..Default::default()
    })
    .await?;
    let file = sample(5_000_000);
    let post = |body: Body| {
        server
            .client
            .post(server.imports_url())
            .header("Content-Type", "text/csv")
            .body(body)
    };

    let announced = post(file.clone().into()).send().await?;
    assert_eq!(announced.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.newest().await?, 0, "refused before anything was kept");

    let unannounced = post(streamed(&file)).send().await?;
    assert_eq!(unannounced.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let problem: Value = unannounced.json().await?;
    let import = server.import(server.newest().await?).await?;
    assert_eq!((import.state, import.phase), (State::Failed, Phase::Over));
    assert_eq!(import.error.as_deref(), problem["detail"].as_str());
    assert!(import.error.is_some_and(|error| error.contains("2 MB")) && import.file_removed_at.is_some());
    assert_eq!(server.stored_objects().await?, 0);
    Ok(())
}

/// Begins a request by hand, so that it can be left hanging.
async fn begin_body(server: &Server, length: &str) -> Result<TcpStream> {
    let mut line = TcpStream::connect(server.address).await?;
    let head =
        format!("POST /api/v1/imports HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n{length}\r\n\r\n");
    line.write_all(head.as_bytes()).await?;
    Ok(line)
}

#[tokio::test]
async fn a_broken_line_fails_the_import() -> Result<()> {
    let (_database, server) = start().await?;
    for (length, body) in [
        ("Content-Length: 100", "sku,name\r\n"),
        ("Transfer-Encoding: chunked", "4\r\nsku,\r\n"),
    ] {
        let mut line = begin_body(&server, length).await?;
        line.write_all(body.as_bytes()).await?;
        drop(line);
    }
    for id in 1..=2 {
        while server.newest().await? < id {
            tokio::task::yield_now().await;
        }
        let import = server.until(id, |import| import.state == State::Failed).await?;
        assert!(
            import
                .error
                .is_some_and(|error| error.starts_with("The connection broke"))
        );
        assert!(import.finished_at.is_some());
    }
    Ok(())
}

#[tokio::test]
async fn a_silent_line_fails_the_import() -> Result<()> {
    let settings = UploadSettings {
        stall_after: Duration::from_millis(50),
        ..Default::default()
    };
    let (_database, server) = start_with(settings).await?;
    let line = begin_body(&server, "Content-Length: 100").await?;
    while server.newest().await? == 0 {
        tokio::task::yield_now().await;
    }
    let import = server.until(1, |import| import.state == State::Failed).await?;
    assert!(import.error.is_some_and(|error| error.starts_with("Nothing arrived")));
    drop(line);
    Ok(())
}

/// The most memory this process has had, in bytes; Linux tells, to within some pages, so a later answer can be smaller.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

#[tokio::test]
async fn a_large_form_needs_little_memory() -> Result<()> {
    const SIZE: usize = 100 << 20;
    let (_database, server) = start().await?;
    let before = peak_memory_bytes();
    let chunk = Bytes::from(sample(1 << 16));
    let chunks = (0..SIZE >> 16).map(move |_| anyhow::Ok(chunk.clone()));
    let form = Form::new().part(
        "file",
        Part::stream(Body::wrap_stream(stream::iter(chunks))).file_name("large.csv"),
    );
    let (id, _) = accepted(server.client.post(server.imports_url()).multipart(form).send().await?).await?;
    assert_eq!(server.import(id).await?.bytes_received, i64::try_from(SIZE)?);
    let pieces = server.pieces().await?;
    assert!(pieces >= 100, "{pieces} pieces of 1 MB at most");
    assert_eq!(server.stored_objects().await?, pieces);
    if let (Some(before), Some(after)) = (before, peak_memory_bytes()) {
        let more = after.saturating_sub(before);
        assert!(more < 60 << 20, "{} MB more", more >> 20);
    }
    Ok(())
}
