//! As whom PostgreSQL runs: as ourselves, or, since it refuses root, as another user when we are root.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};

use super::error::StartError;
use super::folders::Folders;

/// Variables a program needs to find its libraries and the time; the rest (passwords among them) is not for the
/// server's eyes, and `PG*` would change its behaviour.
const KEPT_VARIABLES: [&str; 4] = ["PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// Who we are and who the server is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    our_name: String,
    server_name: String,
    server_uid: u32,
    dropped: Option<(u32, u32)>,
}

impl Identity {
    /// Root's server belongs to whoever owns the data or the folder it lies in, else to `postgres`, else to `nobody`.
    pub(super) fn choose(folders: &Folders) -> Result<Self, StartError> {
        let uid = Uid::effective();
        let nameless = || StartError::NamelessUser { uid: uid.as_raw() };
        let us = User::from_uid(uid).ok().flatten().ok_or_else(nameless)?;
        if !uid.is_root() {
            let name = us.name;
            return Ok(Self {
                our_name: name.clone(),
                server_name: name,
                server_uid: uid.as_raw(),
                dropped: None,
            });
        }
        let owner = owner_other_than_root(&folders.cluster()).or_else(|| owner_other_than_root(folders.root()));
        let named = |name| User::from_name(name).ok().flatten();
        let server = owner
            .or_else(|| named("postgres"))
            .or_else(|| named("nobody"))
            .ok_or_else(nameless)?;
        Ok(Self {
            our_name: us.name,
            server_name: server.name,
            server_uid: server.uid.as_raw(),
            dropped: Some((server.uid.as_raw(), server.gid.as_raw())),
        })
    }

    /// The name of the user this program runs as: the one who may connect.
    pub(super) fn our_name(&self) -> &str {
        &self.our_name
    }

    pub(super) fn server_name(&self) -> &str {
        &self.server_name
    }

    pub(super) fn server_uid(&self) -> u32 {
        self.server_uid
    }

    /// The user and group to become, when we are root.
    pub(super) fn dropped(&self) -> Option<(u32, u32)> {
        self.dropped
    }

    /// `program` as the server's user, in a process group of its own so that Ctrl-C reaches only us, who then stop
    /// it in order, and with a signal sent to it should we be killed.
    pub(super) fn command(&self, program: &Path, when_orphaned: Signal) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .process_group(0);
        for name in KEPT_VARIABLES {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        // Messages in English, because we read them; and macOS wants a valid locale.
        command.env("LC_ALL", "C");
        if let Some((uid, gid)) = self.dropped {
            // Root's other groups are left behind too: std calls setgroups when it changes the user.
            command.uid(uid).gid(gid);
        }
        die_with_us(&mut command, when_orphaned);
        command
    }

    /// Whether the server's user can go into `folder`.
    pub(super) fn can_enter(&self, folder: &Path) -> bool {
        if self.dropped.is_none() {
            return true;
        }
        let mut probe = self.command(Path::new("/bin/sh"), Signal::SIGKILL);
        probe
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }

    /// Gives `path` and everything below to the server's user.
    pub(super) fn hand_over(&self, path: &Path) -> io::Result<()> {
        match self.dropped {
            Some((uid, gid)) => each_below(path, &mut |path, _| lchown(path, Some(uid), Some(gid))),
            None => Ok(()),
        }
    }
}

fn owner_other_than_root(path: &Path) -> Option<User> {
    let uid = fs::metadata(path)
        .ok()
        .map(|found| found.uid())
        .filter(|uid| *uid != 0)?;
    User::from_uid(uid.into()).ok().flatten()
}

/// Lets everyone read what lies at `path` and below, whatever the mask it was written under.
pub(super) fn make_readable(path: &Path) -> io::Result<()> {
    each_below(path, &mut |path, found| {
        if found.is_symlink() {
            return Ok(());
        }
        let mode = found.mode() & 0o7777;
        let runs = if found.is_dir() || mode & 0o100 != 0 { 0o111 } else { 0 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o444 | runs))
    })
}

fn each_below(path: &Path, act: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    act(path, &found)?;
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            each_below(&entry?.path(), act)?;
        }
    }
    Ok(())
}

/// The kernel sends `signal` to the child when the thread that started it ends, however it ends.
///
/// It must be asked for after the change of user, which clears it; `pre_exec` runs there. Only Linux can do this;
/// elsewhere the next start ends what was left behind (`orphan.rs`).
#[cfg(target_os = "linux")]
fn die_with_us(command: &mut Command, signal: Signal) {
    let us = nix::unistd::getpid();
    let ask = move || {
        nix::sys::prctl::set_pdeathsig(signal)?;
        // We may have died before it was asked for.
        if nix::unistd::getppid() == us {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; `ask` makes two system calls (prctl,
    // getppid), allocates nothing and takes no lock.
    #[expect(unsafe_code, reason = "the only way to run code between fork and exec")]
    unsafe {
        command.pre_exec(ask);
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_us(_command: &mut Command, _signal: Signal) {}
