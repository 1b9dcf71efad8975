//! The SQL of the search index.

use sqlx::{PgConnection, PgExecutor};

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

/// Notes, in the transaction of a batch, that this import wrote so many products between two keys, both included.
pub async fn note_imported(
    executor: impl PgExecutor<'_>,
    import_id: i64,
    first_key: &str,
    last_key: &str,
    products: i64,
) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO search_changes (import_id, first_key, last_key, products) VALUES ($1, $2, $3, $4)")
        .bind(import_id)
        .bind(first_key)
        .bind(last_key)
        .bind(products)
        .execute(executor)
        .await?;
    Ok(())
}
