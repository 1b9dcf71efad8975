//! Rows in PostgreSQL's binary COPY format, built in memory.
//!
//! The format: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

use bytes::Bytes;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const NULL_LENGTH: i32 = -1;
const END_OF_ROWS: i16 = -1;

/// Rows for one `COPY … FROM STDIN (FORMAT binary)`.
pub struct CopyRows {
    buffer: Vec<u8>,
    columns: i16,
}

impl CopyRows {
    /// Starts a copy of rows with that many columns.
    pub fn new(columns: i16) -> Self {
        let mut buffer = Vec::with_capacity(64 * 1024);
        buffer.extend_from_slice(SIGNATURE);
        buffer.extend_from_slice(&[0; 8]); // no flags, no header extension
        Self { buffer, columns }
    }

    /// Begins the next row; exactly as many values as there are columns must follow.
    pub fn row(&mut self) -> &mut Self {
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

    /// A null.
    pub fn null(&mut self) -> &mut Self {
        self.put(&NULL_LENGTH.to_be_bytes())
    }

    /// The rows so far as one piece of the copy, leaving the rest to come.
    pub fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.buffer))
    }

    /// The size of what [`CopyRows::take`] would give, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The last piece of the copy.
    pub fn finish(mut self) -> Bytes {
        self.put(&END_OF_ROWS.to_be_bytes());
        Bytes::from(self.buffer)
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(bytes);
        self
    }
}
