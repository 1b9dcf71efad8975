//! What webhooks were told: deliveries as pages, as JSON and live.

pub mod api;
mod json;
mod live;
mod look;
pub mod pages;
mod queries;
mod retry;
pub mod routes;
pub mod view;

pub use live::Watches;
pub use look::{log, told};
pub use pages::{LogView, Told};
pub use view::State;
