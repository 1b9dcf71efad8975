//! The program in a terminal: what it prints, where, and with which exit code.

mod support;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
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
        ("DATABASE_URL", "mysql://user:sesame@host/products"),
        ("DATABASE_CONNECTIONS", "1"),
        ("UPLOAD_MAX_BYTES", "much"),
        ("UPLOAD_EXPIRE_HOURS", "0"),
        ("KEEP_FILE_HOURS", "-1"),
        ("SECRET_KEY", "sesame"),
        ("WEBHOOK_ALLOW_NETS", "10.0.0.0/33"),
        ("WEBHOOK_TIMEOUT_SECONDS", "0"),
        ("WEBHOOK_DNS", "somewhere"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "product_importer=loud"),
    ] {
        let result = program(None).arg("serve").env(variable, value).output()?;
        let line = refusal(&result, 2).context(variable)?;
        assert!(line.contains(variable), "{variable}: {line}");
        assert!(!line.contains("sesame"), "{line}");
    }
    Ok(())
}

#[test]
fn help_lists_every_setting() -> anyhow::Result<()> {
    // Some are the worker's alone.
    let help = [&["--help"][..], &["worker", "--help"]].map(|arguments| program(None).args(arguments).output());
    let help = help
        .into_iter()
        .map(|help| output(&help?))
        .collect::<anyhow::Result<String>>()?;
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
    share(&data_dir, &file, || as_user(&copy, folder.path(), &nobody))
}

/// A copy of the program run by somebody else.
fn as_user(copy: &Path, home: &Path, user: &User) -> Command {
    let mut command = Command::new(copy);
    for (name, _) in program(None).get_envs() {
        command.env_remove(name);
    }
    command.env("HOME", home);
    command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    command
}

#[tokio::test]
async fn a_file_that_may_not_be_read_begins_nothing() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let folder = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir_in("/tmp")?;
    let file = folder.path().join("secret.csv");
    std::fs::write(&file, "sku,name\na,one\n")?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o0))?;
    let mut command = if Uid::effective().is_root() {
        let copy = folder.path().join("product-importer");
        std::fs::copy(env!("CARGO_BIN_EXE_product-importer"), &copy)?;
        let nobody = User::from_name("nobody")?.context("there is no user nobody")?;
        as_user(&copy, folder.path(), &nobody)
    } else {
        program(None)
    };
    command
        .env("DATABASE_URL", desk.database.url())
        .arg("import")
        .arg(&file);
    let line = refusal(&command.output()?, 1)?;
    assert!(
        line.contains("cannot open") && line.contains("secret.csv") && line.contains("Permission denied"),
        "{line}"
    );
    let imports: i64 = sqlx::query_scalar("SELECT count(*) FROM imports")
        .fetch_one(&desk.database.database.pool)
        .await?;
    assert_eq!(imports, 0);
    Ok(())
}

/// A running `import` of a file, and what it says in the end.
struct Importing {
    process: std::process::Child,
}

impl Importing {
    fn start(desk: &Desk, file: &Path) -> anyhow::Result<Self> {
        let mut command = program(Some(&desk.database.url()));
        command.arg("import").arg(file);
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        Ok(Self {
            process: command.spawn()?,
        })
    }

    /// Ends it by a signal and gives the line it says.
    fn stop(self, signal: Signal, code: i32) -> anyhow::Result<String> {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal)?;
        let told = self.process.wait_with_output()?;
        let stderr = String::from_utf8_lossy(&told.stderr).into_owned();
        anyhow::ensure!(told.status.code() == Some(code), "{:?}: {stderr}", told.status);
        let line = stderr.lines().find(|line| line.starts_with("Stopped: "));
        Ok(line.with_context(|| format!("not told: {stderr}"))?.to_owned())
    }
}

