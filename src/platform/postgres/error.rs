//! Why the private PostgreSQL could not start, each reason as one line that says what happened and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a private PostgreSQL could not be started or joined; its `Display` is the line to show.
#[derive(Debug)]
#[allow(
    missing_docs,
    reason = "the fields are what the line tells: where, who, and what was said"
)]
pub enum StartError {
    /// The data folder cannot be created or written.
    Folder { folder: PathBuf, cause: io::Error },
    /// The disk under the data folder is full.
    DiskFull { folder: PathBuf },
    /// The data was made by a major version of PostgreSQL that is not at hand.
    OtherVersion {
        folder: PathBuf,
        made_by: String,
        found: Vec<u32>,
    },
    /// A PostgreSQL that this program did not start works on the data.
    InUse { folder: PathBuf, pid: i32 },
    /// Another `serve` or `web` has the data folder.
    AlreadyServing { folder: PathBuf, pid: Option<u32> },
    /// Neither an installed PostgreSQL nor a way to fetch one.
    NoBinaries { fetching: String },
    /// PostgreSQL refuses to run as root, and the user it would run as cannot enter the data folder.
    Unreachable { folder: PathBuf, user: String },
    /// The user this process runs as has no name, which PostgreSQL insists on.
    NamelessUser { uid: u32 },
    /// Another process holds the data folder but its PostgreSQL never answers.
    NeverReady { folder: PathBuf, pid: Option<u32> },
    /// PostgreSQL itself, or a step towards it, failed.
    Failed {
        step: &'static str,
        detail: String,
        log: Option<PathBuf>,
    },
}

impl StartError {
    /// What an operation on `path` failed with, seen as a problem of the data folder.
    pub(super) fn at(path: &Path, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { folder: path.into() },
            _ => Self::Folder {
                folder: path.into(),
                cause,
            },
        }
    }

    /// What PostgreSQL's own programs said when they failed.
    pub(super) fn from_output(step: &'static str, output: &str, folder: &Path, log: Option<&Path>) -> Self {
        if ["No space left on device", "Disk quota exceeded"]
            .iter()
            .any(|sign| output.contains(sign))
        {
            return Self::DiskFull { folder: folder.into() };
        }
        Self::Failed {
            step,
            detail: telling_line(output),
            log: log.map(Path::to_path_buf),
        }
    }

    /// Whether it passes by itself: after a `kill -9` of PostgreSQL its workers need a moment to notice and go.
    pub(super) fn is_passing(&self) -> bool {
        let signs = ["is still in use", "already exists"];
        matches!(self, Self::Failed { detail, .. } if signs.iter().any(|sign| detail.contains(sign)))
    }
}

/// The line of a log that names the cause: the first fatal one, else the first error, else what was complained of last.
fn telling_line(output: &str) -> String {
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let marked = |mark: &str| lines().find_map(|line| line.split_once(mark).map(|(_, rest)| rest.trim().to_owned()));
    // `initdb` ends with what it did about it; before that it tells how its server ended, which had its say first.
    let is_about_cause = |line: &&str| !line.starts_with("initdb: removing");
    let is_complaint = |line: &&str| is_about_cause(line) && !line.starts_with("child process");
    ["FATAL:", "PANIC:", "error:", "ERROR:"]
        .iter()
        .find_map(|mark| marked(mark))
        .or_else(|| lines().rfind(is_complaint).map(str::to_owned))
        .or_else(|| lines().rfind(is_about_cause).map(str::to_owned))
        .unwrap_or_else(|| "it ended without a word".to_owned())
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}.", self.what_happened(), self.way_out())
    }
}

impl std::error::Error for StartError {}

impl StartError {
    fn what_happened(&self) -> String {
        match self {
            Self::Folder { folder, cause } => {
                format!(
                    "The data folder {} cannot be written: {}",
                    folder.display(),
                    folder_problem(cause)
                )
            }
            Self::DiskFull { folder } => format!("The disk that holds {} is full", folder.display()),
            Self::OtherVersion { folder, made_by, found } => {
                let (folder, found) = (folder.display(), versions_in_words(found));
                format!("The data in {folder} was made by PostgreSQL {made_by}, but {found} is here")
            }
            Self::InUse { folder, pid } => {
                let folder = folder.display();
                format!("The database in {folder} is already open in another PostgreSQL (process {pid})")
            }
            Self::AlreadyServing { folder, pid } => {
                format!(
                    "product-importer already runs on the folder {}{}",
                    folder.display(),
                    Process(*pid)
                )
            }
            Self::NoBinaries { fetching } => {
                format!("No PostgreSQL (version 14 or newer) is installed, and it could not be fetched: {fetching}")
            }
            Self::Unreachable { folder, user } => {
                let folder = folder.display();
                format!("PostgreSQL must not run as root, and the user {user} it runs as cannot enter {folder}")
            }
            Self::NamelessUser { uid } => {
                format!("PostgreSQL needs a user with a name, and user number {uid} has none")
            }
            Self::NeverReady { folder, pid } => {
                let (folder, process) = (folder.display(), Process(*pid));
                format!("Another product-importer{process} has the folder {folder}, but its database does not answer")
            }
            Self::Failed { step, detail, .. } => format!("The database could not {step}: {detail}"),
        }
    }

