//! Every place for files: the database, a folder, and a bucket of a real server that speaks as S3 does (moto).

use super::keeper::{Keeper, free_ports};
use anyhow::{Context, bail};
use object_store::aws::AmazonS3Builder;
use product_importer::platform::storage::{FileStorage, Objects};
use sqlx::PgPool;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const BUCKET: &str = "shop";
const REGION: &str = "eu-central-1";

/// A kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Folder,
    S3,
}

/// The kind that `TEST_STORAGE` asks for.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
pub fn wanted() -> anyhow::Result<Kind> {
    match env::var("TEST_STORAGE").as_deref() {
        Err(_) | Ok("postgres") => Ok(Kind::Postgres),
        Ok("folder") => Ok(Kind::Folder),
        Ok("s3") => Ok(Kind::S3),
        Ok(other) => bail!("TEST_STORAGE is postgres, folder or s3, not {other}"),
    }
}

/// The storage that belongs to a database: two of them would have files of the same names.
pub fn storage(kind: Kind, pool: &PgPool) -> anyhow::Result<FileStorage> {
    let options = pool.connect_options();
    let name = options.get_database().context("no database")?;
    Ok(match kind {
        Kind::Postgres => FileStorage::Postgres(pool.clone()),
        Kind::Folder => FileStorage::Objects(Objects::in_folder(&folder(name))?),
        Kind::S3 => FileStorage::Objects(Objects::in_bucket(bucket(&endpoint()?), name, None)?),
    })
}

/// What tells a process of that database where its files are.
pub fn settings(kind: Kind, database: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    Ok(match kind {
        Kind::Postgres => Vec::new(),
        Kind::Folder => vec![("STORAGE_URL", format!("file://{}", folder(database).display()))],
        Kind::S3 => vec![
            ("STORAGE_URL", format!("s3://{BUCKET}/{database}")),
            ("AWS_ENDPOINT_URL", endpoint()?),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ],
    })
}

/// What a test with a database of that name kept in a folder.
pub fn forget_folder(database: &str) {
    drop(fs::remove_dir_all(folder(database)));
}

/// A bucket behind that address.
pub fn bucket(endpoint: &str) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_endpoint(endpoint)
        .with_region(REGION)
        .with_access_key_id("test")
        .with_secret_access_key("test")
}

fn folder(database: &str) -> PathBuf {
    // Another user's folder would not be ours to write into.
    let name = format!("product-importer-test-files-{}", nix::unistd::getuid());
    env::temp_dir().join(name).join(database)
}

/// The address of the server that the tests of one process share, with its bucket made.
fn endpoint() -> anyhow::Result<String> {
    static SHARED: Mutex<Option<(Keeper, String)>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if shared.is_none() {
        *shared = Some(start()?);
    }
    shared
        .as_ref()
        .map(|(_, endpoint)| endpoint.clone())
        .context("no server")
}

fn start() -> anyhow::Result<(Keeper, String)> {
    let program = moto_server()?;
    let folder = env::temp_dir().join(format!("product-importer-moto-{}", uuid::Uuid::new_v4().simple()));
    fs::create_dir(&folder)?;
    let [port] = free_ports()?;
    let keeper = Keeper::start(&folder, port, None, |command| {
        command.arg(&program).args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })?;
    let endpoint = format!("http://127.0.0.1:{port}");
    make_bucket(port)?;
    Ok((keeper, endpoint))
}

/// Making buckets is not the program's business, so its storage cannot.
fn make_bucket(port: u16) -> anyhow::Result<()> {
    use std::io::{Read as _, Write as _};
    let mut line = std::net::TcpStream::connect(("127.0.0.1", port))?;
    write!(
        line,
        "PUT /{BUCKET} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
    )?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    anyhow::ensure!(
        answer.lines().next().is_some_and(|line| line.contains(" 200 ")),
        "no bucket: {answer}"
    );
    Ok(())
}

/// bin/test installs it beside what is built.
fn moto_server() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("MOTO_SERVER") {
        return Ok(path.into());
    }
    let program = Path::new(env!("CARGO_BIN_EXE_product-importer"));
    let installed = program
        .ancestors()
        .nth(2)
        .map(|target| target.join("moto/bin/moto_server"));
    let installed = installed.filter(|path| path.exists());
    installed.context("moto is not installed: run bin/test once, or say by MOTO_SERVER where its moto_server is")
}
