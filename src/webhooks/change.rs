//! A change made by hand, as the catalogue tells it.

use serde_json::{Map, Value};

/// What became of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there now, and was not before.
    Created,
    /// Some of its fields are others now.
    Updated,
    /// It is no more.
    Deleted,
}

/// What became of everything at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueChange {
    /// Every product is gone.
    Cleared,
    /// Every product that was gone is back.
    Restored,
}

/// A change to one product.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which product.
    pub product_id: i64,
    /// The version to which the change led; a deletion leads to one as well.
    pub version: i32,
    /// What became of it.
    pub kind: ChangeKind,
    /// The product as it is, or as it was last, in the words of the API.
    pub product: Map<String, Value>,
    /// What the changed fields were before.
    pub previous: Map<String, Value>,
}

impl ChangeKind {
    /// The type of the event.
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Created => "product.created",
            Self::Updated => "product.updated",
            Self::Deleted => "product.deleted",
        }
    }
}

impl CatalogueChange {
    /// The type of the event.
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Cleared => "catalog.cleared",
            Self::Restored => "catalog.restored",
        }
    }
}
