//! The tus protocol as a client meets it: every answer, broken lines, and two writers at once.

mod support;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use product_importer::imports::upload::{UploadSettings, sweep};
use product_importer::imports::{Mode, NewStatus, Phase, State};
use reqwest::{Method, StatusCode};
use sha1::{Digest, Sha1};
use std::time::Duration;
use support::uploads::{Server, header, id_of, is_complete, sample, serve, start, start_with, uploads_over};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn options_tell_what_is_spoken() -> Result<()> {
    let (_database, server) = start().await?;
    for path in ["/api/v1/imports", "/api/v1/imports/7/file"] {
        let answer = server.client.request(Method::OPTIONS, server.url(path)).send().await?;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&answer, "tus-version"), "1.0.0");
        assert_eq!(
            header(&answer, "tus-extension"),
            "creation,checksum,expiration,termination"
        );
        assert_eq!(header(&answer, "tus-max-size"), (4_u64 << 30).to_string());
        assert_eq!(header(&answer, "tus-checksum-algorithm"), "sha1");
    }
    Ok(())
}

#[tokio::test]
async fn an_upload_is_created_and_described() -> Result<()> {
    let (_database, server) = start().await?;
    let metadata =
        "filename ZnLDvGgvc3ByaW5nLmNzdg==,mode Y3JlYXRlX29ubHk=,new_status aW5hY3RpdmU=,filetype dGV4dC9jc3Y=";
    let created = server.tus(Method::POST, "/api/v1/imports").header("Upload-Length", 10);
    let created = created.header("Upload-Metadata", metadata).send().await?;
    assert_eq!(created.status(), StatusCode::CREATED);
    assert_eq!(header(&created, "tus-resumable"), "1.0.0");
    assert!(header(&created, "upload-expires").ends_with(" GMT"));
    let path = header(&created, "location");
    let import = server.import(id_of(path)).await?;
    assert_eq!(path, format!("/api/v1/imports/{}/file", import.id));
    assert_eq!(
        (import.state, import.phase, import.filename.as_str()),
        (State::Uploading, Phase::Receiving, "spring.csv")
    );
    assert_eq!(
        (import.mode, import.new_status),
        (Mode::CreateOnly, NewStatus::Inactive)
    );

    let head = server.head(path).await?;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(
        (header(&head, "upload-offset"), header(&head, "upload-length")),
        ("0", "10")
    );
    assert_eq!(
        (header(&head, "cache-control"), header(&head, "upload-metadata")),
        ("no-store", metadata)
    );
    assert_eq!(header(&head, "tus-resumable"), "1.0.0");
    Ok(())
}

#[tokio::test]
async fn creation_is_refused_with_reasons() -> Result<()> {
    let (_database, server) = start_with(UploadSettings {
        max_size_bytes: 1000,
        ..Default::default()
    })
    .await?;
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[("Tus-Resumable", "0.2.2"), ("Upload-Length", "5")], 412),
        (&[("Upload-Length", "5")], 412),
        (&[("Tus-Resumable", "1.0.0")], 400),
        (&[("Tus-Resumable", "1.0.0"), ("Upload-Defer-Length", "1")], 400),
        (&[("Tus-Resumable", "1.0.0"), ("Upload-Length", "-5")], 400),
        (&[("Tus-Resumable", "1.0.0"), ("Upload-Length", "1001")], 413),
        (
            &[("Tus-Resumable", "1.0.0"), ("Upload-Length", "99999999999999999999")],
            413,
        ),
        (
            &[
                ("Tus-Resumable", "1.0.0"),
                ("Upload-Length", "5"),
                ("Upload-Metadata", "mode bm8="),
            ],
            422,
        ),
    ];
    for (headers, status) in cases {
        let mut request = server.client.post(server.imports_url());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        assert_eq!(answer.status().as_u16(), status, "{headers:?}");
        assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
        assert_eq!(header(&answer, "tus-version") == "1.0.0", status == 412);
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
        let problem: serde_json::Value = answer.json().await?;
        assert_eq!(problem["status"], status);
        assert_eq!(problem["errors"][0]["field"] == "mode", status == 422);
    }
    assert_eq!(server.newest().await?, 0, "nothing was created");
    Ok(())
}

