//! The house rules that a machine can check, on every source file of the crate and every migration.
//!
//! Each rule is a function from a parsed file to offences and has its own tests on small bad inputs. All offences
//! are reported at once, each with its file, line, and the way out. `cargo test --test tidy` runs only this.

mod direction;
mod form;
mod migrations;
mod source;
mod sql;

use source::Source;
use std::fmt;
use std::path::Path;

/// One line of the report.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Offence {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

fn offences(sources: &[Source]) -> Vec<Offence> {
    let doors = direction::FrontDoors::of(sources);
    let mut offences: Vec<Offence> = sources
        .iter()
        .flat_map(|source| {
            [
                direction::offences(source, &doors),
                sql::offences(source),
                form::long_functions(source),
                form::long_file(source),
                form::vague_names(source),
                form::missing_head(source),
            ]
        })
        .flatten()
        .collect();
    offences.sort();
    offences
}

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: Vec<Source> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(|folder| Source::read_all(root, folder))
        .collect();
    assert!(
        sources.iter().any(|source| source.file == "src/lib.rs"),
        "the sources were not found"
    );
    let mut offences = offences(&sources);
    offences.extend(migrations::all(&root.join("migrations")));
    let report: Vec<String> = offences.iter().map(ToString::to_string).collect();
    assert!(
        report.is_empty(),
        "{} offences against the house rules:\n{}\n",
        report.len(),
        report.join("\n")
    );
}
