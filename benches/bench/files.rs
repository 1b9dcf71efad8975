//! The files that are imported: a sample, and the same with 30 % of its rows changed.

use anyhow::Result;
use product_importer::imports;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const SEED: u64 = 2026;

/// A folder of its own in the system's temporary one, gone when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("product-importer-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A sample file of this many rows.
    pub fn sample(&self, rows: u64) -> Result<PathBuf> {
        let path = self.0.join(format!("products-{rows}.csv"));
        imports::write_sample(rows, SEED, BufWriter::new(File::create(&path)?))?;
        Ok(path)
    }

    /// `base` with other descriptions in three rows of ten.
    pub fn changed(&self, base: &Path) -> Result<PathBuf> {
        let path = self.0.join("products-changed.csv");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(base)?;
        let output = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(output);
        for (row, record) in reader.byte_records().enumerate() {
            let mut record = record?;
            if (1..=3).contains(&(row % 10)) {
                let description = [&record[2], b" Now in a new edition."].concat();
                record.truncate(2);
                record.push_field(&description);
            }
            writer.write_byte_record(&record)?;
        }
        writer.into_inner()?.flush()?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}
