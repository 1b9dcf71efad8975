//! The database on disk: which version made it, making a new one, and who may connect.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::Output;

use nix::fcntl::OFlag;
use nix::sys::signal::Signal;

use super::binaries::Programs;
use super::error::StartError;
use super::folders::Folders;
use super::identity::Identity;

/// The database role and the database, both ours alone.
pub(super) const DATABASE: &str = "product_importer";

/// The major version that made the data (`9.6` was one, too), `None` when there is no data yet.
pub(super) fn made_by(folders: &Folders) -> Result<Option<String>, StartError> {
    match fs::read_to_string(folders.cluster().join("PG_VERSION")) {
        Ok(version) => Ok(Some(version.trim().to_owned())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(StartError::at(&folders.cluster(), cause)),
    }
}

/// Makes a new cluster. It gets its name only when it is complete, so that an interrupted start leaves nothing that
/// looks like data.
pub(super) fn create(folders: &Folders, programs: &Programs, server: &Identity) -> Result<(), StartError> {
    let (unfinished, cluster) = (folders.unfinished_cluster(), folders.cluster());
    let failed = |cause| StartError::at(folders.root(), cause);
    // Text sorts by its bytes: fast, and the same on every system, which an index on disk relies on. Letters of all
    // scripts are known where the system has a C.UTF-8 locale; elsewhere those of ASCII must do.
    for letters in ["C.UTF-8", "C"] {
        match fs::remove_dir_all(&unfinished) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&unfinished).map_err(failed)?;
        server.hand_over(&unfinished).map_err(failed)?;
        let answer = initdb(programs, server, &unfinished, letters)?;
        if answer.status.success() {
            return rename(&unfinished, &cluster).map_err(failed);
        }
        let said = String::from_utf8_lossy(&answer.stderr);
        if letters == "C" || !said.contains("locale") {
            return Err(StartError::from_output("be created", &said, folders.root(), None));
        }
    }
    Ok(())
}

fn initdb(programs: &Programs, server: &Identity, folder: &Path, letters: &str) -> Result<Output, StartError> {
    let mut initdb = server.command(&programs.initdb(), Signal::SIGKILL);
    initdb
        .arg("-D")
        .arg(folder)
        .args(["-U", DATABASE, "-A", "peer", "-E", "UTF8", "--no-instructions"]);
    initdb.args([
        "--lc-collate=C",
        "--lc-messages=C",
        "--lc-monetary=C",
        "--lc-numeric=C",
        "--lc-time=C",
    ]);
    initdb
        .arg(format!("--lc-ctype={letters}"))
        .arg("--text-search-config=simple");
    initdb.output().map_err(|cause| StartError::Failed {
        step: "be created",
        detail: cause.to_string(),
        log: None,
    })
}

/// Renames durably: the new name is on disk before anything is built on it.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    // An empty folder of that name (a mount point, say) gives way; one with something in it does not.
    fs::rename(from, to)?;
    to.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// Writes who may connect and gives the data to the server's user.
///
/// The socket's folder is closed to everyone but the server's user. When root drops to `postgres` or `nobody`, other
/// programs may run as that user, so the server also asks the kernel who is calling (`peer`) and lets in only the
/// user this program runs as.
pub(super) fn prepare(folders: &Folders, server: &Identity) -> Result<(), StartError> {
    let cluster = folders.cluster();
    let name = server.our_name().replace('"', "\"\"");
    let written = write_if_changed(&cluster.join("pg_hba.conf"), "local all all peer map=program\n")
        .and_then(|()| {
            write_if_changed(
                &cluster.join("pg_ident.conf"),
                &format!("program \"{name}\" {DATABASE}\n"),
            )
        })
        .and_then(|()| {
            if fs::metadata(&cluster)?.uid() == server.server_uid() {
                Ok(())
            } else {
                server.hand_over(&cluster)
            }
        });
    written.map_err(|cause| StartError::at(&cluster, cause))
}

/// Leaves a file alone that is right already, which a full disk would empty. It lies in a folder of the server's user,
/// so root follows no link there.
fn write_if_changed(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    let mut found = String::new();
    file.read_to_string(&mut found)?;
    if found == text {
        return Ok(());
    }
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}
