//! A second import before anything is asked, so that filters have something to tell apart: it makes one product in
//! twenty inactive, later than the others.

use crate::catalogues::{BASE, Catalogues};
use crate::files::Folder;
use crate::yardstick;
use anyhow::Result;
use std::path::{Path, PathBuf};

const ONE_IN: usize = 20;

/// What filters can name.
pub struct Narrowed {
    pub imports: Vec<String>,
    pub changed_since: String,
}

/// Imports the few into the base catalogue, and does the same to the table with GIN.
pub fn prepare(catalogues: &Catalogues<'_>, folder: &Folder, base: &Path, has_gin: bool) -> Result<Narrowed> {
    let file = write(folder, base)?;
    catalogues.import_ours(BASE, &file)?;
    let server = catalogues.server;
    if has_gin {
        let table = yardstick::TABLE;
        server.ask(
            BASE,
            &format!(
                "UPDATE {table} AS yardstick
                 SET active = product.active, updated_at = product.updated_at, import_id = product.import_id
                 FROM products AS product WHERE product.sku_key = yardstick.sku_key"
            ),
        )?;
        // All rows were written anew: a table as an import leaves it is compact.
        server.ask(BASE, &format!("VACUUM FULL {table}"))?;
    }
    let imports = server.ask(BASE, "SELECT id FROM imports WHERE state = 'done' ORDER BY id")?;
    let last = "SELECT to_char(max(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM imports";
    Ok(Narrowed {
        imports: imports.lines().map(str::to_owned).collect(),
        changed_since: server.ask(BASE, last)?,
    })
}

fn write(folder: &Folder, base: &Path) -> Result<PathBuf> {
    let path = folder.path().join("inactive.csv");
    let mut writer = csv::Writer::from_path(&path)?;
    writer.write_record(["name", "sku", "status"])?;
    for record in csv::Reader::from_path(base)?.byte_records().step_by(ONE_IN) {
        let record = record?;
        writer.write_record([&record[0], &record[1], b"inactive"])?;
    }
    writer.flush()?;
    Ok(path)
}
