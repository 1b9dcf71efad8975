//! Owning the server or joining it: one process on a data folder is the server's parent, the others wait for its turn.
//!
//! A thread of its own does this for as long as the program lives, because the kernel ties the server's life to the
//! thread that started it.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::client;
use super::error::StartError;
use super::folders::Folders;
use super::locks::{self, SupervisorLock};
use super::orphan::PostmasterNote;
use super::server::{Server, Startup};

/// How often a starting server is asked whether it is ready.
const READY_POLL: Duration = Duration::from_millis(5);

/// How often a running server is looked after, and the lock of another process tried.
const WATCH_POLL: Duration = Duration::from_millis(50);

/// How long a joining process waits for the other's server, which may have to be fetched first.
const JOIN_PATIENCE: Duration = Duration::from_mins(5);

/// How long workers of a killed server may take to go before the start counts as failed.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(20);

/// The longest pause between two tries to bring a server back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The private PostgreSQL of a data folder, owned or joined. Dropping it is the same as [`PrivatePostgres::stop`].
#[derive(Debug)]
pub struct PrivatePostgres {
    url: String,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PrivatePostgres {
    /// Starts the server of `data_dir`, or joins the one that another process runs on it. Returns when it answers and
    /// has our database.
    ///
    /// # Errors
    /// Each [`StartError`] is one line for the user.
    pub fn start_or_join(data_dir: &Path) -> Result<Self, StartError> {
        Self::start_or_join_with(data_dir, Startup::default())
    }

    /// The same, started in another way.
    ///
    /// # Errors
    /// As [`PrivatePostgres::start_or_join`].
    pub fn start_or_join_with(data_dir: &Path, startup: Startup) -> Result<Self, StartError> {
        let folders = Folders::prepare(data_dir)?;
        let (stop, stopped) = mpsc::channel();
        let (report, reported) = mpsc::sync_channel(1);
        let supervisor = Supervisor {
            folders,
            startup,
            stopped,
            report: Some(report),
            started: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name("private-postgres".to_owned())
            .spawn(move || supervisor.run());
        let failed = |detail: String| StartError::Failed {
            step: "be watched",
            detail,
            log: None,
        };
        let thread = thread.map_err(|cause| failed(cause.to_string()))?;
        let url = reported.recv().map_err(|_| failed("its thread ended".to_owned()))??;
        Ok(Self {
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where the database is, for `sqlx` and `psql` alike. It stays the same when the server is restarted.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Stops the server in order when this process runs it, and leaves it alone when another does.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watches PostgreSQL failed");
        }
    }
}

/// How a turn as the server's parent ended.
enum Turn {
    /// We were asked to stop.
    Over,
    /// The server ended by itself.
    ServerLost { ran_for: Duration },
}

struct Supervisor {
    folders: Folders,
    startup: Startup,
    /// Closed when the program wants to stop.
    stopped: Receiver<()>,
    /// Whom to tell how the start went, until it is told.
    report: Option<SyncSender<Result<String, StartError>>>,
    started: Instant,
}

impl Supervisor {
    fn run(mut self) {
        let mut pause = WATCH_POLL;
        loop {
            match self.take_turn() {
                Ok(Turn::Over) => return,
                Ok(Turn::ServerLost { ran_for }) => {
                    if ran_for > LONGEST_PAUSE {
                        pause = WATCH_POLL;
                    }
                    tracing::warn!("PostgreSQL ended unexpectedly; it is started again");
                }
                Err(error) if self.report.is_none() => tracing::error!("{error}"),
                Err(error) if error.is_passing() && self.started.elapsed() < LEFTOVER_PATIENCE => {}
                Err(error) => return self.tell(Err(error)),
            }
            if self.stop_asked_within(pause) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until the server is ours to run, runs it, and stays with it to its end.
    fn take_turn(&mut self) -> Result<Turn, StartError> {
        let Some(lock) = self.wait_for_lock()? else {
            return Ok(Turn::Over);
        };
        let began = Instant::now();
        let mut server = Server::start(&self.folders, &self.startup, lock)?;
        while !server.is_ready()? {
            if self.stop_asked_within(READY_POLL) {
                return Ok(Turn::Over);
            }
        }
        self.tell(Ok(server.url().to_owned()));
        while server.ended().is_none() {
            if let Err(cause) = server.trim_log() {
                tracing::debug!("PostgreSQL's log cannot be shortened: {cause}");
            }
            if self.stop_asked_within(WATCH_POLL) {
                server.stop();
                return Ok(Turn::Over);
            }
        }
        Ok(Turn::ServerLost {
            ran_for: began.elapsed(),
        })
    }

    /// The supervisor's lock, once the process that has it is gone; `None` when we shall stop first. Meanwhile we
    /// count as started as soon as that process's server answers.
    fn wait_for_lock(&mut self) -> Result<Option<SupervisorLock>, StartError> {
        loop {
            if let Some(lock) = SupervisorLock::try_take(&self.folders)? {
                return Ok(Some(lock));
            }
            if self.report.is_some() {
                self.join_other()?;
            }
            if self.stop_asked_within(if self.report.is_some() { READY_POLL } else { WATCH_POLL }) {
                return Ok(None);
            }
        }
    }

    fn join_other(&mut self) -> Result<(), StartError> {
        let is_ready = PostmasterNote::read(&self.folders).is_some_and(|note| note.is_ready);
        let url = client::url(&self.folders.socket()?);
        if is_ready && client::answers(&url)? {
            self.tell(Ok(url));
        } else if self.started.elapsed() > JOIN_PATIENCE {
            let pid = locks::holder(&self.folders.supervisor_lock());
            return Err(StartError::NeverReady {
                folder: self.folders.root().into(),
                pid,
            });
        }
        Ok(())
    }

    fn tell(&mut self, outcome: Result<String, StartError>) {
        if let Some(report) = self.report.take() {
            // The one who asked waits for exactly this; if it is gone, nobody needs to know.
            let _ = report.send(outcome);
        }
    }

    fn stop_asked_within(&self, time: Duration) -> bool {
        !matches!(self.stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}
