//! A webhook: where changes by hand are told to, and which.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A webhook.
pub type Webhook = Model;

/// A row of `webhooks`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, sqlx::FromRow)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    /// Later webhooks have higher ones.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When anything about it that people see last changed.
    pub updated_at: DateTime<Utc>,
    /// One more with every change, also of what is not seen: workers look for it.
    pub version: i32,
    /// Where it is told; as it was entered.
    pub url: String,
    /// What people call it; may be empty.
    pub description: String,
    /// What it is told of (`product.created`, …).
    pub events: Vec<String>,
    /// Of `name`, `description` and `active`: `product.updated` is told only when one of them changed; null for any.
    pub only_fields: Option<Vec<String>>,
    /// Extra headers, as a JSON object of names and values, sealed; null where there are none.
    pub headers: Option<Vec<u8>>,
    /// What its messages are signed with, sealed.
    pub secret: Vec<u8>,
    /// The secret before this one, sealed; null unless it was replaced.
    pub previous_secret: Option<Vec<u8>>,
    /// Until when messages are signed with the one before as well.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Whether it is told anything; what happens while it is not is not kept for it.
    pub enabled: bool,
    /// `gone` where its receiver answered 410; null where somebody disabled it, or nobody did.
    pub stopped_reason: Option<String>,
    /// Since when nothing is sent, after failing for days; events are kept for it. Null while it is sent to.
    pub paused_at: Option<DateTime<Utc>>,
    /// Deliveries up to this id waited while nothing was sent, and are sent at a gentle pace; null where none did.
    pub backlog_upto: Option<i64>,
}

/// Deliveries are many and are looked up by SQL of their own.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
