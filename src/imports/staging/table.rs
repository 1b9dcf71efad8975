//! The table `staging.import_<id>`: blocks of staged rows, by their number and their keys.

use super::run::Block;
use crate::platform::copy::CopyIn;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// The staged rows of one import.
#[derive(Clone, Copy, Debug)]
pub struct Staging {
    import_id: i64,
}

/// Which keys a block has, and where it is.
#[derive(Clone, Debug)]
pub struct BlockKeys {
    pub number: i64,
    pub first_key: String,
    pub last_key: String,
}

impl Staging {
    pub fn of(import_id: i64) -> Self {
        Self { import_id }
    }

    /// Makes the table anew, empty.
    pub async fn create(self, connection: &mut PgConnection) -> sqlx::Result<()> {
        self.drop(&mut *connection).await?;
        let table = self.table();
        let sql = format!(
            "CREATE UNLOGGED TABLE {table} (number bigint PRIMARY KEY, first_key text COLLATE \"C\" NOT NULL,
                last_key text COLLATE \"C\" NOT NULL, rows bytea NOT NULL)"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        // Compressed, writing takes five times as long; out of line, the list of keys stays small.
        let sql = format!("ALTER TABLE {table} ALTER COLUMN rows SET STORAGE EXTERNAL");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
        Ok(())
    }

    /// Removes the table, if there is one.
    pub async fn drop(self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let sql = format!(
            "SET LOCAL client_min_messages = warning; DROP TABLE IF EXISTS {}",
            self.table()
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
        Ok(())
    }

    /// Whether all `blocks` that were written are still there.
    pub async fn is_intact(self, connection: &mut PgConnection, blocks: i64) -> sqlx::Result<bool> {
        let table = self.table();
        let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
            .bind(&table)
            .fetch_one(&mut *connection)
            .await?;
        if !exists {
            return Ok(false);
        }
        let sql = format!("SELECT count(*) FROM {table}");
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?;
        Ok(found == blocks)
    }

    /// Writes the blocks of a run, numbered from `first_number`.
    pub async fn write(self, connection: &mut PgConnection, first_number: i64, blocks: &[Block]) -> sqlx::Result<()> {
        let sql = format!("COPY {} FROM STDIN (FORMAT binary)", self.table());
        let mut copy = CopyIn::begin(connection, &sql, 4).await?;
        for (number, block) in (first_number..).zip(blocks) {
            copy.row()
                .await?
                .int8(number)
                .text(&block.first_key)
                .text(&block.last_key)
                .bytea(&block.bytes);
        }
        copy.finish().await
    }

    /// The keys of all blocks, by their first.
    pub async fn block_keys(self, connection: &mut PgConnection) -> sqlx::Result<Vec<BlockKeys>> {
        let sql = format!(
            "SELECT number, first_key, last_key FROM {} ORDER BY first_key, number",
            self.table()
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
        rows.iter()
            .map(|row| {
                Ok(BlockKeys {
                    number: row.try_get(0)?,
                    first_key: row.try_get(1)?,
                    last_key: row.try_get(2)?,
                })
            })
            .collect()
    }

    /// The rows of those blocks, one block after another, in no order.
    pub async fn read(self, connection: &mut PgConnection, numbers: &[i64]) -> sqlx::Result<Vec<u8>> {
        let sql = format!("SELECT rows FROM {} WHERE number = ANY($1)", self.table());
        let blocks = sqlx::query(AssertSqlSafe(sql))
            .bind(numbers)
            .fetch_all(connection)
            .await?;
        let mut bytes = Vec::with_capacity(blocks.len() * 66 * 1024);
        for block in &blocks {
            bytes.extend_from_slice(block.try_get(0)?);
        }
        if blocks.len() != numbers.len() {
            return Err(sqlx::Error::RowNotFound);
        }
        Ok(bytes)
    }

    /// The table's name: made of a number, so safe to stand in SQL.
    fn table(self) -> String {
        format!("staging.import_{}", self.import_id)
    }
}
