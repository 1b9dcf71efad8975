//! Products: what they are, finding them, and who may change them when.

pub mod pages;
pub mod sku;
