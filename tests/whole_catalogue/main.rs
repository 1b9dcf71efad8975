//! What is done to many products or all of them at once: deleting everything, bulk changes, exports.

mod clearing;
mod exporting;
mod selection;
#[path = "../support/mod.rs"]
mod support;

use product_importer::platform::database::Database;
use serde_json::Value;
use support::served::Served;

/// `count` products, every third of them inactive.
fn csv(prefix: &str, count: usize) -> String {
    let rows: String = (0..count)
        .map(|number| {
            let status = if number % 3 == 0 { "inactive" } else { "active" };
            let number = number.to_string();
            [prefix, "-", &number, ",Name ", &number, ",", status, "\n"].concat()
        })
        .collect();
    format!("sku,name,status\n{rows}")
}

/// A server with `count` products.
async fn filled(count: usize) -> anyhow::Result<Served> {
    let served = Served::start("serve").await?;
    let import = served.import(csv("A", count)).await?;
    anyhow::ensure!(import["created"] == count, "{import}");
    Ok(served)
}

/// A catalogue without a server.
async fn products(database: &Database, count: i32) -> anyhow::Result<()> {
    sqlx::query(
        "WITH made AS (
             INSERT INTO products (sku, sku_key, name)
             SELECT 'sku-' || number, 'sku-' || number, 'name' FROM generate_series(1, $1) AS number RETURNING 1
         ), noted AS (
             INSERT INTO search_changes (products) SELECT count(*) FROM made
         )
         INSERT INTO product_count_changes (active_change, inactive_change) SELECT count(*), 0 FROM made",
    )
    .bind(count)
    .execute(&database.pool)
    .await?;
    Ok(())
}

async fn total(served: &Served) -> anyhow::Result<Value> {
    Ok(served.json("/api/v1/products").await?["total"]["value"].take())
}

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap_or_default()
}
