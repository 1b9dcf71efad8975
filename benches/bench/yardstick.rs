//! The yardstick: what someone who knows PostgreSQL would type into `psql`.
//!
//! `\copy` into an unlogged table, then one statement that folds the SKUs, lets the last row of each win, and leaves
//! alone what does not change. Its table has the columns, keys, indexes and fill factor of `products`.

use crate::server::Server;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TABLE: &str = "yardstick_products";

/// Makes the table. LIKE takes over everything but the storage parameters.
pub fn create_table(server: &Server, database: &str) -> Result<()> {
    server.ask(database, &format!("CREATE TABLE {TABLE} (LIKE products INCLUDING ALL)"))?;
    let options = "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = 'products'::regclass";
    let options = server.ask(database, options)?;
    if !options.is_empty() {
        server.ask(database, &format!("ALTER TABLE {TABLE} SET ({options})"))?;
    }
    Ok(())
}

/// The `psql` that imports `file`, with its script kept in `folder`.
pub fn command(server: &Server, database: &str, file: &Path, folder: &Path) -> Result<Command> {
    let script = write_script(file, folder)?;
    let mut psql = server.psql(database);
    psql.arg("-f").arg(script);
    Ok(psql)
}

fn write_script(file: &Path, folder: &Path) -> Result<PathBuf> {
    let path = file
        .to_str()
        .context("the path of the file is not UTF-8")?
        .replace('\'', "''");
    let script = format!(
        r#"
CREATE UNLOGGED TABLE yardstick_rows (
    line        bigint GENERATED ALWAYS AS IDENTITY,
    name        text,
    sku         text,
    description text
);
\copy yardstick_rows (name, sku, description) FROM '{path}' WITH (FORMAT csv, HEADER true)
INSERT INTO {TABLE} AS product (sku, sku_key, name, description)
SELECT DISTINCT ON (sku_key) sku, sku_key, name, coalesce(description, '')
FROM (
    SELECT trim(sku) AS sku, lower(trim(sku)) COLLATE "C" AS sku_key, name, description, line FROM yardstick_rows
) AS folded
ORDER BY sku_key, line DESC
ON CONFLICT (sku_key) DO UPDATE
SET sku = excluded.sku,
    name = excluded.name,
    description = excluded.description,
    version = product.version + 1,
    updated_at = now()
WHERE (product.sku, product.name, product.description)
    IS DISTINCT FROM (excluded.sku, excluded.name, excluded.description);
DROP TABLE yardstick_rows;
"#
    );
    let script_path = folder.join("yardstick.sql");
    fs::write(&script_path, script)?;
    Ok(script_path)
}
