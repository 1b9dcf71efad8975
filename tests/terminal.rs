//! The program in a terminal: what it prints, where, and with which exit code.

mod support;

use anyhow::Context as _;
use nix::unistd::{Uid, User};
use serde_json::Value;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::database::TestDatabase;
use support::process::{Process, output, program};

/// A test's own database and files.
struct Desk {
    database: TestDatabase,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> anyhow::Result<Self> {
        Ok(Self {
            database: TestDatabase::create().await?,
            folder: tempfile::tempdir()?,
        })
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    fn run(&self, command: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command_line = program(Some(&self.database.url()));
        Ok(command_line.arg(command).args(arguments).output()?)
    }

    fn import(&self, path: &Path, flags: &[&str]) -> anyhow::Result<Output> {
        let path = path.to_str().context("an odd path")?;
        self.run("import", &[&[path], flags].concat())
    }
}

fn json(result: &Output) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&result.stdout)?)
}

/// The one line on standard error that says why it ended.
fn refusal(result: &Output, code: i32) -> anyhow::Result<String> {
    let told = String::from_utf8(result.stderr.clone())?;
    anyhow::ensure!(result.status.code() == Some(code), "{:?}: {told}", result.status);
    anyhow::ensure!(result.stdout.is_empty(), "{}", String::from_utf8_lossy(&result.stdout));
    anyhow::ensure!(told.lines().count() == 1, "not one line: {told}");
    Ok(told)
}

#[tokio::test]
async fn a_file_is_imported_and_summed_up() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let file = desk.file("lamps.csv", "sku,name\na,one\nb,two\nA,three\n,four\n")?;
    let summary = output(&desk.import(&file, &[])?)?;
    for told in [
        "lamps.csv imported in",
        "4  rows read",
        "2  created",
        "1  duplicates",
        "1  rejected",
        "rejected.csv",
    ] {
        assert!(summary.contains(told), "{told}: {summary}");
    }
    let again = desk.import(&file, &["--json", "--mode", "create_only"])?;
    assert!(again.status.success());
    let import = json(&again)?;
    for (name, value) in [
        ("state", Value::from("done")),
        ("skipped", 2.into()),
        ("created", 0.into()),
        ("mode", "create_only".into()),
    ] {
        assert_eq!(import[name], value, "{import}");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_imported_ends_with_its_reason() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let file = desk.file("prices.csv", "sku,price\na,1\n")?;
    let failed = desk.import(&file, &[])?;
    assert_eq!(failed.status.code(), Some(1));
    let told = String::from_utf8(failed.stderr)?;
    assert!(
        told.contains("prices.csv could not be imported") && told.contains("name"),
        "{told}"
    );
    let failed = desk.import(&file, &["--json"])?;
    assert_eq!(failed.status.code(), Some(1));
    let import = json(&failed)?;
    assert_eq!(import["state"], "failed");
    assert!(import["error"].is_string(), "{import}");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let missing = desk.folder.path().join("nowhere.csv");
    let line = refusal(&desk.import(&missing, &[])?, 1)?;
    assert!(line.contains("nowhere.csv") && line.contains("No such file"), "{line}");
    let line = refusal(&desk.import(desk.folder.path(), &[])?, 2)?;
    assert!(line.contains("is not a file"), "{line}");
    Ok(())
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() -> anyhow::Result<()> {
    let sample = |seed: &str| output(&program(None).args(["sample", "300", "--seed", seed]).output()?);
    let one = sample("7")?;
    assert_eq!(one, sample("7")?);
    assert_ne!(one, sample("8")?);
    assert_eq!(csv::Reader::from_reader(one.as_bytes()).records().count(), 300);
    Ok(())
}

/// Products that a careless writer or reader of CSV would change.
const ODD: [(&str, &str, &str, bool); 12] = [
    ("plain", "Lamp", "A lamp", true),
    ("quo\"te", "The \"best\" lamp", "\"", false),
    ("comma,semi;colon", "a,b;c\td|e", ",,,", true),
    ("lines", "Two\nlines", "LF\nCRLF\r\nCR\rend\n", true),
    ("blanks", "  led and trailed  ", " \t ", true),
    ("empty", "Without a description", "", false),
    (
        "Ünï-çødé-ẞ",
        "雨傘 ☂️ 👩‍👩‍👧",
        "e\u{301} is not é; \u{a0}\u{2028}\u{feff}",
        true,
    ),
    ("00123", "1.23E+12", "=1+1", true),
    ("1.5E+3", "true", "NULL", true),
    ("#comment", "\\N", "\\\"\\n", false),
    ("'", "sep=;", "sku,name,description", true),
    ("name", "sku", "\u{1}\u{7f}", true),
];

#[tokio::test]
async fn what_is_exported_is_taken_back_unchanged() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let pool = &desk.database.database.pool;
    for (sku, name, description, active) in ODD {
        sqlx::query("INSERT INTO products (sku, sku_key, name, description, active) VALUES ($1, $2, $3, $4, $5)")
            .bind(sku)
            .bind(product_importer::catalog::SkuKey::of(sku).as_str())
            .bind(name)
            .bind(description)
            .bind(active)
            .execute(pool)
            .await?;
    }
    let before = support::catalogue::read(pool).await?;
    let exported = output(&desk.run("export", &[])?)?;
    assert!(exported.starts_with("name,sku,description,status\r\n"), "{exported}");
    let file = desk.file("export.csv", &exported)?;
    let import = json(&desk.import(&file, &["--json"])?)?;
    assert_eq!(
        (&import["state"], &import["unchanged"]),
        (&"done".into(), &ODD.len().into()),
        "{import}"
    );
    assert_eq!(import["rows_read"], ODD.len());
    sqlx::query("TRUNCATE products, product_count_changes")
        .execute(pool)
        .await?;
    let import = json(&desk.import(&file, &["--json"])?)?;
    assert_eq!(import["created"], ODD.len(), "{import}");
    assert_eq!(support::catalogue::read(pool).await?, before);
    assert_eq!(output(&desk.run("export", &[])?)?, exported);
    let inactive = output(&desk.run("export", &["--status", "inactive"])?)?;
    assert_eq!(csv::Reader::from_reader(inactive.as_bytes()).records().count(), 3);
    Ok(())
}

