//! Gathers what the pages need into the binary: our own CSS and JavaScript, and the few files taken from npm.
//!
//! Packages are installed once into `OUT_DIR` (never into the source tree) and again only when the lock file
//! changes. Every file lands in `assets.rs` under a path that `http::assets` serves, behind one hash of them all, and
//! text also as small as gzip and Brotli make it.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told by its environment and answers by its exit code"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Files taken from npm packages: where they are served, and where they are in `node_modules`.
const FROM_NPM: [(&str, &str); 7] = [
    ("packages/tus.min.js", "tus-js-client/dist/tus.min.js"),
    (
        "fonts/inter-latin.woff2",
        "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    ),
    (
        "fonts/inter-latin-ext.woff2",
        "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    ),
    (
        "fonts/inter-greek.woff2",
        "@fontsource-variable/inter/files/inter-greek-wght-normal.woff2",
    ),
    (
        "fonts/inter-cyrillic.woff2",
        "@fontsource-variable/inter/files/inter-cyrillic-wght-normal.woff2",
    ),
    (
        "fonts/inter-vietnamese.woff2",
        "@fontsource-variable/inter/files/inter-vietnamese-wght-normal.woff2",
    ),
    ("fonts/inter-license.txt", "@fontsource-variable/inter/LICENSE"),
];

/// Files of these kinds are compressed already.
const PACKED: [&str; 1] = ["woff2"];

const NPM_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

fn main() {
    for watched in NPM_FILES.iter().chain(&["assets", "build.rs"]) {
        println!("cargo::rerun-if-changed={watched}");
    }
    if let Err(problem) = embed() {
        println!("cargo::error={}", problem.replace('\n', " "));
        std::process::exit(1);
    }
}

fn embed() -> Result<(), String> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(text)?);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(text)?);
    let packages = install_packages(&root, &out.join("npm"))?;
    // Tests use the same packages as the pages.
    println!("cargo::rustc-env=NPM_PACKAGES={}", packages.display());
    let mut files = BTreeMap::new();
    let bundles = bundle(&root, &packages, &out)?;
    for style in ["app.css", "docs.css"] {
        files.insert(style.to_owned(), bundles.join(style));
    }
    add_folder(&mut files, &bundles.join("js"), "js")?;
    add_folder(&mut files, &root.join("assets/images"), "images")?;
    for (served, source) in FROM_NPM {
        files.insert(served.to_owned(), packages.join(source));
    }
    write_table(&files, &out.join("assets.rs"))
}

/// Installs the packages when the lock file is not the one that was installed last; answers their folder.
fn install_packages(root: &Path, folder: &Path) -> Result<PathBuf, String> {
    let wanted = NPM_FILES
        .iter()
        .map(|name| read(&root.join(name)))
        .collect::<Result<Vec<_>, _>>()?
        .join("\n");
    let stamp = folder.join("installed");
    let packages = folder.join("node_modules");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(packages);
    }
    fs::create_dir_all(folder).map_err(text)?;
    for name in NPM_FILES {
        fs::copy(root.join(name), folder.join(name)).map_err(text)?;
    }
    run_npm(folder)?;
    fs::write(&stamp, wanted).map_err(text)?;
    Ok(packages)
}

fn run_npm(folder: &Path) -> Result<(), String> {
    let ran = Command::new(NPM)
        .args(["ci", "--ignore-scripts", "--omit=dev"])
        .current_dir(folder)
        .output();
    let output = ran.map_err(|error| {
        format!("the pages need npm, which could not be started ({error}): install Node.js 18 or newer with npm (on Debian: apt install nodejs npm), then build again")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said
        .lines()
        .filter(|line| line.contains("npm error") || line.contains("npm ERR"))
        .take(4)
        .collect::<Vec<_>>();
    Err(format!(
        "`npm ci` could not fetch the pages' packages: {}. Check the connection to the npm registry, then build again",
        reason.join("; ")
    ))
}

/// Our own scripts and styles, each bundled and minified: pages are to be light. What pages load by themselves is an
/// entry, what several entries use a chunk.
fn bundle(root: &Path, packages: &Path, out: &Path) -> Result<PathBuf, String> {
    let bundles = out.join("bundles");
    if bundles.exists() {
        fs::remove_dir_all(&bundles).map_err(text)?;
    }
    let esbuild = packages.join("esbuild-wasm/bin/esbuild");
    let outdir = |folder: &str| format!("--outdir={}", bundles.join(folder).display());
    let scripts = [
        "js/app.js",
        "js/list/page.js",
        "--format=esm",
        "--splitting",
        "--external:*.min.js",
    ];
    let styles = ["css/app.css", "css/docs.css", "--external:*.woff2"];
    for (folder, arguments) in [("js", &scripts[..]), ("", &styles[..])] {
        let output = Command::new("node")
            .arg(&esbuild)
            .args(arguments)
            .args(["--bundle", "--minify", "--log-level=warning"])
            .arg(outdir(folder))
            .current_dir(root.join("assets"))
            .output()
            .map_err(|error| format!("the pages need Node.js, which could not be started ({error})"))?;
        if !output.status.success() {
            return Err(format!("esbuild: {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    Ok(bundles)
}

fn add_folder(files: &mut BTreeMap<String, PathBuf>, folder: &Path, served: &str) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let entry = entry.map_err(text)?;
        let name = format!("{served}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            add_folder(files, &entry.path(), &name)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}

/// Writes the table that `http::assets` includes. The hash covers every path and byte, so that relative imports
/// between modules stay within one version.
fn write_table(files: &BTreeMap<String, PathBuf>, table: &Path) -> Result<(), String> {
    let packed = table.with_file_name("packed");
    let mut hasher = DefaultHasher::new();
    let mut rows = String::new();
    for (served, source) in files {
        let bytes = fs::read(source).map_err(|error| format!("{}: {error}", source.display()))?;
        let (gzip, brotli) = pack(served, &bytes, &packed)?;
        (served, bytes).hash(&mut hasher);
        writeln!(
            rows,
            "    Asset {{ path: {served:?}, bytes: {}, gzip: {gzip}, brotli: {brotli} }},",
            include(source)?
        )
        .map_err(text)?;
    }
    let hash = hasher.finish();
    let code = format!(
        "/// Changes with any byte of any asset.\npub const VERSION: &str = \"{hash:016x}\";\n\n\
         static FILES: &[Asset] = &[\n{rows}];\n"
    );
    fs::write(table, code).map_err(text)
}

/// Code for a file's gzip and Brotli form: files beside the table, or none where there is nothing to gain.
fn pack(served: &str, bytes: &[u8], folder: &Path) -> Result<(String, String), String> {
    if PACKED.iter().any(|kind| served.ends_with(kind)) {
        return Ok(("None".into(), "None".into()));
    }
    let place = folder.join(served);
    fs::create_dir_all(place.parent().unwrap_or(folder)).map_err(text)?;
    let put = |ending: &str, packed: Vec<u8>| {
        let file = folder.join(format!("{served}.{ending}"));
        fs::write(&file, packed).map_err(text)?;
        Ok::<_, String>(format!("Some({})", include(&file)?))
    };
    Ok((put("gz", gzip(bytes)?)?, put("br", brotli(bytes)?)?))
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).map_err(text)?;
    encoder.finish().map_err(text)
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters).map_err(text)?;
    Ok(packed)
}

fn include(file: &Path) -> Result<String, String> {
    let path = file
        .to_str()
        .ok_or_else(|| format!("{} is not Unicode", file.display()))?;
    Ok(format!("include_bytes!({path:?})"))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn text(error: impl ToString) -> String {
    error.to_string()
}
