//! The same questions as SQL that uses the GIN indexes: what one would write without an index of one's own.
//!
//! It is spared what the program does besides: accents are not folded, words are told apart by PostgreSQL's parser,
//! and nothing is counted.

use super::asking::Answered;
use super::questions::Question;
use crate::server::Server;
use crate::yardstick::TABLE;
use anyhow::Result;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::{Duration, Instant};

/// Nobody waits longer, and the measurement does not either.
const PATIENCE: Duration = Duration::from_secs(5);
/// Some take a second: one in so many is asked, of every kind.
const ONE_IN: usize = 3;

/// Asks the first page of every third question.
pub async fn ask(server: &Server, database: &str, questions: &[Question]) -> Result<Vec<Answered>> {
    let mut connection = PgConnection::connect(&server.database_url(database)).await?;
    let patience = format!("SET statement_timeout = {}", PATIENCE.as_millis());
    sqlx::raw_sql(AssertSqlSafe(patience)).execute(&mut connection).await?;
    let mut answers = Vec::new();
    for question in questions.iter().step_by(ONE_IN) {
        let (statement, values) = statement(question);
        let asked = format!("q={} sort={} status={}", question.q, question.sort, question.status);
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for value in values {
            query = query.bind(value);
        }
        let start = Instant::now();
        let rows: sqlx::Result<Vec<PgRow>> = query.fetch_all(&mut connection).await;
        let took = start.elapsed();
        let rows = rows.or_else(|error| if took >= PATIENCE { Ok(Vec::new()) } else { Err(error) })?;
        answers.push(Answered {
            kind: question.kind,
            took,
            products: rows.len(),
            asked,
        });
    }
    connection.close().await?;
    Ok(answers)
}

fn statement(question: &Question) -> (String, Vec<String>) {
    let mut values = Vec::new();
    let mut conditions: Vec<String> = question
        .q
        .split_whitespace()
        .map(|term| condition(term, &mut values))
        .collect();
    let mut compare = |condition: &str, value: &str| {
        values.push(value.to_owned());
        conditions.push(condition.replace('$', &format!("${}", values.len())));
    };
    if !question.status.is_empty() {
        compare("active = ($ = 'active')", question.status);
    }
    if let Some(since) = &question.changed_since {
        compare("updated_at >= $::timestamptz", since);
    }
    if let Some(import) = &question.import {
        compare("import_id = $::bigint", import);
    }
    let filter = if conditions.is_empty() {
        "true".to_owned()
    } else {
        conditions.join(" AND ")
    };
    let order = order(question, &mut values);
    let statement = format!(
        "SELECT id, sku, name, description, active, version, created_at, updated_at
         FROM {TABLE} WHERE {filter} ORDER BY {order} LIMIT 50"
    );
    (statement, values)
}

/// Three letters and more anywhere in SKU and name, fewer at the beginning of a word; descriptions by beginnings.
fn condition(term: &str, values: &mut Vec<String>) -> String {
    let mut bind = |value: String| {
        values.push(value);
        format!("${}", values.len())
    };
    let escaped = term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let word = bind(format!("'{}':*", term.replace('\\', "\\\\").replace('\'', "''")));
    let described = format!("to_tsvector('simple', description) @@ to_tsquery('simple', {word})");
    if term.chars().count() >= 3 {
        let inside = bind(format!("%{escaped}%"));
        return format!("(sku ILIKE {inside} OR name ILIKE {inside} OR {described})");
    }
    let (beginning, of_word) = (bind(format!("{escaped}%")), bind(format!("% {escaped}%")));
    format!("(sku ILIKE {beginning} OR name ILIKE {beginning} OR name ILIKE {of_word} OR {described})")
}

fn order(question: &Question, values: &mut Vec<String>) -> String {
    let sort = match question.sort {
        "" if question.q.is_empty() => "sku",
        "" => "relevance",
        sort => sort,
    };
    let (direction, by) = sort.strip_prefix('-').map_or(("ASC", sort), |by| ("DESC", by));
    match by {
        "sku" => format!("sku_key {direction}"),
        "relevance" => {
            values.push(question.q.to_lowercase());
            let q = format!("${}", values.len());
            format!(
                "CASE WHEN sku_key = {q} THEN 0 WHEN starts_with(sku_key, {q}) THEN 1
                      WHEN strpos(sku_key, {q}) > 0 OR strpos(lower(name), {q}) > 0 THEN 2 ELSE 3 END {direction},
                 sku_key {direction}"
            )
        }
        column => format!("{column} {direction}, sku_key {direction}"),
    }
}
