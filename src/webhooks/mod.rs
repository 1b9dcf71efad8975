//! Webhooks: other programs are told of every change that was made by hand.
//!
//! An event and its deliveries are written in the transaction of the change ([`tell`]); workers send them until they
//! arrive ([`deliver`]). This context knows no products: the catalogue says what there is to tell.

mod address;
pub mod api;
mod change;
mod delivering;
mod description;
mod figures_queries;
pub mod form;
pub mod health;
mod json;
pub mod log;
mod look;
pub mod pages;
mod payload;
mod queries;
mod retry_queries;
mod ring;
pub mod routes;
mod save;
mod secret;
mod sending;
mod signature;
mod snippets;
mod state;
mod sweep;
mod sweep_queries;
mod switch;
mod switch_queries;
mod tell;
mod telling_queries;
mod trial;
mod try_again;
mod values;
pub mod view;
mod webhook;

pub use address::{Place, Refusal, URL_MAX_CHARS, check_address, check_url};
pub use change::{CatalogueChange, Change, ChangeKind};
pub use delivering::{Delivering, Limits, deliver};
pub use description::description;
pub use figures_queries::{DeliveryFigures, deliveries as delivery_figures, lanes};
pub use log::{Told, Watches, told};
pub use ring::{Rings, ring_after_changes};
pub use secret::Secret;
pub use sending::{Answer, Outgoing, Sender, Step, Trouble, check_header};
pub use signature::sign;
pub use state::Webhooks;
pub use sweep::sweep;
pub use switch::{switch_off, switch_on};
pub use tell::{message_id, tell, tell_catalogue};
pub use try_again::{Retry, cancel_retry, failed_since, newest_retry, retry, try_again, try_all_again, work_retries};
pub use webhook::{
    ActiveModel as WebhookActiveModel, Column as WebhookColumn, Entity as WebhookEntity, Model, Webhook,
};

/// What is rung when something may be due.
pub const TOPIC: &str = "webhooks.deliveries";
