//! A PostgreSQL server as a hosting company runs it: over TCP, with TLS and its own certificate, stopped and started.

use super::keeper::free_ports;
use super::mount::Mount;
use anyhow::Context;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User, chown};
use sqlx::Connection as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const START_PATIENCE: Duration = Duration::from_secs(30);

/// A server on a port of its own. It is stopped at the end.
pub struct HostedPostgres {
    bin: PathBuf,
    /// A disk of its own, before its folder goes.
    disk: Option<Mount>,
    folder: tempfile::TempDir,
    port: u16,
    /// Whom the server runs as, since it refuses to run as root.
    user: Option<User>,
    running: Option<Child>,
}

impl HostedPostgres {
    /// Makes a server and starts it. Every connection must be encrypted.
    pub async fn start() -> anyhow::Result<Self> {
        let mut server = Self::new()?;
        server.resume().await?;
        Ok(server)
    }

    /// The same on a disk of its own, where such a thing may be.
    pub async fn on_small_disk(options: &str) -> anyhow::Result<Option<Self>> {
        let mut server = Self::planned()?;
        server.disk = Mount::on(server.folder(), options);
        if server.disk.is_none() {
            return Ok(None);
        }
        server.create()?;
        server.resume().await?;
        Ok(Some(server))
    }

    /// Makes a server that does not run yet.
    pub fn new() -> anyhow::Result<Self> {
        let server = Self::planned()?;
        server.create()?;
        Ok(server)
    }

    fn planned() -> anyhow::Result<Self> {
        let user = if Uid::effective().is_root() {
            let known = User::from_name("postgres")?;
            Some(
                known
                    .or(User::from_name("nobody")?)
                    .context("nobody to run PostgreSQL as")?,
            )
        } else {
            None
        };
        let [port] = free_ports()?;
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        Ok(Self {
            bin: programs()?,
            disk: None,
            folder,
            port,
            user,
            running: None,
        })
    }

    /// Where it keeps all it has.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Begins a new segment of its log of changes, which has its whole size at once.
    pub async fn begin_segment(&self) -> anyhow::Result<()> {
        let mut connection = sqlx::PgConnection::connect(&self.url()).await?;
        sqlx::raw_sql("SELECT pg_switch_wal(); CHECKPOINT")
            .execute(&mut connection)
            .await?;
        Ok(connection.close().await?)
    }

    /// Where it is, as its company would write it.
    pub fn url(&self) -> String {
        Self::url_by(self.port)
    }

    /// The same by a road that begins at that port.
    pub fn url_by(port: u16) -> String {
        format!("postgres://importer:secret@localhost:{port}/postgres?sslmode=require")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets all of its processes stand still, or go on: as a host does that has no processor left.
    pub fn signal_all(&self, signal: Signal) -> anyhow::Result<()> {
        let server = self.running.as_ref().context("it does not run")?.id();
        kill(Pid::from_raw(server as i32), signal)?;
        for child in self.children()? {
            signal_if_there(child, signal)?;
        }
        Ok(())
    }

    /// The same for the connections that are open, as if their host had vanished: others can be opened.
    pub fn signal_connections(&self, signal: Signal) -> anyhow::Result<()> {
        for child in self.children()? {
            // One that has ended meanwhile has no title.
            let title = fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if title.contains("127.0.0.1(") {
                signal_if_there(child, signal)?;
            }
        }
        Ok(())
    }

    fn children(&self) -> anyhow::Result<Vec<Pid>> {
        let server = self.running.as_ref().context("it does not run")?.id();
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        let pids = children.split_whitespace().map(|pid| Ok(Pid::from_raw(pid.parse()?)));
        pids.collect()
    }

    /// Starts it, on the port it had before.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "ssl=on",
            "max_connections=40",
        ];
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        for setting in settings {
            command.args(["-c", setting]);
        }
        self.running = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        let url = self.url();
        let answering = async {
            while sqlx::PgPool::connect(&url).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(START_PATIENCE, answering)
            .await
            .context("PostgreSQL does not answer")
    }

    /// Ends it and every connection, as a restart for maintenance does.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.end(Signal::SIGINT)
    }

    fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        if let Some(mut running) = self.running.take() {
            kill(Pid::from_raw(i32::try_from(running.id())?), signal)?;
            running.wait()?;
        }
        Ok(())
    }

    fn create(&self) -> anyhow::Result<()> {
        let password = self.folder.path().join("password");
        fs::write(&password, "secret")?;
        self.hand_over(self.folder.path())?;
        self.hand_over(&password)?;
        let mut initdb = self.command("initdb");
        initdb
            .args(["-U", "importer", "--auth=scram-sha-256", "--no-sync", "-D"])
            .arg(self.data());
        let made = initdb.arg("--pwfile").arg(&password).output()?;
        anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(
            self.data().join("pg_hba.conf"),
            "hostssl all all 127.0.0.1/32 scram-sha-256\n",
        )?;
        let own = rcgen::generate_simple_self_signed(["postgres.example".to_owned()])?;
        for (name, text) in [
            ("server.crt", own.cert.pem()),
            ("server.key", own.signing_key.serialize_pem()),
        ] {
            let file = self.data().join(name);
            fs::write(&file, text)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
            self.hand_over(&file)?;
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(self.folder.path()).env_remove("PGPORT");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn hand_over(&self, path: &Path) -> nix::Result<()> {
        match &self.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        }
    }
}

impl Drop for HostedPostgres {
    fn drop(&mut self) {
        let _ = self.end(Signal::SIGQUIT);
    }
}

/// Signals a process that may have ended meanwhile.
fn signal_if_there(process: Pid, signal: Signal) -> nix::Result<()> {
    match kill(process, signal) {
        Err(Errno::ESRCH) => Ok(()),
        sent => sent,
    }
}

/// Where `initdb` and `postgres` are.
fn programs() -> anyhow::Result<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|told| PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let mut places = told.into_iter().chain(debian);
    places
        .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
        .context("no PostgreSQL server is installed")
}
