//! What the tests act with: folders of their own, other processes, questions to the database.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::mount::Mount;
use nix::sys::signal::kill;
use nix::unistd::{Pid, Uid, User};
use product_importer::platform::postgres::{PrivatePostgres, StartError};
use sqlx::{Connection, PgConnection};

/// A folder of its own for one test, removed afterwards.
pub struct DataDir(pub PathBuf);

impl DataDir {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/tmp/private-postgres-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    /// The server's process as PostgreSQL notes it.
    pub fn server_pid(&self) -> i32 {
        self.noted_pid().expect("no server is noted")
    }

    pub fn noted_pid(&self) -> Option<i32> {
        fs::read_to_string(self.0.join("postgresql/postmaster.pid"))
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()
    }

    pub fn mount(&self, options: &str) -> Option<Mount> {
        Mount::on(&self.0, options)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn is_root() -> bool {
    Uid::effective().is_root()
}

pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !holds() {
        assert!(Instant::now() < deadline, "not within two minutes: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn is_alive(pid: i32) -> bool {
    // One that has ended but was not buried by its new parent does not count.
    kill(Pid::from_raw(pid), None).is_ok()
        && !fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|command| command.is_empty())
}

pub fn query(url: &str, sql: &'static str) -> Result<String, sqlx::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query_scalar(sql).fetch_one(&mut connection).await
    })
}

pub fn write_a_note(url: &str) {
    query(url, "WITH made AS (SELECT 1) SELECT set_config('x.y', 'z', false)").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql("CREATE TABLE note AS SELECT 'kept' AS text")
            .execute(&mut connection)
            .await
            .unwrap();
    });
}

pub fn read_the_note(url: &str) -> Option<String> {
    query(url, "SELECT text FROM note").ok()
}

pub fn refusal(outcome: Result<PrivatePostgres, StartError>) -> String {
    let line = outcome.expect_err("it started").to_string();
    assert!(!line.contains('\n'), "more than one line: {line}");
    println!("{line}");
    line
}

/// This program again, doing `action` on a data folder.
pub struct Other {
    pub process: Child,
    answer: BufReader<std::process::ChildStdout>,
    stdin: Option<ChildStdin>,
}

impl Other {
    pub fn new(action: &str, data_dir: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_process", "--ignored", "--nocapture", "--quiet"]);
        command.env("ACTION", action).env("FOLDER", data_dir).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        change(&mut command);
        let mut process = command.spawn().unwrap();
        let answer = BufReader::new(process.stdout.take().unwrap());
        let stdin = process.stdin.take();
        Self { process, answer, stdin }
    }

    /// What the other says after `mark`.
    pub fn answer(&mut self, mark: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(
                self.answer.read_line(&mut line).unwrap(),
                0,
                "it ended without saying {mark:?}"
            );
            if let Some((_, answer)) = line.split_once(mark) {
                return answer.trim().to_owned();
            }
        }
    }

    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Lets the other stop in order and gives what it said at last.
    pub fn end(&mut self) -> String {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.answer.read_to_string(&mut rest).unwrap();
        self.process.wait().unwrap();
        rest
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.end();
    }
}

pub fn as_user(name: &str) -> impl FnOnce(&mut Command) {
    let user = User::from_name(name).unwrap().unwrap();
    move |command| {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
}
