//! A product.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::Serialize;

/// The longest name, in characters.
pub const NAME_MAX_CHARS: usize = 1_000;
/// The longest description, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 100_000;

/// A product.
pub type Product = Model;

/// A row of `products`; see its migration for what the columns mean.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, sqlx::FromRow)]
#[sea_orm(table_name = "products")]
#[allow(missing_docs, reason = "the columns are explained in the migration")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub import_id: Option<i64>,
    pub import_line: Option<i64>,
    pub version: i32,
    pub active: bool,
    pub sku: String,
    pub sku_key: String,
    pub name: String,
    pub description: String,
}

/// Where a product came from is stored by id only: imports know products, not the other way round.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A product as the API tells it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are explained in the API's description")]
pub struct ProductJson {
    pub id: String,
    pub sku: String,
    pub name: String,
    pub description: String,
    pub active: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Product> for ProductJson {
    fn from(product: Product) -> Self {
        Self {
            id: product.id.to_string(),
            sku: product.sku,
            name: product.name,
            description: product.description,
            active: product.active,
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}
