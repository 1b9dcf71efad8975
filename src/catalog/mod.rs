//! Products: what they are, finding them, and who may change them when.

pub mod api;
mod bulk;
mod clearing;
mod counts;
mod description;
mod download;
pub mod edit;
mod export;
mod filter;
mod list;
mod list_before;
pub mod pages;
mod product;
mod queries;
pub mod routes;
mod row;
mod search;
pub mod selection;
mod sku;
pub mod view;

pub use bulk::{BulkCounts, BulkMode, BulkOrigin, BulkRow, BulkWriter};
pub use clearing::{
    ClearingError, Kept, Restoration, api as clearing_api, begin_merge, clear, end_merge, kept, merging,
    pages as clearing_pages, restorable, restore, sweep as sweep_cleared,
};
pub use counts::{Counts, compact as compact_counts, read as read_counts};
pub use description::description;
pub use download::{export_csv, export_list, export_ticked};
pub use edit::{sweep_deleted, sweep_history};
pub use export::{Exported, write as export};
pub use filter::{Filter, Q_MAX_CHARS, Sort, SortBy, Status};
pub use list::{Cursor, Page, Position, Query as ListQuery, Rank, Total, count, page as list_page};
pub use product::{DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, Product};
pub use search::{
    Backlog as IndexBacklog, Search, Step, backlog as index_backlog, compact as compact_index, finish_indexing,
    index_changes, keep_indexed,
};
pub use sku::{SKU_MAX_CHARS, SkuKey, fold as fold_sku};
