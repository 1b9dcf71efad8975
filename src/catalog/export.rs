//! All products as CSV, which an import takes back unchanged.

use super::filter::Status;
use super::queries;
use futures_util::TryStreamExt as _;
use sqlx::PgPool;
use std::io::Write;

/// Writes `name,sku,description,status` for every product of that status, in the order of their SKUs, and says
/// how many they were. Memory stays constant.
pub async fn write(pool: &PgPool, status: Status, out: impl Write) -> anyhow::Result<u64> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(["name", "sku", "description", "status"])?;
    let mut products = queries::exported(pool, status.as_active());
    let mut count = 0;
    while let Some(product) = products.try_next().await? {
        let status = if product.active { "active" } else { "inactive" };
        writer.write_record([&product.name, &product.sku, &product.description, status])?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}
