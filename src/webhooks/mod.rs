//! Webhooks: other programs are told of every change that was made by hand.
//!
//! An event and its deliveries are written in the transaction of the change ([`tell`]); workers send them until they
//! arrive ([`deliver`]). This context knows no products: the catalogue says what there is to tell.

mod address;
mod change;
mod delivering;
mod payload;
mod retry_queries;
mod ring;
mod secret;
mod sending;
mod signature;
mod sweep;
mod sweep_queries;
mod switch;
mod switch_queries;
mod tell;
mod telling_queries;
mod try_again;
mod webhook;

pub use address::{Place, Refusal, URL_MAX_CHARS, check_address, check_url};
pub use change::{CatalogueChange, Change, ChangeKind};
pub use delivering::{Delivering, Limits, deliver};
pub use ring::{Rings, ring_after_changes};
pub use secret::Secret;
pub use sending::{Answer, Outgoing, Sender, Step, Trouble, check_header};
pub use signature::sign;
pub use sweep::sweep;
pub use switch::{switch_off, switch_on};
pub use tell::{message_id, tell, tell_catalogue};
pub use try_again::{Retry, cancel_retry, failed_since, newest_retry, retry, try_again, try_all_again, work_retries};
pub use webhook::{
    ActiveModel as WebhookActiveModel, Column as WebhookColumn, Entity as WebhookEntity, Model, Webhook,
};

/// What is rung when something may be due.
pub const TOPIC: &str = "webhooks.deliveries";