#[tokio::test]
async fn a_file_comes_in_two_pieces() -> Result<()> {
    let (_database, server) = start().await?;
    let file = sample(3_000_000);
    let path = server.create(file.len()).await?;
    let id = id_of(&path);

    let first = server.patch(&path, 0, file[..1_200_000].to_vec()).send().await?;
    assert_eq!(
        (first.status(), header(&first, "upload-offset")),
        (StatusCode::NO_CONTENT, "1200000")
    );
    assert!(header(&first, "upload-expires").ends_with(" GMT"));
    assert_eq!(server.import(id).await?.state, State::Uploading);

    let last = server
        .patch(&path, 1_200_000, file[1_200_000..].to_vec())
        .send()
        .await?;
    assert_eq!(
        (last.status(), header(&last, "upload-offset")),
        (StatusCode::NO_CONTENT, "3000000")
    );
    assert_eq!(header(&last, "upload-expires"), "", "a complete upload does not expire");
    let import = server.import(id).await?;
    assert_eq!((import.state, import.phase), (State::Queued, Phase::Reading));
    assert!(server.file(id).await? == file);

    let head = server.head(&path).await?;
    assert_eq!(
        (head.status(), header(&head, "upload-offset")),
        (StatusCode::OK, "3000000")
    );
    assert_eq!(
        server.patch(&path, 3_000_000, "").send().await?.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        server.patch(&path, 3_000_000, "x").send().await?.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(server.patch(&path, 5, "x").send().await?.status(), StatusCode::CONFLICT);
    assert_eq!(
        server.tus(Method::DELETE, &path).send().await?.status(),
        StatusCode::CONFLICT
    );
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_being_read_goes_on_running() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(4).await?;
    sqlx::query("UPDATE imports SET started_at = now(), phase = 'reading'")
        .execute(&server.uploads.database.pool)
        .await?;
    server.patch(&path, 0, "abcd").send().await?.error_for_status()?;
    let import = server.import(id_of(&path)).await?;
    assert_eq!((import.state, import.phase), (State::Running, Phase::Reading));
    Ok(())
}

#[tokio::test]
async fn an_empty_file_is_complete_at_once() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(0).await?;
    assert_eq!(server.import(id_of(&path)).await?.state, State::Queued);
    let head = server.head(&path).await?;
    assert_eq!(
        (header(&head, "upload-offset"), header(&head, "upload-length")),
        ("0", "0")
    );
    Ok(())
}

#[tokio::test]
async fn pieces_are_refused_with_reasons() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(10).await?;
    let status = async |request: reqwest::RequestBuilder| anyhow::Ok(request.send().await?.status().as_u16());
    let bare = || server.tus(Method::PATCH, &path).body("abc");
    assert_eq!(status(bare().header("Upload-Offset", 0)).await?, 415);
    assert_eq!(
        status(bare().header("Upload-Offset", 0).header("Content-Type", "text/csv")).await?,
        415
    );
    assert_eq!(
        status(bare().header("Content-Type", "application/offset+octet-stream")).await?,
        400
    );
    assert_eq!(status(server.patch(&path, 3, "abc")).await?, 409);
    assert_eq!(status(server.patch(&path, 0, "elevenbytes")).await?, 413);
    assert_eq!(status(server.patch("/api/v1/imports/999/file", 0, "abc")).await?, 404);
    assert_eq!(status(server.patch("/api/v1/imports/x/file", 0, "abc")).await?, 404);
    assert_eq!(
        status(server.tus(Method::DELETE, "/api/v1/imports/999/file")).await?,
        404
    );
    let head = server.head("/api/v1/imports/999/file").await?;
    assert_eq!(
        (head.status(), header(&head, "cache-control")),
        (StatusCode::NOT_FOUND, "no-store")
    );

    for method in [Method::HEAD, Method::PATCH, Method::DELETE] {
        let answer = server.client.request(method, server.url(&path)).send().await?;
        assert_eq!(answer.status(), StatusCode::PRECONDITION_FAILED);
        assert_eq!(
            (header(&answer, "tus-version"), header(&answer, "tus-resumable")),
            ("1.0.0", "1.0.0")
        );
    }
    assert_eq!(server.import(id_of(&path)).await?.bytes_received, 0);
    assert_eq!(server.stored_objects().await?, 0);
    Ok(())
}

