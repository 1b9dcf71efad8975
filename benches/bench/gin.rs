//! GIN indexes the usual way: trigrams of SKU and name, words of the description, rebuilt after an import.
//!
//! They are made by two connections side by side, with memory enough for each.

use crate::server::Server;
use crate::yardstick::TABLE;
use anyhow::{Result, ensure};
use std::process::Stdio;

const INDEXES: [(&str, &str); 2] = [
    ("yardstick_trigrams_gin", "sku gin_trgm_ops, name gin_trgm_ops"),
    ("yardstick_words_gin", "to_tsvector('simple', description)"),
];

/// Drops them, as one does before an import.
pub fn remove(server: &Server, database: &str) -> Result<()> {
    for (name, _) in INDEXES {
        server.ask(database, &format!("DROP INDEX IF EXISTS {name}"))?;
    }
    Ok(())
}

/// Makes them side by side.
pub fn build(server: &Server, database: &str) -> Result<()> {
    server.ask(database, "CREATE EXTENSION IF NOT EXISTS pg_trgm")?;
    let building = INDEXES.map(|(name, columns)| {
        let mut psql = server.psql(database);
        psql.args(["-c", "SET maintenance_work_mem = '256MB'", "-c"])
            .arg(format!("CREATE INDEX {name} ON {TABLE} USING gin ({columns})"))
            .stdin(Stdio::null())
            .spawn()
    });
    for builder in building {
        let status = builder?.wait()?;
        ensure!(status.success(), "a GIN index could not be made: {status}");
    }
    server.ask(database, &format!("ANALYZE {TABLE}")).map(drop)
}
