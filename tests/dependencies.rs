//! What may enter the dependency tree: known licences, crates.io only, one sqlx.
//!
//! It reads what cargo has already resolved, so it needs no network. Security advisories do need it, and change
//! without a change of ours: whoever releases runs `cargo audit` or `cargo deny check advisories`.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Licences that let anyone use, change and pass on a program that contains the crate.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// One pool serves SeaORM and our own SQL only as long as both mean the same sqlx.
const ONE_VERSION_ONLY: [&str; 7] = [
    "axum",
    "hyper",
    "rustls",
    "sea-orm",
    "sqlx",
    "sqlx-core",
    "sqlx-postgres",
];

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("cargo runs this test, so it can be run");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Every package built for this machine's kind; others are not on the disk when there is no network.
fn packages() -> Vec<Value> {
    let rustc = printed(Command::new("rustc").arg("-vV"));
    let host = rustc
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host");
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--filter-platform",
        host,
    ];
    let mut cargo = Command::new(env!("CARGO"));
    let metadata = printed(cargo.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")));
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let used: BTreeSet<&str> = nodes.iter().filter_map(|node| node["id"].as_str()).collect();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .filter(|package| package["id"].as_str().is_some_and(|id| used.contains(id)))
        .cloned()
        .collect()
}

fn named(package: &Value) -> String {
    format!(
        "{} {}",
        package["name"].as_str().unwrap_or("?"),
        package["version"].as_str().unwrap_or("?")
    )
}

/// An SPDX expression: OR binds weaker than AND; `/` is the OR of old manifests.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    parts(&expression, " OR ").iter().any(|choice| {
        parts(choice, " AND ").iter().all(|part| {
            let part = part.trim();
            match part.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                Some(inner) => is_allowed(inner),
                None => LICENCES.contains(&part),
            }
        })
    })
}

/// Splits at `operator` where no parenthesis is open.
fn parts<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_i32);
    for (at, letter) in expression.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && at >= start && expression[at..].starts_with(operator) {
            parts.push(&expression[start..at]);
            start = at + operator.len();
        }
    }
    parts.push(&expression[start..]);
    parts
}

#[test]
fn licences_are_permissive() {
    let refused: Vec<String> = packages()
        .iter()
        .filter(|package| !is_allowed(package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{}: {}", named(package), package["license"]))
        .collect();
    assert!(
        refused.is_empty(),
        "these licences are not on the list of this test:\n{}",
        refused.join("\n")
    );
}

#[test]
fn everything_comes_from_crates_io() {
    let strangers: Vec<String> = packages()
        .iter()
        .filter(|package| package["name"] != env!("CARGO_PKG_NAME") && package["source"] != CRATES_IO)
        .map(|package| format!("{}: {}", named(package), package["source"]))
        .collect();
    assert!(
        strangers.is_empty(),
        "these crates come from elsewhere:\n{}",
        strangers.join("\n")
    );
}

#[test]
fn one_version_of_what_must_be_shared() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap_or_default();
        if ONE_VERSION_ONLY.contains(&name) {
            versions.entry(name.to_owned()).or_default().push(named(&package));
        }
    }
    assert!(versions.contains_key("sqlx"), "the list of packages was not understood");
    let several: Vec<String> = versions
        .into_values()
        .filter(|found| found.len() > 1)
        .flatten()
        .collect();
    assert!(
        several.is_empty(),
        "there is more than one of each of these: {several:?}; `cargo tree -i` tells who asks"
    );
}

#[test]
fn expressions_are_understood() {
    for fine in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "(GPL-2.0 AND MIT) OR ISC",
    ] {
        assert!(is_allowed(fine), "{fine}");
    }
    for refused in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND AGPL-3.0",
        "(GPL-2.0 OR LGPL-3.0)",
    ] {
        assert!(!is_allowed(refused), "{refused}");
    }
}
