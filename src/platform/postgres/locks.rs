//! Who runs on a data folder: one `serve` (or `web`), and one process that has the database as its child.
//!
//! The kernel drops these locks with the process that holds them, so a killed one leaves nothing to clean up.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::error::StartError;
use super::folders::{Folders, open_ours};

/// Held by a `serve` or `web` for as long as it runs on a data folder.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock, or says which process has it.
    ///
    /// # Errors
    /// [`StartError::AlreadyServing`] when another process has it; a folder that cannot be written.
    pub fn take(data_dir: &Path) -> Result<Self, StartError> {
        let folders = Folders::prepare(data_dir)?;
        let path = folders.serve_lock();
        let failed = |cause| StartError::at(folders.root(), cause);
        match try_lock(&path).map_err(failed)? {
            Some(mut file) => {
                write_note(&mut file, &std::process::id().to_string()).map_err(failed)?;
                Ok(Self { _file: file })
            }
            None => Err(StartError::AlreadyServing {
                folder: folders.root().into(),
                pid: holder(&path),
            }),
        }
    }
}

/// Held by the one process whose child the server is. Its file notes that process and the server's.
#[derive(Debug)]
pub(super) struct SupervisorLock {
    file: File,
}

impl SupervisorLock {
    /// The lock, unless another process has it.
    pub(super) fn try_take(folders: &Folders) -> Result<Option<Self>, StartError> {
        let file = try_lock(&folders.supervisor_lock()).map_err(|cause| StartError::at(folders.root(), cause))?;
        Ok(file.map(|file| Self { file }))
    }

    /// The server that the last holder noted; one still alive has lost its parent.
    pub(super) fn noted_server(&mut self) -> Option<i32> {
        let mut note = String::new();
        self.file.rewind().ok()?;
        self.file.read_to_string(&mut note).ok()?;
        note.split_whitespace().nth(1)?.parse().ok()
    }

    /// Notes who has the server as a child.
    pub(super) fn note_server(&mut self, pid: u32) -> io::Result<()> {
        write_note(&mut self.file, &format!("{} {pid}", std::process::id()))
    }
}

/// The process noted in a lock's file, when there is one.
pub(super) fn holder(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path)
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = open_ours(path, OpenOptions::new().truncate(false).read(true).write(true))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

fn write_note(file: &mut File, note: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(note.as_bytes())
}
