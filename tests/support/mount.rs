//! Disks of a size that a test chooses.

use nix::unistd::Uid;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk in memory, until it is dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// Mounts one on a folder. Only root may, and not everywhere.
    pub fn on(folder: &Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
        let mounted = Uid::effective().is_root() && mount.status().is_ok_and(|status| status.success());
        mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
