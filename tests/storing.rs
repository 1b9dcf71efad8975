//! One suite over every place for files.

mod support;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use product_importer::imports;
use product_importer::imports::upload::{Swept, UploadSettings, Uploads};
use product_importer::platform::database::Trouble;
use product_importer::platform::storage::{FileStorage, Objects};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;
use support::certificates::Authority;
use support::database::TestDatabase;
use support::keeper::free_ports;
use support::process::{Process, program};
use support::served::{Served, is_over};
use support::storages::{self, Kind};
use support::uploads::{header, serve, uploads_in};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const CSV: &str = "sku,name\nA-1,Lamp\n";

fn borrowed<'a>(settings: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Uploads whose files go as soon as their imports are over.
fn keeping_nothing(storage: FileStorage, database: &TestDatabase) -> Uploads {
    let settings = UploadSettings {
        keep_file_for: Duration::ZERO,
        ..UploadSettings::default()
    };
    uploads_in(storage, database.database.clone(), settings)
}

/// Defines each test for each kind of place.
macro_rules! everywhere {
    ($($name:ident)+) => {
        mod in_postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() -> anyhow::Result<()> {
                    super::$name(super::Kind::Postgres).await
                }
            )+
        }
        mod in_a_folder {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() -> anyhow::Result<()> {
                    super::$name(super::Kind::Folder).await
                }
            )+
        }
        mod in_a_bucket {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() -> anyhow::Result<()> {
                    super::$name(super::Kind::S3).await
                }
            )+
        }
    };
}

everywhere! {
    what_is_kept_is_given_back
    folders_go_as_a_whole
    many_write_at_once
    a_file_is_imported_by_another_process_and_goes
    an_upload_outlives_the_processes_that_took_it
    an_upload_that_nobody_goes_on_with_goes
    pieces_without_an_import_are_swept
}

async fn what_is_kept_is_given_back(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let storage = storages::storage(kind, &database.database.pool)?;
    let every_byte: Bytes = (0..1_u32 << 20).map(|place| (place % 251) as u8).collect();
    assert_eq!(storage.get("imports/1/a/0").await?, None);
    for content in [every_byte, Bytes::new(), Bytes::from_static(b"again")] {
        for _ in 0..2 {
            storage.put("imports/1/a/0", content.clone()).await?;
        }
        assert!(storage.get("imports/1/a/0").await? == Some(content));
    }
    storage.remove("imports/1/a/0").await?;
    assert_eq!(storage.get("imports/1/a/0").await?, None);
    storage.remove("imports/1/a/0").await
}

async fn folders_go_as_a_whole(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let storage = storages::storage(kind, &database.database.pool)?;
    let keys = [
        "imports/1/a/0",
        "imports/1/a/1048576",
        "imports/1/b/0",
        "imports/10/a/0",
        "imports/2/a/0",
    ];
    for key in keys {
        storage.put(key, Bytes::from(key)).await?;
    }
    let folders = async || anyhow::Ok(BTreeSet::from_iter(storage.folders("imports/").await?));
    assert_eq!(folders().await?, BTreeSet::from(["1", "10", "2"].map(str::to_owned)));
    storage.remove("imports/1/a/1").await?;
    storage.remove_folder("imports/1/a/").await?;
    assert!(storage.get("imports/1/b/0").await?.is_some());
    storage.remove_folder("imports/1/").await?;
    for (key, stays) in keys.into_iter().zip([false, false, false, true, true]) {
        assert_eq!(storage.get(key).await?.is_some(), stays, "{key}");
    }
    assert_eq!(folders().await?, BTreeSet::from(["10", "2"].map(str::to_owned)));
    storage.remove_folder("imports/nothing/").await?;
    storage.remove_folder("imports/").await?;
    assert_eq!(folders().await?, BTreeSet::new());
    Ok(())
}