    fn way_out(&self) -> String {
        let other_folder = "choose another folder with DATA_DIR";
        match self {
            Self::Folder { .. } => format!("Make it writable, or {other_folder}"),
            Self::DiskFull { .. } => "Free some space, or choose a folder on another disk with DATA_DIR".to_owned(),
            Self::OtherVersion { made_by, .. } => format!("Install PostgreSQL {made_by}, or {other_folder}"),
            Self::InUse { .. } | Self::AlreadyServing { .. } => format!("Stop that one first, or {other_folder}"),
            Self::NoBinaries { .. } => format!("Install it ({INSTALL}), or set DATABASE_URL"),
            Self::Unreachable { user, .. } => {
                format!("With DATA_DIR, choose a folder that {user} can reach, for example /var/lib/product-importer")
            }
            Self::NamelessUser { .. } => "Add one to /etc/passwd, or set DATABASE_URL".to_owned(),
            Self::NeverReady { .. } => format!("Stop that one and try again, or {other_folder}"),
            Self::Failed { log: Some(log), .. } => format!("More is in {}", log.display()),
            Self::Failed { log: None, .. } => "To use a PostgreSQL of your own instead, set DATABASE_URL".to_owned(),
        }
    }
}

/// How PostgreSQL is installed on this kind of machine.
const INSTALL: &str = if cfg!(target_os = "macos") {
    "brew install postgresql"
} else {
    "apt-get install postgresql"
};

/// ` (process 42)`, or nothing when the number is not known.
struct Process(Option<u32>);

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pid| write!(f, " (process {pid})"))
    }
}

fn folder_problem(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "a file is in the way".to_owned(),
        io::ErrorKind::DirectoryNotEmpty => "what lies in it is not a database".to_owned(),
        io::ErrorKind::NotFound => "it cannot be created there".to_owned(),
        _ => cause.to_string(),
    }
}

fn versions_in_words(found: &[u32]) -> String {
    if found.is_empty() {
        return "no PostgreSQL".to_owned();
    }
    let names: Vec<_> = found.iter().map(u32::to_string).collect();
    format!("only PostgreSQL {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_names_the_cause_is_found() {
        let log = "2026-01-01 LOG:  starting\n2026-01-01 [7] FATAL:  could not open file\n2026-01-01 LOG:  down\n";
        assert_eq!(telling_line(log), "could not open file");
        assert_eq!(telling_line("initdb: error: no such locale\nhint"), "no such locale");
        assert_eq!(telling_line("one\ntwo\n\n"), "two");
        let output = "sh: 1: cannot create /dev/null: Permission denied\nchild process exited with exit code 2\n\
                      initdb: removing contents of data directory \"/data/postgresql.new\"\n";
        assert_eq!(
            telling_line(output),
            "sh: 1: cannot create /dev/null: Permission denied"
        );
        let killed = "child process was terminated by signal 9: Killed";
        assert_eq!(
            telling_line(&format!("{killed}\ninitdb: removing data directory\n")),
            killed
        );
        assert_eq!(telling_line(""), "it ended without a word");
    }

    #[test]
    fn a_full_disk_is_told_from_the_output() {
        let error = StartError::from_output(
            "start",
            "could not write: No space left on device",
            Path::new("/d"),
            None,
        );
        assert!(matches!(error, StartError::DiskFull { .. }));
    }

    #[test]
    fn every_reason_is_one_line() {
        let folder = PathBuf::from("/data");
        let reasons = [
            StartError::at(&folder, io::ErrorKind::PermissionDenied.into()),
            StartError::DiskFull { folder: folder.clone() },
            StartError::OtherVersion {
                folder: folder.clone(),
                made_by: "9".into(),
                found: vec![15, 17],
            },
            StartError::InUse {
                folder: folder.clone(),
                pid: 7,
            },
            StartError::AlreadyServing {
                folder: folder.clone(),
                pid: Some(7),
            },
            StartError::NoBinaries {
                fetching: "npm is not installed".into(),
            },
            StartError::Unreachable {
                folder: folder.clone(),
                user: "nobody".into(),
            },
            StartError::NamelessUser { uid: 1234 },
            StartError::NeverReady { folder, pid: None },
            StartError::Failed {
                step: "start",
                detail: "it ended".into(),
                log: None,
            },
        ];
        for reason in reasons {
            let line = reason.to_string();
            assert!(!line.contains('\n') && line.ends_with('.'), "{line}");
        }
    }
}
