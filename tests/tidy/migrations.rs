//! A step that takes something away says since when nobody needs it: expand, then contract (`migrations/README.md`). One
//! that changes a table does not wait long for it, as everybody else would wait behind it, and none waits for everybody.

use crate::Offence;
use std::fs;
use std::path::Path;

/// The last step before this rule. There had been no release.
const LAST_BEFORE: u32 = 16;
/// What the program of the release before may stumble over.
const CONTRACTIONS: [&str; 6] = [
    "DROP TABLE",
    "DROP COLUMN",
    "RENAME ",
    "SET NOT NULL",
    " TYPE ",
    "ADD CONSTRAINT",
];
/// A column more, where old processes have prepared statements that read whole rows: "cached plan must not change result
/// type".
const WHOLE_ROWS: [&str; 2] = ["ALTER TABLE PRODUCTS ADD", "ALTER TABLE CLEARED.PRODUCTS ADD"];
/// How a line of such a step begins, the first one or, where that is for sqlx (`-- no-transaction`), the next.
const MARK: &str = "-- Contract: ";

/// Those of every step in a folder.
pub fn all(folder: &Path) -> Vec<Offence> {
    let entries = fs::read_dir(folder).expect("the folder of migrations");
    entries
        .map(|entry| entry.expect("a migration").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .flat_map(|path| {
            let file = path.file_name().expect("a name").to_string_lossy();
            offences(&file, &fs::read_to_string(&path).expect("a readable migration"))
        })
        .collect()
}

fn offences(file: &str, text: &str) -> Vec<Offence> {
    let number = file.split('_').next().and_then(|number| number.parse().ok());
    if number.is_some_and(|number: u32| number <= LAST_BEFORE) {
        return Vec::new();
    }
    let is_marked = text.lines().take(2).any(|line| line.starts_with(MARK));
    let is_patient = !text.contains("lock_timeout");
    let mut offences = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut offend = |rule: String| {
            offences.push(Offence {
                file: format!("migrations/{file}"),
                line: at + 1,
                rule,
            });
        };
        let statement = line.split("--").next().unwrap_or_default().to_uppercase();
        let mut breaking = CONTRACTIONS.iter().chain(&WHOLE_ROWS);
        if !is_marked && breaking.any(|contraction| statement.contains(contraction)) {
            offend(format!(
                "old processes may trip over this (migrations/README.md): once none does, begin the file with `{MARK}unused since …`"
            ));
        }
        if statement.contains("CONCURRENTLY") {
            offend(
                "this and a process that starts meanwhile wait for each other: migrations/README.md says what to do instead"
                    .into(),
            );
        }
        if is_patient && statement.contains("ALTER TABLE") {
            offend("everybody waits behind whoever waits for a table: begin the file with `SET LOCAL lock_timeout = '2s';`".into());
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: &str = "SET LOCAL lock_timeout = '2s';\n";

    fn lines(file: &str, text: &str) -> Vec<usize> {
        offences(file, text).iter().map(|offence| offence.line).collect()
    }

    #[test]
    fn what_takes_something_away_says_since_when_it_is_unused() {
        let drops = format!("{TIMEOUT}ALTER TABLE imports ADD weight int;\nalter table imports drop column size;\n");
        assert_eq!(lines("0017_weights.sql", &drops), [3]);
        assert_eq!(lines("0012_pages_of_grams.sql", &drops), [0; 0]);
        for head in ["", "-- no-transaction\n"] {
            let marked = format!("{head}{MARK}unused since 0.2.0.\n{drops}");
            assert_eq!(lines("0017_weights.sql", &marked), [0; 0]);
        }
        let adds =
            format!("-- Old processes may RENAME it.\n{TIMEOUT}ALTER TABLE imports ADD weight int;\nDROP INDEX old;\n");
        assert_eq!(lines("0017_weights.sql", &adds), [0; 0]);
        for breaks in [
            "ALTER TABLE products ADD weight int;",
            "ALTER TABLE imports ALTER size TYPE bigint;",
            "ALTER TABLE imports ADD CONSTRAINT light CHECK (weight < 9);",
        ] {
            assert_eq!(
                lines("0017_weights.sql", &format!("{TIMEOUT}{breaks}")),
                [2],
                "{breaks}"
            );
        }
    }

    #[test]
    fn what_changes_a_table_does_not_wait_long_for_it() {
        let adds = "CREATE TABLE weights ();\nALTER TABLE imports ADD weight int;\n";
        assert_eq!(lines("0017_weights.sql", adds), [2]);
        assert_eq!(lines("0017_weights.sql", &format!("{TIMEOUT}{adds}")), [0; 0]);
    }

    #[test]
    fn nothing_is_done_that_waits_for_whoever_waits_for_the_step() {
        for concurrently in [
            "CREATE INDEX CONCURRENTLY light ON imports (weight);",
            "drop index concurrently light;",
        ] {
            let text = format!(
                "-- no-transaction\n{concurrently}\n-- Not CONCURRENTLY.\nCREATE INDEX light ON imports (weight);\n"
            );
            assert_eq!(lines("0017_weights.sql", &text), [2], "{concurrently}");
        }
    }
}
