//! What every context's routes use: errors, forms, pages, assets, compression.

pub mod assets;
pub mod compression;
pub mod cookies;
pub mod deadline;
pub mod error;
pub mod flash;
pub mod format;
pub mod fragment;
pub mod health;
pub mod json;
pub mod measure;
pub mod method_override;
pub mod pages;
pub mod paging;
pub mod render;
pub mod serving;
pub mod site_guard;
pub mod sse;
pub mod visitor;

pub use error::{Error, FieldError, Problem, Result};
