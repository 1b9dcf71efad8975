//! What the catalogue must be after imports, reckoned in a few plain lines, and what it is.

use product_importer::catalog::SkuKey;
use sqlx::PgPool;
use std::collections::BTreeMap;

/// A product without what the database adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub sku: String,
    pub name: String,
    pub description: String,
    pub active: bool,
    pub version: i32,
}

/// A row of a file.
#[derive(Clone, Debug)]
pub struct FileRow {
    pub sku: String,
    pub name: String,
    pub description: Option<String>,
    pub active: Option<bool>,
}

/// The counts of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub rows_read: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub duplicates: i64,
    pub skipped: i64,
}

/// Products by their keys.
pub type Catalogue = BTreeMap<String, Product>;

/// Does to `catalogue` what importing `rows` must do.
pub fn import(catalogue: &mut Catalogue, rows: &[FileRow], mode: &str, new_active: bool) -> Counts {
    let mut counts = Counts {
        rows_read: rows.len() as i64,
        ..Counts::default()
    };
    let mut last: BTreeMap<String, &FileRow> = BTreeMap::new();
    for row in rows {
        if last.insert(SkuKey::of(&row.sku).as_str().to_owned(), row).is_some() {
            counts.duplicates += 1;
        }
    }
    for (key, row) in last {
        match catalogue.get_mut(&key) {
            Some(_) if mode == "create_only" => counts.skipped += 1,
            None if mode == "update_only" => counts.skipped += 1,
            Some(product) => {
                let mut changed = product.clone();
                changed.sku.clone_from(&row.sku);
                changed.name.clone_from(&row.name);
                if let Some(description) = &row.description {
                    changed.description.clone_from(description);
                }
                changed.active = row.active.unwrap_or(changed.active);
                if changed == *product {
                    counts.unchanged += 1;
                } else {
                    changed.version += 1;
                    *product = changed;
                    counts.updated += 1;
                }
            }
            None => {
                counts.created += 1;
                let product = Product {
                    sku: row.sku.clone(),
                    name: row.name.clone(),
                    description: row.description.clone().unwrap_or_default(),
                    active: row.active.unwrap_or(new_active),
                    version: 1,
                };
                catalogue.insert(key, product);
            }
        }
    }
    counts
}

/// The catalogue as it is in the database.
pub async fn read(pool: &PgPool) -> anyhow::Result<Catalogue> {
    let rows: Vec<(String, String, String, String, bool, i32)> =
        sqlx::query_as("SELECT sku_key, sku, name, description, active, version FROM products")
            .fetch_all(pool)
            .await?;
    let products = rows.into_iter().map(|(key, sku, name, description, active, version)| {
        (
            key,
            Product {
                sku,
                name,
                description,
                active,
                version,
            },
        )
    });
    Ok(products.collect())
}

/// The rows of a well-formed file with the columns name, sku, description.
pub fn rows_of(csv: &[u8]) -> anyhow::Result<Vec<FileRow>> {
    let mut reader = csv::Reader::from_reader(csv);
    let rows = reader.records().map(|record| {
        let record = record?;
        Ok(FileRow {
            name: record[0].to_owned(),
            sku: record[1].to_owned(),
            description: Some(record[2].to_owned()),
            active: None,
        })
    });
    rows.collect()
}

/// A file of those rows.
pub fn csv_of(rows: &[FileRow]) -> anyhow::Result<Vec<u8>> {
    let has_description = rows.iter().any(|row| row.description.is_some());
    let has_status = rows.iter().any(|row| row.active.is_some());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["sku", "name"];
    header.extend(has_description.then_some("description"));
    header.extend(has_status.then_some("status"));
    writer.write_record(&header)?;
    for row in rows {
        writer.write_field(&row.sku)?;
        writer.write_field(&row.name)?;
        if has_description {
            writer.write_field(row.description.as_deref().unwrap_or_default())?;
        }
        if has_status {
            writer.write_field(match row.active {
                Some(true) => "active",
                Some(false) => "inactive",
                None => "",
            })?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(writer.into_inner()?)
}