/// More objects than one request can name.
async fn many_write_at_once(kind: Kind) -> anyhow::Result<()> {
    const OBJECTS: usize = 1_100;
    let database = TestDatabase::create().await?;
    let storage = storages::storage(kind, &database.database.pool)?;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..10 {
        let storage = storage.clone();
        writers.spawn(async move {
            for number in (0..OBJECTS).filter(|number| number % 10 == writer) {
                storage
                    .put(&format!("imports/3/{writer}/{number}"), Bytes::from(number.to_string()))
                    .await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    let last = OBJECTS - 1;
    let found = storage.get(&format!("imports/3/{}/{last}", last % 10)).await?;
    assert_eq!(found, Some(Bytes::from(last.to_string())));
    storage.remove_folder("imports/3/").await?;
    assert_eq!(storage.folders("imports/").await?, Vec::<String>::new());
    Ok(())
}

/// A web process receives the file, a worker reads it. Neither has anything of the other's but the two servers.
async fn a_file_is_imported_by_another_process_and_goes(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let settings = storages::settings(kind, database.name())?;
    let settings = borrowed(&settings);
    let web = Served::over(database, "web", &settings)?;
    let worker = web.start_worker(&settings)?;
    let mut csv = Vec::new();
    imports::write_sample(30_000, 3, &mut csv)?;
    let import = web.send(csv).await?;
    let over = web.until(&import, is_over).await?;
    assert_eq!(
        (&over["state"], &over["rows_read"]),
        (&Value::from("done"), &Value::from(30_000))
    );
    drop(worker);
    // The file is kept a while, and goes then.
    let storage = storages::storage(kind, &web.database.database.pool)?;
    assert_eq!(storage.folders("imports/").await?, ["1"]);
    let swept = imports::sweep_uploads(&keeping_nothing(storage.clone(), &web.database)).await?;
    assert_eq!(swept.files_removed, 1);
    assert_eq!(storage.folders("imports/").await?, Vec::<String>::new());
    Ok(())
}

/// The web process is killed in the middle of a piece, and the worker when it has read everything. Others go on.
async fn an_upload_outlives_the_processes_that_took_it(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let settings = storages::settings(kind, database.name())?;
    let settings = borrowed(&settings);
    let first = Served::over(database, "web", &settings)?;
    let mut csv = Vec::new();
    imports::write_sample(30_000, 5, &mut csv)?;
    let import = first.begin(csv.len()).await?;
    // The line stays open, with half a piece on its way.
    let beginning = Bytes::copy_from_slice(&csv[..(5 << 20) / 2]);
    let body = stream::iter([Ok::<_, std::io::Error>(beginning)]).chain(stream::pending());
    let request = first.client.patch(first.url(&format!("{import}/file")));
    let request = request
        .header("Tus-Resumable", "1.0.0")
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Offset", 0)
        .body(reqwest::Body::wrap_stream(body));
    let broken = tokio::spawn(request.send());
    first
        .until(&import, |import| import["bytes_received"].as_u64() >= Some(2 << 20))
        .await?;
    let Served {
        database, mut process, ..
    } = first;
    process.kill()?;
    assert!(broken.await?.is_err());

    let second = Served::over(database, "web", &settings)?;
    let answer = second.client.head(second.url(&format!("{import}/file")));
    let answer = answer.header("Tus-Resumable", "1.0.0").send().await?;
    let offset: usize = header(&answer, "upload-offset").parse()?;
    second.piece(&import, offset, &csv[offset..]).await?;
    let fatal = [&settings[..], &[("PRODUCT_IMPORTER_FAULT", "reading.end=abort")]].concat();
    assert!(!second.start_worker(&fatal)?.ended().await?.success());
    let _heir = second.start_worker(&settings)?;
    let over = second.until(&import, is_over).await?;
    assert_eq!(
        (&over["state"], &over["rows_read"]),
        (&Value::from("done"), &Value::from(30_000))
    );
    // What the killed process had stored beside it goes with the file.
    let storage = storages::storage(kind, &second.database.database.pool)?;
    imports::sweep_uploads(&keeping_nothing(storage.clone(), &second.database)).await?;
    assert_eq!(storage.folders("imports/").await?, Vec::<String>::new());
    Ok(())
}

async fn an_upload_that_nobody_goes_on_with_goes(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let storage = storages::storage(kind, &database.database.pool)?;
    let uploads = keeping_nothing(storage.clone(), &database);
    let server = serve(uploads.clone()).await?;
    let path = server.create(8).await?;
    assert_eq!(server.patch(&path, 0, "sku,").send().await?.status(), 204);
    assert_eq!(imports::sweep_uploads(&uploads).await?, Swept::default());
    assert_eq!(server.file(1).await?, b"sku,");
    sqlx::query("UPDATE imports SET upload_expires_at = now()")
        .execute(&database.database.pool)
        .await?;
    let swept = imports::sweep_uploads(&uploads).await?;
    assert_eq!((swept.expired, swept.files_removed), (1, 1));
    assert_eq!(server.head(&path).await?.status(), 410);
    assert_eq!(storage.folders("imports/").await?, Vec::<String>::new());
    Ok(())
}

/// What processes that were killed left behind where no import points any more.
async fn pieces_without_an_import_are_swept(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let storage = storages::storage(kind, &database.database.pool)?;
    let uploads = uploads_in(storage.clone(), database.database.clone(), UploadSettings::default());
    let server = serve(uploads.clone()).await?;
    let kept = server.create(4).await?;
    assert_eq!(server.patch(&kept, 0, "sku,").send().await?.status(), 204);
    let gone = server.create(4).await?;
    assert_eq!(server.patch(&gone, 0, "sku,").send().await?.status(), 204);
    // The second import's file was removed, and a late writer has put a piece there afterwards.
    sqlx::query("UPDATE imports SET file_removed_at = now() WHERE id = 2")
        .execute(&database.database.pool)
        .await?;
    // An import that a restored database knows nothing of, and something that is nobody's.
    storage.put("imports/999/late/0", Bytes::from_static(b"late")).await?;
    storage.put("imports/strange/0", Bytes::from_static(b"strange")).await?;
    assert_eq!(imports::sweep_orphans(&uploads).await?, 2);
    let left = BTreeSet::from_iter(storage.folders("imports/").await?);
    assert_eq!(left, BTreeSet::from(["1", "strange"].map(str::to_owned)));
    assert_eq!(server.file(1).await?, b"sku,");
    Ok(())
}

/// Settings, the exit code, and what the line names.
type Refused<'s> = (&'s [(&'s str, &'s str)], i32, &'s str);

/// A place that cannot be meant is told in one line, before anything is received.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_is_told_at_the_start() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let cases: [Refused; 5] = [
        (&[("STORAGE_URL", "https://shop.example")], 2, "STORAGE_URL"),
        (&[("STORAGE_URL", "")], 2, "STORAGE_URL"),
        (
            &[("STORAGE_URL", "s3://shop"), ("AWS_ACCESS_KEY_ID", "key")],
            2,
            "AWS_SECRET_ACCESS_KEY",
        ),
        (&[("STORAGE_URL", "file:///proc/none")], 2, "/proc/none"),
        (
            &[("STORAGE_URL", "s3://shop"), ("STORAGE_CA_FILE", "/none.pem")],
            2,
            "/none.pem",
        ),
    ];
    for command in ["web", "worker"] {
        for (settings, code, named) in cases {
            let mut program = program(Some(&database.url()));
            for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
                program.env_remove(name);
            }
            let ended = program.arg(command).env("PORT", "0").envs(settings.iter().copied());
            let ended = ended.output()?;
            let said = String::from_utf8(ended.stderr)?;
            assert_eq!(ended.status.code(), Some(code), "{said}");
            assert!(said.lines().last().is_some_and(|line| line.contains(named)), "{said}");
        }
    }
    Ok(())
}

/// A bucket that is not there is told before anybody uploads; one that does not answer within seconds may be there later.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told_at_the_start() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut settings = storages::settings(Kind::S3, database.name())?;
    settings[0].1 = "s3://no-such-bucket".to_owned();
    for _ in 0..5 {
        let mut web = program(Some(&database.url()));
        web.arg("web").env("PORT", "0").envs(borrowed(&settings));
        let mut web = Process::start(web.stderr(Stdio::piped()))?;
        let mut said = BufReader::new(web.take_stderr()?).lines().map_while(Result::ok);
        let last = said.find(|line| line.contains("STORAGE_URL") || line.contains("does not answer"));
        let last = last.context("nothing was said")?;
        if last.contains("does not answer") {
            continue;
        }
        assert!(last.contains("no such bucket"), "{last}");
        assert_eq!(said.count(), 0, "it is the last line");
        assert_eq!(web.ended().await?.code(), Some(2), "{last}");
        return Ok(());
    }
    anyhow::bail!("the storage for tests does not answer")
}

