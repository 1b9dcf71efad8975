//! Products as CSV, which an import takes back unchanged.
//!
//! They are read in pieces, in the order of their SKUs, each by a short statement: whoever is slow to take them keeps
//! nobody from changing the catalogue, and memory stays constant. The next piece is read while the one before is
//! written. When everything is deleted meanwhile, the export breaks off: it must not look as if it had come to its end.

use super::clearing::generation;
use super::filter::Filter;
use super::queries::{self, ExportedProduct};
use super::search::{self, Search};
use super::{list, product::Product};
use anyhow::ensure;
use std::io::Write;
use tokio::sync::mpsc;

const PRODUCTS: u64 = 4_000;
/// Searching hands over whole products, so these are fewer.
const MATCHING_PRODUCTS: u64 = 1_000;
/// Pieces that were read and wait to be written.
const WAITING: usize = 1;

/// Which products are exported.
#[derive(Clone, Debug)]
pub enum Exported {
    /// Everything that matches.
    Matching(Filter),
    /// These.
    Named(Vec<i64>),
}

/// Whether everything that is meant can be found. Right after an import some of what matches a search or a filter cannot
/// yet, and would be missing without a word.
pub async fn is_complete(search: &Search, exported: &Exported) -> sqlx::Result<bool> {
    match exported {
        Exported::Matching(filter) if !filter.is_by_status() => Ok(!search::is_behind(&search.database.pool).await?),
        Exported::Matching(_) | Exported::Named(_) => Ok(true),
    }
}

/// The pieces of an export, as they are read.
pub struct Pieces {
    pieces: mpsc::Receiver<anyhow::Result<Vec<ExportedProduct>>>,
}

impl Pieces {
    /// Begins to read.
    pub fn of(search: Search, exported: Exported) -> Self {
        let (sender, pieces) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            if let Err(error) = read(&search, &exported, &sender).await {
                // Nobody listening any more is no error.
                let _ = sender.send(Err(error)).await;
            }
        });
        Self { pieces }
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> anyhow::Result<Option<Vec<ExportedProduct>>> {
        self.pieces.recv().await.transpose()
    }
}

async fn read(
    search: &Search,
    exported: &Exported,
    sender: &mpsc::Sender<anyhow::Result<Vec<ExportedProduct>>>,
) -> anyhow::Result<()> {
    let pool = &search.database.pool;
    let began_in = generation(pool).await?;
    let mut after = String::new();
    loop {
        let (piece, is_last) = match exported {
            Exported::Named(ids) => (queries::exported_named(pool, ids).await?, true),
            Exported::Matching(filter) => matching(search, filter, &after).await?,
        };
        ensure!(
            generation(pool).await? == began_in,
            "all products were deleted or brought back while they were being exported. Run the export again."
        );
        if let Some(last) = piece.last() {
            after.clone_from(&last.sku_key);
        }
        if sender.send(Ok(piece)).await.is_err() || is_last {
            return Ok(());
        }
    }
}

/// The next products behind that key, and whether they are the last.
async fn matching(search: &Search, filter: &Filter, after: &str) -> anyhow::Result<(Vec<ExportedProduct>, bool)> {
    if filter.is_by_status() {
        let active = filter.status.as_active();
        let piece = queries::exported(&search.database.pool, active, after, PRODUCTS as i64).await?;
        // A piece may be short because its products are long.
        let is_last = piece.is_empty();
        return Ok((piece, is_last));
    }
    let after = Some(after).filter(|after| !after.is_empty());
    let found = list::matching(search, filter, after, MATCHING_PRODUCTS).await;
    let found = found.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let is_last = (found.len() as u64) < MATCHING_PRODUCTS;
    Ok((found.into_iter().map(ExportedProduct::from).collect(), is_last))
}

impl From<Product> for ExportedProduct {
    fn from(product: Product) -> Self {
        Self {
            sku_key: product.sku_key,
            name: product.name,
            sku: product.sku,
            description: product.description,
            active: product.active,
        }
    }
}

/// Writes `name,sku,description,status` for every product that is meant, and says how many they were.
pub async fn write(search: Search, exported: Exported, mut out: impl Write) -> anyhow::Result<u64> {
    ensure!(
        is_complete(&search, &exported).await?,
        "products have just arrived and cannot all be found yet; try again in a moment"
    );
    let mut pieces = Pieces::of(search, exported);
    out.write_all(&header()?)?;
    let mut count = 0;
    while let Some(piece) = pieces.next().await? {
        out.write_all(&lines(&piece)?)?;
        count += piece.len() as u64;
    }
    out.flush()?;
    Ok(count)
}

/// The first line.
pub fn header() -> anyhow::Result<Vec<u8>> {
    let mut writer = writer();
    writer.write_record(["name", "sku", "description", "status"])?;
    finish(writer)
}

/// The lines of a piece.
pub fn lines(piece: &[ExportedProduct]) -> anyhow::Result<Vec<u8>> {
    let mut writer = writer();
    for product in piece {
        let status = if product.active { "active" } else { "inactive" };
        writer.write_record([&product.name, &product.sku, &product.description, status])?;
    }
    finish(writer)
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

fn finish(writer: csv::Writer<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    writer
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{}", error.error()))
}
