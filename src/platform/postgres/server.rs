//! The server as a child process: started on its data, waited for, watched, stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::{Binaries, Programs};
use super::client;
use super::cluster;
use super::error::StartError;
use super::folders::{Folders, open_ours};
use super::identity::Identity;
use super::locks::SupervisorLock;
use super::orphan::{self, PostmasterNote, STOP_PATIENCE};
use super::settings::settings;

/// When the log is this long it becomes `postgres.log.1`, so that two of this size are the most there is.
const LOG_MAX_BYTES: u64 = 8 * 1024 * 1024;

/// How a server is started.
#[derive(Debug)]
pub struct Startup {
    /// Where PostgreSQL's programs are looked for.
    pub search: Binaries,
    /// Settings as `name=value`, in place of ours of that name or besides.
    pub settings: Vec<String>,
}

impl Default for Startup {
    /// By what is installed, and with our settings.
    fn default() -> Self {
        Self {
            search: Binaries::installed(),
            settings: Vec::new(),
        }
    }
}

/// A running server that this process is the parent of. It stops when this is dropped.
pub(super) struct Server {
    child: Child,
    folders: Folders,
    url: String,
    /// Where in the log this server began to write.
    log_start: u64,
    /// Held for as long as the server runs.
    lock: SupervisorLock,
}

impl Server {
    /// Starts a server on the data folder, making the data when there is none. It may not be ready yet.
    pub(super) fn start(folders: &Folders, startup: &Startup, mut lock: SupervisorLock) -> Result<Self, StartError> {
        let failed = |cause| StartError::at(folders.root(), cause);
        orphan::clear_the_way(folders, lock.noted_server())?;
        let server = Identity::choose(folders)?;
        folders.admit(&server)?;
        let made_by = cluster::made_by(folders)?;
        let programs = Programs::choose(&startup.search, folders, &server, made_by.as_deref())?;
        if made_by.is_none() {
            cluster::create(folders, &programs, &server)?;
        }
        cluster::prepare(folders, &server)?;
        let socket = folders.prepare_socket(&server)?;
        let (log, log_start) = open_log(folders).map_err(failed)?;
        let mut command = server.command(&programs.postgres(), Signal::SIGINT);
        command.arg("-D").arg(folders.cluster());
        // Of a name that is set twice, the last counts.
        let settings = settings(&socket).into_iter().chain(startup.settings.iter().cloned());
        command.args(settings.flat_map(|setting| ["-c".to_owned(), setting]));
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        let child = command.spawn().map_err(|cause| StartError::Failed {
            step: "start",
            detail: cause.to_string(),
            log: None,
        })?;
        let server = Self {
            child,
            folders: folders.clone(),
            url: client::url(&socket),
            log_start,
            lock,
        };
        server.noted()
    }

    /// Notes the child in the lock's file, for a later process that finds it without its parent.
    fn noted(mut self) -> Result<Self, StartError> {
        let pid = self.child.id();
        self.lock
            .note_server(pid)
            .map_err(|cause| StartError::at(self.folders.root(), cause))?;
        Ok(self)
    }

    /// Whether the server answers; an error when it has ended instead.
    pub(super) fn is_ready(&mut self) -> Result<bool, StartError> {
        if self.ended().is_some() {
            return Err(self.reason_of_end());
        }
        let noted = PostmasterNote::read(&self.folders);
        let is_ours = noted.is_some_and(|note| note.is_ready && note.pid.cast_unsigned() == self.child.id());
        if is_ours { client::answers(&self.url) } else { Ok(false) }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How the server ended, when it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Keeps the log short while the server runs, too.
    pub(super) fn trim_log(&self) -> io::Result<()> {
        let log = self.folders.log();
        if fs::metadata(&log)?.len() <= LOG_MAX_BYTES {
            return Ok(());
        }
        // The server keeps its file open and appends, so what it writes next lands in the emptied file.
        fs::copy(&log, self.folders.root().join("postgres.log.1"))?;
        OpenOptions::new().write(true).open(&log)?.set_len(0)
    }

    /// Stops in order: connections are closed and everything is written down. Harder when that takes too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "the private PostgreSQL is minded outside the runtime"
    )]
    pub(super) fn stop(&mut self) {
        let hardening = [
            (Signal::SIGINT, STOP_PATIENCE),
            (Signal::SIGQUIT, Duration::from_secs(5)),
        ];
        for (signal, patience) in hardening {
            if self.ended().is_some() {
                return;
            }
            // It may have ended in between; then the wait below sees it.
            let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline {
                if self.ended().is_some() {
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
            tracing::warn!("PostgreSQL does not stop on {signal}");
        }
        if let Err(cause) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::error!("PostgreSQL cannot be stopped: {cause}");
        }
    }

    fn reason_of_end(&self) -> StartError {
        let log = self.folders.log();
        let said = text_from(&log, self.log_start).unwrap_or_default();
        if said.trim().is_empty() && self.folders.disk_is_full() {
            return StartError::DiskFull {
                folder: self.folders.root().into(),
            };
        }
        StartError::from_output("start", &said, self.folders.root(), Some(&log))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The log to append to, and where the new text will begin. A long one is set aside first.
fn open_log(folders: &Folders) -> io::Result<(File, u64)> {
    let path = folders.log();
    if fs::metadata(&path).is_ok_and(|found| found.len() > LOG_MAX_BYTES) {
        fs::rename(&path, folders.root().join("postgres.log.1"))?;
    }
    let log = open_ours(&path, OpenOptions::new().append(true))?;
    let length = log.metadata()?.len();
    Ok((log, length))
}

fn text_from(path: &Path, start: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
