//! What every context's routes use: errors, forms, pages, assets.

pub mod error;
pub mod method_override;
pub mod site_guard;

pub use error::{Error, FieldError, Problem, Result};
pub mod assets;
pub mod format;
pub mod pages;
