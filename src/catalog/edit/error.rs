//! Why a change by hand was not made.

use crate::catalog::product::{Product, ProductJson, unknown};
use crate::http::{Error, FieldError};
use serde_json::{Map, Value, json};

/// Why a product was not created, changed, deleted or restored. Nothing was written then.
#[derive(Debug)]
pub enum EditError {
    /// These fields are at fault.
    Invalid(Vec<FieldError>),
    /// Another product has the SKU.
    Taken {
        /// The one that has it.
        by: Box<Product>,
    },
    /// Somebody else changed the product meanwhile.
    Stale {
        /// The product as it is now.
        current: Box<Product>,
    },
    /// There is no such product, or it can no longer be restored.
    Unknown,
    /// The database failed.
    Failed(anyhow::Error),
}

/// What a change by hand answers.
pub type Result<T> = std::result::Result<T, EditError>;

impl EditError {
    /// The SKU's fault when another product has it.
    pub fn taken_words(by: &Product) -> String {
        format!(
            "“{}” has this SKU already. Every product needs one of its own.",
            by.name
        )
    }
}

impl From<sqlx::Error> for EditError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<sea_orm::DbErr> for EditError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Failed(error.into())
    }
}

impl From<anyhow::Error> for EditError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Invalid(errors) => Self::Invalid(errors),
            EditError::Taken { by } => taken(&by),
            EditError::Stale { current } => Self::ConflictWith {
                detail: "Somebody else has changed this product meanwhile. Look at it as it is now, then decide."
                    .into(),
                errors: Vec::new(),
                members: members([("current", json!(ProductJson::from(*current)))]),
            },
            EditError::Unknown => unknown(),
            EditError::Failed(cause) => Self::from_failure(cause),
        }
    }
}

fn taken(by: &Product) -> Error {
    let id = by.id.to_string();
    let product = json!({
        "id": id, "sku": by.sku, "name": by.name,
        "url": format!("/api/v1/products/{id}"), "page": format!("/products/{id}"),
    });
    let message = EditError::taken_words(by);
    Error::ConflictWith {
        detail: message.clone(),
        errors: vec![FieldError {
            field: "sku".into(),
            message,
        }],
        members: members([("product", product)]),
    }
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