/// A server of a company's own is reached by TLS, and trusted only where its authority is.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_reached_by_tls() -> anyhow::Result<()> {
    let authority = Authority::new()?;
    let database = TestDatabase::create().await?;
    let mut settings = storages::settings(Kind::S3, database.name())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let encrypted = format!("https://localhost:{}", listener.local_addr()?.port());
    let server = put_before_bucket(&mut settings, &encrypted)?;
    tokio::spawn(pass_on_encrypted(
        listener,
        server,
        authority.server("localhost", false)?,
    ));

    let encrypted = storages::bucket(&encrypted);
    let mistrusting = FileStorage::Objects(Objects::in_bucket(encrypted, "", None)?);
    assert!(mistrusting.look().await.is_err());
    let file = authority.file.path().to_str().context("an odd name")?.to_owned();
    settings.push(("STORAGE_CA_FILE", file));
    let web = Served::over(database, "web", &borrowed(&settings))?;
    let _worker = web.start_worker(&borrowed(&settings))?;
    let import = web.send(CSV).await?;
    let over = web.until(&import, is_over).await?;
    assert_eq!(
        (&over["state"], &over["created"]),
        (&Value::from("done"), &Value::from(1))
    );
    Ok(())
}

/// Has settings name another server, and gives the address of the one that they named.
fn put_before_bucket(settings: &mut [(&str, String)], url: &str) -> anyhow::Result<String> {
    let endpoint = settings.iter_mut().find(|(name, _)| *name == "AWS_ENDPOINT_URL");
    let endpoint = std::mem::replace(&mut endpoint.context("no endpoint")?.1, url.to_owned());
    Ok(endpoint.trim_start_matches("http://").to_owned())
}