#[tokio::test]
async fn of_a_stream_that_is_too_long_the_beginning_is_kept() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(2 << 20).await?;
    let endless = futures_util::stream::iter((0..3).map(|_| anyhow::Ok(sample(1 << 20))));
    let answer = server
        .patch(&path, 0, reqwest::Body::wrap_stream(endless))
        .send()
        .await?;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let import = server.import(id_of(&path)).await?;
    // On a line that stalls, pieces are smaller, and the first one too many does not begin at the end.
    assert!(
        (1..=2 << 20).contains(&import.bytes_received),
        "{}",
        import.bytes_received
    );
    assert_eq!(is_complete(&import), import.bytes_received == 2 << 20);
    Ok(())
}

/// Begins a PATCH by hand, so that it can be left hanging.
async fn begin_patch(server: &Server, path: &str, offset: usize, length: usize, more: &str) -> Result<TcpStream> {
    let mut line = TcpStream::connect(server.address).await?;
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n{more}\r\n"
    );
    line.write_all(head.as_bytes()).await?;
    Ok(line)
}

async fn status_line(line: &mut TcpStream) -> Result<String> {
    let mut answer = vec![0; 12];
    line.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer)?)
}

#[tokio::test]
async fn a_broken_line_keeps_what_came() -> Result<()> {
    let (_database, server) = start().await?;
    let file = sample(2_500_000);
    let path = server.create(file.len()).await?;
    let id = id_of(&path);
    let mut line = begin_patch(&server, &path, 0, file.len(), "").await?;
    line.write_all(&file[..1_500_001]).await?;
    drop(line);
    server.until(id, |import| import.bytes_received == 1_500_001).await?;

    let rest = server
        .patch(&path, 1_500_001, file[1_500_001..].to_vec())
        .send()
        .await?;
    assert_eq!(rest.status(), StatusCode::NO_CONTENT);
    assert!(server.file(id).await? == file);
    Ok(())
}

fn checksum_of(bytes: &[u8]) -> String {
    format!("sha1 {}", STANDARD.encode(Sha1::digest(bytes)))
}

#[tokio::test]
async fn a_checksum_lets_all_count_or_nothing() -> Result<()> {
    let (_database, server) = start().await?;
    let file = sample(2_200_000);
    let path = server.create(file.len()).await?;
    let id = id_of(&path);
    let checked = |checksum: String| server.patch(&path, 0, file.clone()).header("Upload-Checksum", checksum);

    assert_eq!(
        checked("md5 AAAA".into()).send().await?.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(checked(checksum_of(b"other")).send().await?.status().as_u16(), 460);
    assert_eq!(
        (server.import(id).await?.bytes_received, server.stored_objects().await?),
        (0, 0)
    );

    let more = format!("Upload-Checksum: {}\r\n", checksum_of(&file));
    let mut line = begin_patch(&server, &path, 0, file.len(), &more).await?;
    line.write_all(&file[..1_500_000]).await?;
    while server.stored_objects().await? == 0 {
        tokio::task::yield_now().await;
    }
    drop(line);
    while server.stored_objects().await? > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        server.import(id).await?.bytes_received,
        0,
        "a broken line with a checksum keeps nothing"
    );

    assert_eq!(
        checked(checksum_of(&file)).send().await?.status(),
        StatusCode::NO_CONTENT
    );
    assert!(server.file(id).await? == file);
    Ok(())
}

