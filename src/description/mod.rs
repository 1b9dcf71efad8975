//! The API's description: gathered from what stands beside each handler, answered as OpenAPI and as a page.
//!
//! A context describes its own requests (`catalog::description`, `imports::description`); what all of them share,
//! such as how problems are told, is added here once. The page is drawn from the finished document.

mod curl;
mod openapi;
mod operations;
pub mod pages;
pub mod routes;
mod shapes;

pub use openapi::document;
