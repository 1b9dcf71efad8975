//! How many products there are: always exact, at once, whatever the catalogue's size.

use sqlx::{PgConnection, PgExecutor};

/// The number of products by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub active: i64,
    pub inactive: i64,
}

impl Counts {
    pub fn all(self) -> i64 {
        self.active + self.inactive
    }
}

/// Adds a change to the sum, in the transaction of whoever changes the catalogue.
pub async fn record(connection: &mut PgConnection, active_change: i64, inactive_change: i64) -> sqlx::Result<()> {
    if active_change == 0 && inactive_change == 0 {
        return Ok(());
    }
    sqlx::query("INSERT INTO product_count_changes (active_change, inactive_change) VALUES ($1, $2)")
        .bind(active_change)
        .bind(inactive_change)
        .execute(connection)
        .await?;
    Ok(())
}

/// The sum of all changes.
pub async fn read(executor: impl PgExecutor<'_>) -> sqlx::Result<Counts> {
    let (active, inactive) = sqlx::query_as(
        "SELECT coalesce(sum(active_change), 0)::bigint, coalesce(sum(inactive_change), 0)::bigint
         FROM product_count_changes",
    )
    .fetch_one(executor)
    .await?;
    Ok(Counts { active, inactive })
}

/// Replaces many changes by their sum; a schedule calls this. Changes that are not yet committed stay.
pub async fn compact(executor: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "WITH gone AS (
             DELETE FROM product_count_changes
             WHERE id IN (SELECT id FROM product_count_changes ORDER BY id LIMIT 100000 FOR UPDATE SKIP LOCKED)
             RETURNING active_change, inactive_change
         )
         INSERT INTO product_count_changes (active_change, inactive_change)
         SELECT sum(active_change), sum(inactive_change) FROM gone HAVING count(*) > 0",
    )
    .execute(executor)
    .await?;
    Ok(())
}
