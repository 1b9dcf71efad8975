//! The SQL of the search index.

use sqlx::{PgConnection, PgExecutor, PgPool};
use std::time::Duration;

/// What is not indexed yet is scanned by each search as long as it is not more than this…
pub const SCANNED_PRODUCTS: i64 = 2_000;
/// …and, of what imports wrote, not more than this: there batch follows batch, each indexed within a moment.
const SCANNED_IMPORTED: i64 = 200;

/// Notes, in the transaction that created, changed or deleted these products by hand, that the index must follow.
/// Few at a time are found at once; pieces of more than 100 within a moment.
pub async fn note_changed(connection: &mut PgConnection, product_ids: &[i64]) -> sqlx::Result<()> {
    if product_ids.is_empty() {
        return Ok(());
    }
    sqlx::query("INSERT INTO search_changes (product_ids, products) VALUES ($1, cardinality($1))")
        .bind(product_ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Which products a batch of an import wrote.
#[derive(Clone, Copy, Debug)]
pub enum Imported<'a> {
    /// Most of those between two keys, both included.
    Range(&'a str, &'a str),
    /// Those with these keys.
    Keys(&'a [&'a str]),
}

/// Notes, in the transaction of a batch, that this import wrote so many products.
pub async fn note_imported(
    connection: &mut PgConnection,
    import_id: i64,
    imported: Imported<'_>,
    products: i64,
) -> sqlx::Result<()> {
    let query = match imported {
        Imported::Range(first, last) => {
            sqlx::query("INSERT INTO search_changes (products, import_id, first_key, last_key) VALUES ($1, $2, $3, $4)")
                .bind(products)
                .bind(import_id)
                .bind(first)
                .bind(last)
        }
        Imported::Keys(keys) => sqlx::query("INSERT INTO search_changes (products, sku_keys) VALUES ($1, $2)")
            .bind(products)
            .bind(keys),
    };
    query.execute(connection).await?;
    Ok(())
}

/// How far the index is behind the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Products that wait for the index, at most.
    pub products: i64,
    /// Those of them that imports wrote.
    pub imported: i64,
    /// How long the first of them has been waiting.
    pub waiting: Duration,
}

impl Backlog {
    /// Whether more products wait than a search can scan, so that some cannot be found yet.
    pub fn is_noticed(self) -> bool {
        is_too_much(self.products, self.imported)
    }
}

/// What has changed and is not in the index yet.
pub async fn backlog(executor: impl PgExecutor<'_>) -> sqlx::Result<Backlog> {
    let (products, imported, seconds): (i64, i64, f64) = sqlx::query_as(
        "SELECT coalesce(sum(products), 0)::bigint,
                coalesce(sum(products) FILTER (WHERE product_ids IS NULL), 0)::bigint,
                coalesce(greatest(extract(epoch FROM clock_timestamp() - min(noted_at)), 0), 0)::float8
         FROM search_changes WHERE NOT set_aside",
    )
    .fetch_one(executor)
    .await?;
    let waiting = Duration::from_secs_f64(seconds);
    Ok(Backlog {
        products,
        imported,
        waiting,
    })
}

/// Whether searches do not see all of what has changed.
pub async fn is_behind(pool: &PgPool) -> sqlx::Result<bool> {
    Ok(backlog(pool).await?.is_noticed())
}

/// Whether more products wait for the index, altogether or from imports, than a search can scan.
pub fn is_too_much(products: i64, imported: i64) -> bool {
    products > SCANNED_PRODUCTS || imported > SCANNED_IMPORTED
}
