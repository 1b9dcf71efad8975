//! A webhook: where changes by hand are told to, and which.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A webhook.
pub type Webhook = Model;

/// A row of `webhooks`; see its migration for what the columns mean.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, sqlx::FromRow)]
#[sea_orm(table_name = "webhooks")]
#[allow(missing_docs, reason = "the columns are explained in the migration")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i32,
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    pub only_fields: Option<Vec<String>>,
    pub headers: Option<Vec<u8>>,
    pub secret: Vec<u8>,
    pub previous_secret: Option<Vec<u8>>,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub enabled: bool,
    pub stopped_reason: Option<String>,
    pub paused_at: Option<DateTime<Utc>>,
    pub backlog_upto: Option<i64>,
}

/// Deliveries are many and are looked up by SQL of their own.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