#[tokio::test]
async fn a_cancelled_upload_is_gone() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(1_000_000).await?;
    let mut line = begin_patch(&server, &path, 0, 1_000_000, "").await?;
    line.write_all(&sample(100_000)).await?;
    server
        .until(id_of(&path), |import| import.bytes_received == 100_000)
        .await?;

    assert_eq!(
        server.tus(Method::DELETE, &path).send().await?.status(),
        StatusCode::NO_CONTENT
    );
    let import = server.import(id_of(&path)).await?;
    assert_eq!(
        (import.state, import.phase, import.finished_at.is_some()),
        (State::Cancelled, Phase::Over, true)
    );
    line.write_all(&sample(900_000)).await?;
    assert_eq!(status_line(&mut line).await?, "HTTP/1.1 410");
    assert_eq!(server.head(&path).await?.status(), StatusCode::GONE);
    assert_eq!(
        server.patch(&path, 100_000, "x").send().await?.status(),
        StatusCode::GONE
    );
    assert_eq!(
        server.tus(Method::DELETE, &path).send().await?.status(),
        StatusCode::CONFLICT
    );
    Ok(())
}

#[tokio::test]
async fn a_newer_request_takes_over_from_one_that_trickles() -> Result<()> {
    let (_database, server) = start().await?;
    let file = sample(400_000);
    let path = server.create(file.len()).await?;
    let id = id_of(&path);
    let mut stale = begin_patch(&server, &path, 0, file.len(), "").await?;
    stale.write_all(&file[..100_000]).await?;
    server.until(id, |import| import.bytes_received == 100_000).await?;

    let mut newer = begin_patch(&server, &path, 100_000, 300_000, "").await?;
    newer.write_all(&file[100_000..200_000]).await?;
    server.until(id, |import| import.bytes_received == 200_000).await?;
    stale.write_all(&sample(300_000)).await?;
    assert_eq!(status_line(&mut stale).await?, "HTTP/1.1 409");

    newer.write_all(&file[200_000..]).await?;
    assert_eq!(status_line(&mut newer).await?, "HTTP/1.1 204");
    assert!(server.file(id).await? == file);
    Ok(())
}

