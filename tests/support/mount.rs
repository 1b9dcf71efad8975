//! Disks of a size that a test chooses.

use nix::unistd::Uid;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk in memory, until it is dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts one on a folder. Only root may, and not everywhere: where nobody may, `bin/test` says so at its end.
    pub fn on(folder: &Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
        let mounted = Uid::effective().is_root() && mount.status().is_ok_and(|status| status.success());
        if !mounted {
            note_not_run();
        }
        mounted.then(|| Self(folder.to_owned()))
    }
}

/// Leaves a line for the end of `bin/test`.
fn note_not_run() {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run.txt");
    let noted = OpenOptions::new().create(true).append(true).open(file);
    // At once: another test may do the same.
    let line = format!("{test}: a disk of its own can only be mounted by root\n");
    let noted = noted.and_then(|mut file| file.write_all(line.as_bytes()));
    assert!(noted.is_ok(), "{noted:?}");
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