/// Lets whoever calls here by TLS talk to that server.
async fn pass_on_encrypted(listener: TcpListener, server: String, acceptor: TlsAcceptor) {
    while let Ok((line, _)) = listener.accept().await {
        let (server, acceptor) = (server.clone(), acceptor.clone());
        tokio::spawn(async move {
            let mut line = acceptor.accept(line).await?;
            let mut server = TcpStream::connect(server).await?;
            tokio::io::copy_bidirectional(&mut line, &mut server).await
        });
    }
}

/// Uploading says that it cannot be done at the moment, and can be gone on with.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_is_no_bug() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let [port] = free_ports()?;
    let away = Objects::in_bucket(storages::bucket(&format!("http://127.0.0.1:{port}")), "", None)?;
    let storage = FileStorage::Objects(away);
    let failure = storage
        .put("imports/1/a/0", Bytes::new())
        .await
        .err()
        .context("kept in a bucket that is away")?;
    assert_eq!(Trouble::within(&failure), Trouble::Away, "{failure:#}");
    let settings = UploadSettings {
        database_patience: Duration::ZERO,
        ..UploadSettings::default()
    };
    let server = serve(uploads_in(storage, database.database.clone(), settings)).await?;
    let path = server.create(4).await?;
    let answer = server.patch(&path, 0, "sku,").send().await?;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(server.head(&path).await?.headers()["upload-offset"], "0");
    Ok(())
}

/// The server of a bucket hangs up on everybody for a while. The import waits, and has not failed once.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_waits_for_a_bucket_that_is_away() -> anyhow::Result<()> {
    /// More than a request tries by itself, beside a sweep that looks for what belongs to nobody.
    const HANG_UPS: usize = 10;
    let database = TestDatabase::create().await?;
    let mut settings = storages::settings(Kind::S3, database.name())?;
    let web = Served::over(database, "web", &borrowed(&settings))?;
    let import = web.send(CSV).await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stumbling = format!("http://{}", listener.local_addr()?);
    let server = put_before_bucket(&mut settings, &stumbling)?;
    let _worker = web.start_worker(&borrowed(&settings))?;
    for _ in 0..HANG_UPS {
        drop(listener.accept().await?);
    }
    let failures: i64 = sqlx::query_scalar("SELECT count(*) FROM imports WHERE last_error IS NOT NULL")
        .fetch_one(&web.database.database.pool)
        .await?;
    assert_eq!(failures, 0);
    tokio::spawn(pass_on(listener, server));
    let over = web.until(&import, is_over).await?;
    assert_eq!(
        (&over["state"], &over["created"]),
        (&Value::from("done"), &Value::from(1))
    );
    Ok(())
}

/// Lets whoever calls here talk to that server.
async fn pass_on(listener: TcpListener, server: String) {
    while let Ok((mut line, _)) = listener.accept().await {
        let server = server.clone();
        tokio::spawn(async move {
            let mut server = TcpStream::connect(server).await?;
            tokio::io::copy_bidirectional(&mut line, &mut server).await
        });
    }
}
