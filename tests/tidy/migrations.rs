//! A step that takes something away says since when nobody needs it: expand, then contract (`migrations/README.md`).

use crate::Offence;
use std::fs;
use std::path::Path;

/// The last step before this rule. There had been no release.
const LAST_BEFORE: u32 = 16;
/// What the program of the release before may stumble over.
const CONTRACTIONS: [&str; 5] = ["DROP TABLE", "DROP COLUMN", "RENAME ", "SET NOT NULL", "SET DATA TYPE"];
/// How the first line of such a step begins.
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
    if number.is_some_and(|number: u32| number <= LAST_BEFORE) || text.starts_with(MARK) {
        return Vec::new();
    }
    let contracts = |line: &str| {
        let statement = line.split("--").next().unwrap_or_default().to_uppercase();
        CONTRACTIONS.iter().any(|contraction| statement.contains(contraction))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| contracts(line));
    lines
        .map(|(at, _)| Offence {
            file: format!("migrations/{file}"),
            line: at + 1,
            rule: format!(
                "old processes may still use this: wait a release, then begin the file with `{MARK}unused since …`"
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_something_away_says_since_when_it_is_unused() {
        let drops = "ALTER TABLE products ADD weight int;\nalter table products drop column size;\n";
        let found = offences("0017_weights.sql", drops);
        assert_eq!(found.iter().map(|offence| offence.line).collect::<Vec<_>>(), [2]);
        assert_eq!(
            offences("0017_weights.sql", &format!("{MARK}unused since 0.2.0.\n{drops}")),
            []
        );
        assert_eq!(offences("0012_pages_of_grams.sql", drops), []);
        let adds =
            "-- Old processes may RENAME it.\nALTER TABLE products ADD weight int;\nDROP INDEX CONCURRENTLY old;\n";
        assert_eq!(offences("0017_weights.sql", adds), []);
    }
}