/// Waits until the database says so.
async fn until(desk: &Desk, sql: &'static str) -> anyhow::Result<()> {
    let waiting = async {
        while !sqlx::query_scalar::<_, bool>(sql)
            .fetch_one(&desk.database.database.pool)
            .await?
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .context(sql)?
}

fn sample(rows: u64) -> anyhow::Result<Vec<u8>> {
    let mut csv = Vec::new();
    product_importer::imports::write_sample(rows, 5, &mut csv)?;
    Ok(csv)
}

#[tokio::test]
async fn ctrl_c_while_reading_changes_nothing() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let file = desk.file("lamps.csv", sample(300_000)?)?;
    // What a closed terminal left behind is tidied up on the way.
    sqlx::raw_sql(
        "INSERT INTO imports (source, filename, state, phase, mode, new_status, bytes_total, lease_until)
         VALUES ('terminal', 'old.csv', 'running', 'reading', 'overwrite', 'active', 9, now() - interval '1 hour')",
    )
    .execute(&desk.database.database.pool)
    .await?;
    let importing = Importing::start(&desk, &file)?;
    until(
        &desk,
        "SELECT EXISTS (SELECT FROM imports WHERE filename = 'lamps.csv' AND rows_read > 0)",
    )
    .await?;
    let line = importing.stop(Signal::SIGINT, 130)?;
    assert!(
        line.contains("lamps.csv was not imported") && line.contains("no product was changed"),
        "{line}"
    );
    until(
        &desk,
        "SELECT state = 'cancelled' AND read_at IS NULL AND NOT EXISTS (SELECT FROM products)
         FROM imports WHERE filename = 'lamps.csv'",
    )
    .await?;
    // Nobody waits long for the tidying; what it leaves is the next one's, though that one has no products.
    let next = desk.file("next.csv", "sku\na\n")?;
    let is_tidy = "SELECT bool_and(state IN ('failed', 'cancelled')
                   AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'import_' || imports.id)) FROM imports";
    let tidying = async {
        while !sqlx::query_scalar::<_, bool>(is_tidy)
            .fetch_one(&desk.database.database.pool)
            .await?
        {
            desk.import(&next, &[])?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_mins(1), tidying).await?
}

#[tokio::test]
async fn sigterm_while_adding_says_what_stays() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let pool = &desk.database.database.pool;
    let last = desk.file("last.csv", "sku,name\nzzzz-last,one\n")?;
    output(&desk.import(&last, &[])?)?;
    let mut rows = String::from("sku,name\n");
    for number in 0..70_000 {
        writeln!(rows, "lamp-{number},A lamp")?;
    }
    rows.push_str("zzzz-last,another\n");
    let file = desk.file("lamps.csv", rows)?;
    // Somebody keeps the last product to themselves, so that adding cannot end.
    let mut keeping = pool.begin().await?;
    sqlx::query("SELECT FROM products WHERE sku = 'zzzz-last' FOR UPDATE")
        .execute(&mut *keeping)
        .await?;
    let importing = Importing::start(&desk, &file)?;
    until(
        &desk,
        "SELECT EXISTS (SELECT FROM imports WHERE filename = 'lamps.csv' AND created > 0)",
    )
    .await?;
    let line = importing.stop(Signal::SIGTERM, 143)?;
    keeping.rollback().await?;
    let (state, created): (String, i64) =
        sqlx::query_as("SELECT state, created FROM imports WHERE filename = 'lamps.csv'")
            .fetch_one(pool)
            .await?;
    let products: i64 = sqlx::query_scalar("SELECT count(*) - 1 FROM products")
        .fetch_one(pool)
        .await?;
    assert_eq!((state.as_str(), created), ("cancelled", products));
    let digits: String = line
        .split(" new")
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(digits, created.to_string(), "{line}");
    assert!(line.contains("stay in the catalogue"), "{line}");
    Ok(())
}

/// Starts a command that cannot get its database, and stops it once `is_waiting`.
async fn stopped_at_start(
    command: &mut Command,
    is_waiting: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let mut process = Process::start(command.env("PORT", "0"))?;
    is_waiting.await?;
    process.ask_to_end()?;
    let status = process.ended().await?;
    anyhow::ensure!(status.success(), "{status}");
    Ok(())
}

#[tokio::test]
async fn a_start_that_waits_for_a_database_can_be_stopped() -> anyhow::Result<()> {
    for command in ["serve", "web", "worker"] {
        // A server that takes calls and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("postgres://somebody@{}/products", silent.local_addr()?);
        let mut call = None;
        stopped_at_start(program(Some(&url)).arg(command), async {
            call = Some(silent.accept().await?);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_start_that_waits_for_another_program_can_be_stopped() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    // Another program has the server, which never answers.
    let lock = std::fs::File::create(folder.path().join("postgres.lock"))?;
    lock.lock()?;
    let serve_lock = folder.path().join("serve.lock");
    stopped_at_start(program(None).arg("serve").env("DATA_DIR", folder.path()), async {
        while std::fs::read_to_string(&serve_lock).unwrap_or_default().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    })
    .await
}
