//! What an earlier process may have left on the data: a server that lost its parent, or just a stale note of one.
//!
//! On Linux the kernel tells the server to stop when its parent is killed; then it is only waited for. Elsewhere, and
//! whenever that failed, it is stopped here.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::StartError;
use super::folders::Folders;

/// How long a server may take to write everything down and stop.
pub(super) const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// How long a server that we do not know may take to go by itself.
const UNNOTED_PATIENCE: Duration = Duration::from_secs(2);

/// PostgreSQL's own note of its process, `postmaster.pid`.
#[derive(Debug)]
pub(super) struct PostmasterNote {
    pub(super) pid: i32,
    pub(super) is_ready: bool,
}

impl PostmasterNote {
    /// The note in the cluster, when there is one that is complete enough.
    pub(super) fn read(folders: &Folders) -> Option<Self> {
        let note = fs::read_to_string(note_path(folders)).ok()?;
        let mut lines = note.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        // The eighth line is the state; the second to seventh tell folder, start, port, socket, address, memory.
        let is_ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
        Some(Self { pid, is_ready })
    }
}

fn note_path(folders: &Folders) -> PathBuf {
    folders.cluster().join("postmaster.pid")
}

/// Makes sure that no server works on the data. Called by the holder of the supervisor's lock, so that a server which
/// that lock's file names has no parent any more.
pub(super) fn clear_the_way(folders: &Folders, noted_server: Option<i32>) -> Result<(), StartError> {
    if let Some(left) = PostmasterNote::read(folders) {
        clear_noted(folders, &left, noted_server)?;
    }
    end_leftover_workers(folders);
    Ok(())
}

fn clear_noted(folders: &Folders, left: &PostmasterNote, noted_server: Option<i32>) -> Result<(), StartError> {
    if !is_postgres(left.pid) {
        // The number may belong to another program by now, which PostgreSQL would take for a server of its own.
        return remove_stale_note(folders);
    }
    if noted_server == Some(left.pid) {
        stop(left.pid);
        return Ok(());
    }
    match fs::read_link(format!("/proc/{}/cwd", left.pid)) {
        // A PostgreSQL, but at home elsewhere.
        Ok(home) if home != folders.cluster() => remove_stale_note(folders),
        // Its parent may have been killed before it noted the server, which then is stopping already.
        _ if ends_within(left.pid, UNNOTED_PATIENCE) => Ok(()),
        _ => Err(StartError::InUse {
            folder: folders.cluster(),
            pid: left.pid,
        }),
    }
}

fn remove_stale_note(folders: &Folders) -> Result<(), StartError> {
    fs::remove_file(note_path(folders)).map_err(|cause| StartError::at(&folders.cluster(), cause))
}

fn stop(pid: i32) {
    for (signal, patience) in [
        (Signal::SIGINT, STOP_PATIENCE),
        (Signal::SIGQUIT, Duration::from_secs(5)),
    ] {
        // Gone already is as good as told.
        let _ = kill(Pid::from_raw(pid), signal);
        if ends_within(pid, patience) {
            return;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the private PostgreSQL is minded outside the runtime"
)]
fn ends_within(pid: i32, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while is_postgres(pid) {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Ends the workers of a server that was killed: one in the middle of a long query would notice only at its end, and
/// until then no new server starts. Where there is no `/proc` the start is tried until they are gone.
fn end_leftover_workers(folders: &Folders) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    let cluster = folders.cluster();
    let pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for pid in pids.filter(|pid| is_at_home_in(*pid, &cluster) && is_fatherless_worker(*pid)) {
        // It may be going by itself just now.
        let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
    }
}

fn is_at_home_in(pid: i32, cluster: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|home| home == cluster)
}

/// Whether the process calls itself a worker (`postgres: checkpointer`) and its parent is no server.
fn is_fatherless_worker(pid: i32) -> bool {
    let is_worker = fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|name| name.starts_with(b"postgres: "));
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let parent = status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
    is_worker && parent.is_some_and(|parent| !is_postgres(parent))
}

/// Whether the process is there and a PostgreSQL server.
fn is_postgres(pid: i32) -> bool {
    if kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH) {
        return false;
    }
    let program = program_of(pid).unwrap_or_default();
    ["postgres", "postmaster"]
        .iter()
        .any(|name| program.file_name() == Some(OsStr::new(name)))
}

/// The program a process runs as it was called; empty for a process that has ended and was not buried.
#[cfg(target_os = "linux")]
fn program_of(pid: i32) -> Option<PathBuf> {
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let program = command.split(|byte| *byte == 0).next()?;
    Some(PathBuf::from(OsStr::from_bytes(program)))
}

#[cfg(not(target_os = "linux"))]
fn program_of(pid: i32) -> Option<PathBuf> {
    let answer = std::process::Command::new("ps")
        .args(["-o", "ucomm=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    Some(PathBuf::from(OsStr::from_bytes(answer.stdout.trim_ascii())))
}
