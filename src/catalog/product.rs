//! A product.

use crate::http::Error;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// The longest name, in characters.
pub const NAME_MAX_CHARS: usize = 1_000;
/// The longest description, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 100_000;

/// A product.
pub type Product = Model;

/// A row of `products`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, sqlx::FromRow)]
#[sea_orm(table_name = "products")]
pub struct Model {
    /// The same for as long as the product is there, also when its SKU changes.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When it came into the catalogue.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
    /// The import that added it or was the last to change it; null where no import has.
    pub import_id: Option<i64>,
    /// The line of that import's file; null once it was changed by hand.
    pub import_line: Option<i64>,
    /// 1 at first, and one more with every change.
    pub version: i32,
    /// Whether it is shown, or kept back.
    pub active: bool,
    /// As last written.
    pub sku: String,
    /// The folded SKU ([`crate::catalog::SkuKey`]): no two products have the same.
    pub sku_key: String,
    /// What it is called; at most [`NAME_MAX_CHARS`].
    pub name: String,
    /// What is told about it; may be empty.
    pub description: String,
}

/// Where a product came from is stored by id only: imports know products, not the other way round.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A product's id as it stands in an address; whatever is none belongs to no product.
pub fn parse_id(id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| unknown())
}

/// Nobody knows this product.
pub fn unknown() -> Error {
    Error::NotFound("There is no such product. It may have been deleted.".into())
}

/// A product.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Product, example = json!(super::description::product()))]
pub struct ProductJson {
    /// Opaque: compare it, keep it, do not read anything into it.
    pub id: String,
    /// Its number in the shop, as last written; no two products have the same, whatever the letters' case.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// What is told about it; may be empty.
    pub description: String,
    /// Whether it is shown, or kept back.
    pub active: bool,
    /// Goes up with every change.
    pub version: i32,
    /// When it came into the catalogue.
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed.
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
