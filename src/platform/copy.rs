//! Rows in PostgreSQL's binary COPY format, built in memory and sent piece by piece.
//!
//! The format: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

use bytes::Bytes;
use sqlx::PgConnection;
use sqlx::postgres::PgCopyIn;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const END_OF_ROWS: i16 = -1;

/// How much of a copy is sent to the server at once.
const SEND_BYTES: usize = 512 * 1024;

/// A `COPY … FROM STDIN (FORMAT binary)` that is going on. Its future must not be dropped midway: see
/// [`crate::platform::task`].
pub struct CopyIn<'a> {
    copy: PgCopyIn<&'a mut PgConnection>,
    rows: CopyRows,
}

impl<'a> CopyIn<'a> {
    /// Begins to copy rows with that many columns, as the statement says.
    pub async fn begin(connection: &'a mut PgConnection, statement: &str, columns: i16) -> sqlx::Result<Self> {
        Ok(Self {
            copy: connection.copy_in_raw(statement).await?,
            rows: CopyRows::new(columns),
        })
    }

    /// Begins the next row, and sends those before it once they are many.
    pub async fn row(&mut self) -> sqlx::Result<&mut CopyRows> {
        if self.rows.size_bytes() >= SEND_BYTES {
            self.copy.send(self.rows.take()).await?;
        }
        Ok(self.rows.row())
    }

    /// Sends the rest and ends the copy.
    pub async fn finish(mut self) -> sqlx::Result<()> {
        self.copy.send(self.rows.finish()).await?;
        self.copy.finish().await?;
        Ok(())
    }
}

/// Rows for one `COPY … FROM STDIN (FORMAT binary)`.
pub struct CopyRows {
    buffer: Vec<u8>,
    columns: i16,
}

impl CopyRows {
    /// Starts a copy of rows with that many columns.
    fn new(columns: i16) -> Self {
        let mut buffer = Vec::with_capacity(64 * 1024);
        buffer.extend_from_slice(SIGNATURE);
        buffer.extend_from_slice(&[0; 8]); // no flags, no header extension
        Self { buffer, columns }
    }

    /// Begins the next row; exactly as many values as there are columns must follow.
    fn row(&mut self) -> &mut Self {
        let columns = self.columns;
        self.put(&columns.to_be_bytes())
    }

    /// A `bigint`.
    pub fn int8(&mut self, value: i64) -> &mut Self {
        self.put(&8_i32.to_be_bytes()).put(&value.to_be_bytes())
    }

    /// A `smallint`.
    pub fn int2(&mut self, value: i16) -> &mut Self {
        self.put(&2_i32.to_be_bytes()).put(&value.to_be_bytes())
    }

    /// An `integer`.
    pub fn int4(&mut self, value: i32) -> &mut Self {
        self.put(&4_i32.to_be_bytes()).put(&value.to_be_bytes())
    }

    /// A `boolean`.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.put(&1_i32.to_be_bytes()).put(&[u8::from(value)])
    }

    /// A `text`, which must not contain NUL.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.bytea(value.as_bytes())
    }

    /// A `bytea`, at most 1 GiB as PostgreSQL has it.
    pub fn bytea(&mut self, value: &[u8]) -> &mut Self {
        let size = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.put(&size.to_be_bytes()).put(value)
    }

    /// The rows so far as one piece of the copy, leaving the rest to come.
    fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.buffer))
    }

    /// The size of what [`CopyRows::take`] would give, in bytes.
    fn size_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The last piece of the copy.
    fn finish(mut self) -> Bytes {
        self.put(&END_OF_ROWS.to_be_bytes());
        Bytes::from(self.buffer)
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(bytes);
        self
    }
}