/// Goes on with an upload from wherever it stands, in requests of `size`, until it is complete.
async fn push(server: &Server, path: &str, file: &[u8], size: usize) -> Result<()> {
    loop {
        let head = server.head(path).await?.error_for_status()?;
        let offset: usize = header(&head, "upload-offset").parse()?;
        if offset == file.len() {
            return Ok(());
        }
        let end = file.len().min(offset + size);
        let answer = server.patch(path, offset, file[offset..end].to_vec()).send().await;
        // A refused sender may meet a closed line instead of the answer, and asks again either way.
        if let Ok(answer) = answer {
            assert!([204, 409, 413].contains(&answer.status().as_u16()), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn two_processes_cannot_corrupt_a_file() -> Result<()> {
    let (database, one) = start().await?;
    let other = serve(uploads_over(database.another().await?, UploadSettings::default())).await?;
    let file = sample(24_000_000);
    let path = one.create(file.len()).await?;
    tokio::try_join!(
        push(&one, &path, &file, 2_700_000),
        push(&other, &path, &file, 1_100_000),
        push(&one, &path, &file, 300_000),
        push(&other, &path, &file, 5_000_000),
    )?;
    let id = id_of(&path);
    let import = one.until(id, is_complete).await?;
    assert_eq!(import.bytes_total, Some(import.bytes_received));
    assert_eq!(Sha1::digest(one.file(id).await?), Sha1::digest(&file));
    Ok(())
}

#[tokio::test]
async fn a_database_that_restarts_breaks_no_upload() -> Result<()> {
    let (database, server) = start().await?;
    let file = sample(30_000_000);
    let path = server.create(file.len()).await?;
    let id = id_of(&path);
    let sending = server.patch(&path, 0, file.clone()).send();
    let cutting = async {
        for mark in [1, 8_000_000, 16_000_000] {
            while !server
                .import(id)
                .await
                .is_ok_and(|import| import.bytes_received >= mark)
            {
                tokio::task::yield_now().await;
            }
            database.cut_connections().await?;
        }
        anyhow::Ok(())
    };
    let (answer, ()) = tokio::time::timeout(Duration::from_mins(1), async {
        tokio::try_join!(async { Ok(sending.await?) }, cutting)
    })
    .await??;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert!(server.file(id).await? == file);
    assert_eq!(
        server.stored_objects().await?,
        server.pieces().await?,
        "nothing is left of what was tried in vain"
    );
    Ok(())
}

#[tokio::test]
async fn abandoned_uploads_expire_and_files_are_removed() -> Result<()> {
    let settings = UploadSettings {
        keep_file_for: Duration::ZERO,
        ..Default::default()
    };
    let (_database, server) = start_with(settings).await?;
    let (abandoned, open) = (server.create(10).await?, server.create(10).await?);
    for path in [&abandoned, &open] {
        server.patch(path, 0, "abc").send().await?.error_for_status()?;
    }
    assert_eq!(sweep(&server.uploads).await?.expired, 0);

    let id = id_of(&abandoned);
    let age = "UPDATE imports SET upload_expires_at = now() - interval '1 second' WHERE id = $1";
    sqlx::query(age).bind(id).execute(&server.uploads.database.pool).await?;
    assert_eq!(
        server.head(&abandoned).await?.status(),
        StatusCode::GONE,
        "also before it is swept"
    );
    assert_eq!(
        server.patch(&abandoned, 3, "d").send().await?.status(),
        StatusCode::GONE
    );

    let swept = sweep(&server.uploads).await?;
    assert_eq!((swept.expired, swept.files_removed), (1, 1));
    let import = server.import(id).await?;
    assert_eq!((import.state, import.phase), (State::Failed, Phase::Over));
    assert!(import.error.is_some() && import.file_removed_at.is_some());
    assert!(server.file(id).await?.is_empty());
    assert_eq!(server.file(id_of(&open)).await?, b"abc", "the other one is untouched");
    assert_eq!(server.stored_objects().await?, 1);
    Ok(())
}

#[tokio::test]
async fn files_are_kept_a_while() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(10).await?;
    server.patch(&path, 0, "abc").send().await?.error_for_status()?;
    server.tus(Method::DELETE, &path).send().await?.error_for_status()?;
    assert_eq!(sweep(&server.uploads).await?.files_removed, 0);
    assert_eq!(server.stored_objects().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_post_may_stand_for_other_methods() -> Result<()> {
    let (_database, server) = start().await?;
    let path = server.create(3).await?;
    let posted = server
        .tus(Method::POST, &path)
        .header("X-HTTP-Method-Override", "PATCH");
    let posted = posted
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Offset", 0);
    assert_eq!(posted.body("ab").send().await?.status(), StatusCode::NO_CONTENT);
    let delete = server
        .tus(Method::POST, &path)
        .header("X-HTTP-Method-Override", "DELETE");
    assert_eq!(delete.send().await?.status(), StatusCode::NO_CONTENT);
    Ok(())
}

#[tokio::test]
async fn other_sites_are_refused() -> Result<()> {
    let (_database, server) = start().await?;
    let create = || server.tus(Method::POST, "/api/v1/imports").header("Upload-Length", 3);
    assert_eq!(
        create().header("Origin", "http://evil.example").send().await?.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        create().header("Host", "evil.example").send().await?.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        create().header("Origin", server.url("")).send().await?.status(),
        StatusCode::CREATED
    );
    Ok(())
}

#[tokio::test]
async fn the_client_that_pages_use_gets_along() -> Result<()> {
    let (_database, server) = start().await?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/tus_client.mjs");
    let url = server.imports_url();
    let run = move || {
        std::process::Command::new("node")
            .args([script, &url, env!("NPM_PACKAGES")])
            .output()
    };
    let run = tokio::task::spawn_blocking(run).await??;
    assert!(
        run.status.success(),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    let file = server.file(1).await?;
    assert_eq!(file.len(), 5_000_000);
    assert!(
        file.iter()
            .enumerate()
            .all(|(at, byte)| usize::from(*byte) == at * 31 % 251)
    );
    assert_eq!(server.import(1).await?.filename, "from node.csv");
    assert_eq!(server.import(2).await?.state, State::Cancelled);
    Ok(())
}
