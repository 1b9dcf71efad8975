//! Webhooks: other programs are told of every change that was made by hand.
//!
//! An event and its deliveries are written in the transaction of the change; workers send them until they arrive.

mod secret;
mod signature;
mod webhook;

pub use secret::Secret;
pub use signature::sign;
pub use webhook::{
    ActiveModel as WebhookActiveModel, Column as WebhookColumn, Entity as WebhookEntity, Model, Webhook,
};