#[test]
fn a_setting_that_cannot_be_read_is_one_line() -> anyhow::Result<()> {
    for (variable, value) in [
        ("PORT", "eighty"),
        ("HOST", "nowhere"),
        ("PUBLIC_URL", "products"),
        ("ACCESS", "closed"),
        ("DATABASE_URL", "mysql://user:secret@host/products"),
        ("DATABASE_CONNECTIONS", "1"),
        ("UPLOAD_MAX_BYTES", "much"),
        ("UPLOAD_EXPIRE_HOURS", "0"),
        ("KEEP_FILE_HOURS", "-1"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "product_importer=loud"),
    ] {
        let result = program(None).arg("serve").env(variable, value).output()?;
        let line = refusal(&result, 2).context(variable)?;
        assert!(line.contains(variable), "{variable}: {line}");
        assert!(!line.contains("secret"), "{line}");
    }
    Ok(())
}

#[test]
fn help_lists_every_setting() -> anyhow::Result<()> {
    let help = output(&program(None).arg("--help").output()?)?;
    let config = include_str!("../src/config.rs");
    let variables: Vec<&str> = config
        .split("env = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(variables.len() > 10, "{variables:?}");
    for variable in variables {
        assert!(help.contains(&format!("[env: {variable}")), "{variable} is missing");
    }
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_told_with_the_way_out() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let line = refusal(&desk.run("serve", &["--port", &port])?, 1)?;
    assert!(
        line.contains(&format!("port {port} is taken")) && line.contains("PORT="),
        "{line}"
    );
    Ok(())
}

#[tokio::test]
async fn listening_to_the_world_must_be_meant() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let line = refusal(&desk.run("serve", &["--host", "0.0.0.0"])?, 2)?;
    assert!(line.contains("ACCESS=open"), "{line}");
    let mut open = program(Some(&desk.database.url()));
    let (mut process, _) = Process::serve(open.arg("serve").env("HOST", "0.0.0.0").env("ACCESS", "open"))?;
    assert!(process.terminate()?.success());
    Ok(())
}

/// Starts `serve` with a private PostgreSQL, tries a second one, imports and exports beside it.
fn share(data_dir: &Path, file: &Path, mut run: impl FnMut() -> Command) -> anyhow::Result<()> {
    let mut on_it = || {
        let mut command = run();
        command.env("DATA_DIR", data_dir).current_dir("/");
        command
    };
    let (mut server, address) = Process::serve(on_it().arg("serve"))?;
    let line = refusal(&on_it().args(["serve", "--port", "0"]).output()?, 1)?;
    assert!(line.contains(&*data_dir.to_string_lossy()), "{line}");
    let imported = on_it().arg("import").arg(file).arg("--json").output()?;
    let import: Value = serde_json::from_str(&output(&imported)?)?;
    assert_eq!(
        (&import["state"], &import["created"]),
        (&"done".into(), &2.into()),
        "{import}"
    );
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    assert!(server.terminate()?.success());
    let exported = output(&on_it().arg("export").output()?)?;
    assert_eq!(
        exported,
        "name,sku,description,status\r\none,a,,active\r\ntwo,b,,active\r\n"
    );
    Ok(())
}

#[test]
fn commands_share_a_private_database_with_one_server() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("products.csv");
    std::fs::write(&file, "sku,name\na,one\nb,two\n")?;
    share(&folder.path().join("data"), &file, || program(None))
}

#[test]
fn an_ordinary_user_needs_no_set_up() -> anyhow::Result<()> {
    if !Uid::effective().is_root() {
        return Ok(()); // then every other test has shown it
    }
    let nobody = User::from_name("nobody")?.context("there is no user nobody")?;
    let folder = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir_in("/tmp")?;
    // The build may be where only root can look.
    let copy = folder.path().join("product-importer");
    std::fs::copy(env!("CARGO_BIN_EXE_product-importer"), &copy)?;
    let data_dir = folder.path().join("data");
    std::fs::create_dir(&data_dir)?;
    chown(&data_dir, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw()))?;
    let file = folder.path().join("products.csv");
    std::fs::File::create(&file)?.write_all(b"sku,name\na,one\nb,two\n")?;
    share(&data_dir, &file, || {
        let mut command = Command::new(&copy);
        for (name, _) in program(None).get_envs() {
            command.env_remove(name);
        }
        command.env("HOME", folder.path());
        command.uid(nobody.uid.as_raw()).gid(nobody.gid.as_raw());
        command
    })
}
