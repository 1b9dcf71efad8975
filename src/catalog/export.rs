//! All products as CSV, which an import takes back unchanged.

use super::list::Status;
use futures_util::TryStreamExt as _;
use sqlx::{PgPool, Row as _};
use std::io::Write;

/// Writes `name,sku,description,status` for every product of that status, in the order of their SKUs, and says
/// how many they were. Memory stays constant.
pub async fn write(pool: &PgPool, status: Status, out: impl Write) -> anyhow::Result<u64> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(["name", "sku", "description", "status"])?;
    let wanted = match status {
        Status::All => None,
        Status::Active => Some(true),
        Status::Inactive => Some(false),
    };
    let mut rows = sqlx::query(
        "SELECT name, sku, description, active FROM products
         WHERE $1::boolean IS NULL OR active = $1 ORDER BY sku_key",
    )
    .bind(wanted)
    .fetch(pool);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let status = if row.try_get(3)? { "active" } else { "inactive" };
        writer.write_record([row.try_get::<&str, _>(0)?, row.try_get(1)?, row.try_get(2)?, status])?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}
