//! Reading a product file: from bytes to rows, whatever program wrote them.
//!
//! [`Reader`] is fed the file in chunks of any size and hands rows and rejections to a [`Sink`]. It does no I/O, and
//! what it reads depends on the bytes alone: not on the chunks, nor on having stopped at a [`Position`] in between.
//!
//! The way of a byte: `signature` refuses what is no CSV, `transcode` turns UTF-16 into UTF-8, `opening` settles
//! delimiter and columns from the header, `splitter` cuts records, `encoding` makes them text, `row` judges them.

mod columns;
mod dialect;
mod encoding;
mod failure;
mod opening;
mod plausibility;
mod position;
mod reader;
mod row;
mod rows;
mod signature;
mod splitter;
mod status;
mod transcode;
mod warning;

pub use columns::{Columns, Field};
pub use failure::FileFailure;
pub use position::Position;
pub use reader::Reader;
pub use row::{Rejected, Row, Sink};
pub use signature::Foreign;
pub use warning::{Example, Warning, WarningKind};
