//! SQL stands only where one looks for it: in `queries.rs` or `*_queries.rs`, and in the places listed here with their reasons.

use crate::Offence;
use crate::source::Source;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Where SQL may stand besides `queries.rs` and `*_queries.rs`. A place that ends in `/` is a folder.
const PLACES: [(&str, &str); 7] = [
    (
        "src/catalog/bulk/",
        "COPY and UPDATE FROM for the merge, under the catalogue's own lock",
    ),
    (
        "src/imports/staging/",
        "one table an import, named at run time: making, filling and dropping it is one thing",
    ),
    ("src/platform/copy.rs", "COPY, whoever asks"),
    ("src/platform/database.rs", "connecting, migrating, locks"),
    ("src/platform/doorbell/postgres.rs", "LISTEN and NOTIFY"),
    (
        "src/platform/postgres/",
        "the private PostgreSQL: its set-up and its shutdown",
    ),
    (
        "src/platform/storage/postgres.rs",
        "files kept in PostgreSQL; knows no product",
    ),
];

/// What a statement begins with. Capitals and a blank after them, so that prose is not taken for SQL.
const STATEMENTS: [&str; 15] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM",
    "COPY ",
    "CREATE ",
    "DROP ",
    "TRUNCATE ",
    "ALTER ",
    "WITH ",
    "LOCK TABLE",
    "SET LOCAL",
    "LISTEN ",
    "NOTIFY ",
    "VACUUM",
];

pub fn offences(source: &Source) -> Vec<Offence> {
    if !source.file.starts_with("src/") || is_place(&source.file) {
        return Vec::new();
    }
    let offence = |line, what: &str| Offence {
        file: source.file.clone(),
        line,
        rule: format!("{what} outside its places: move it to `queries.rs` of its context (tests/tidy/sql.rs)"),
    };
    let mut statements = Vec::new();
    collect_statements(source.tokens(), &mut statements);
    let statements = statements.into_iter().map(|line| offence(line, "an SQL statement"));
    let paths = source.paths();
    let calls = paths.iter().filter(|path| is_query_call(&path.segments));
    let calls = calls.map(|path| offence(path.line, &format!("`{}`", path.segments.join("::"))));
    statements.chain(calls).collect()
}

fn is_place(file: &str) -> bool {
    file.ends_with("/queries.rs")
        || file.ends_with("_queries.rs")
        || PLACES.iter().any(|(place, _)| {
            if place.ends_with('/') {
                file.starts_with(place)
            } else {
                file == *place
            }
        })
}

fn is_query_call(segments: &[String]) -> bool {
    let [first, .., last] = segments else { return false };
    first == "sqlx" && (last.starts_with("query") || last == "raw_sql" || last == "QueryBuilder")
}

fn collect_statements(tokens: TokenStream, lines: &mut Vec<usize>) {
    let mut after_hash = false;
    for token in tokens {
        match &token {
            TokenTree::Literal(literal) if is_statement(literal) => {
                lines.push(literal.span().start().line);
            }
            TokenTree::Group(group) if after_hash && is_doc(group) => {}
            TokenTree::Group(group) => collect_statements(group.stream(), lines),
            _ => {}
        }
        after_hash = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '#' || after_hash);
    }
}

/// Doc comments are literals to the parser.
fn is_doc(group: &proc_macro2::Group) -> bool {
    group.delimiter() == Delimiter::Bracket
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

fn is_statement(literal: &proc_macro2::Literal) -> bool {
    let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) else {
        return false;
    };
    // A statement may break after its first word.
    let words: Vec<String> = text.value().split_whitespace().take(3).map(str::to_owned).collect();
    words.len() > 1
        && STATEMENTS
            .iter()
            .any(|statement| words.join(" ").starts_with(statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &str, text: &str) -> Vec<usize> {
        offences(&Source::new(file, text))
            .into_iter()
            .map(|offence| offence.line)
            .collect()
    }

    #[test]
    fn statements_are_found_wherever_they_hide() {
        for text in [
            "const A: &str = \"SELECT 1\";",
            "const A: &str = r#\"\n   WITH rows AS (SELECT 1)\"#;",
            "fn f() { g(&format!(\"DROP TABLE staging.import_{id}\")) }",
            "fn f() { sqlx::query(TEXT); }",
            "use sqlx::{PgPool, query_as};",
            "fn f() { sqlx::query_scalar!(\"a\"); }",
            "const A: &str = \"INSERT\\n INTO a\";",
        ] {
            assert_eq!(lines("src/imports/routes.rs", text), [1], "{text}");
        }
    }

    #[test]
    fn lines_are_those_of_the_file() {
        assert_eq!(
            lines(
                "src/imports/routes.rs",
                "//! Head.\n\nfn f() {\n    g(\"DELETE FROM a\")\n}\n"
            ),
            [4]
        );
    }

    #[test]
    fn places_prose_and_tests_are_left_alone() {
        let sql = "const A: &str = \"SELECT 1\";";
        for file in [
            "src/imports/queries.rs",
            "src/imports/claim_queries.rs",
            "src/platform/postgres/start.rs",
            "tests/a.rs",
        ] {
            assert!(lines(file, sql).is_empty(), "{file}");
        }
        for text in [
            "/// SELECT 1\nfn f() {}",
            "const A: &str = \"Select a file\";",
            "const A: &str = \"DELETE\";",
            "#[cfg(test)] mod tests { const A: &str = \"SELECT 1\"; }",
            "use sqlx::PgPool;",
        ] {
            assert!(lines("src/imports/routes.rs", text).is_empty(), "{text}");
        }
    }
}
