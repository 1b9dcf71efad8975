//! Reading a product file: from bytes to rows.
