//! The list of products, in the order of their SKUs, page by page.
//!
//! A page is found by the key it begins after (keyset), so a page far back is as quick as the first, and nothing
//! is skipped or shown twice while the catalogue changes.

use super::product::{Column, Entity, Product};
use crate::http::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

/// Which products are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// All of them.
    #[default]
    All,
    /// Those that are shown.
    Active,
    /// Those that are kept back.
    Inactive,
}

/// Where a page lies: behind or before a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    After(String),
    Before(String),
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub status: Status,
    /// From the last SKU to the first.
    pub is_reversed: bool,
    pub cursor: Option<Cursor>,
    pub limit: u64,
}

/// One page.
pub struct Page {
    pub products: Vec<Product>,
    pub previous: Option<Cursor>,
    pub next: Option<Cursor>,
}

impl Status {
    /// The word of an address.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "all" => Some(Self::All),
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }

    /// What `products.active` must be, where it matters.
    pub fn as_active(self) -> Option<bool> {
        match self {
            Self::All => None,
            Self::Active => Some(true),
            Self::Inactive => Some(false),
        }
    }

    /// The word for one status; none for all.
    pub fn only(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Active => Some("active"),
            Self::Inactive => Some("inactive"),
        }
    }
}

impl Cursor {
    /// The cursor as it stands in an address.
    pub fn encode(&self) -> String {
        let (direction, key) = match self {
            Self::After(key) => ('a', key),
            Self::Before(key) => ('b', key),
        };
        URL_SAFE_NO_PAD.encode(format!("{direction}{key}"))
    }

    /// Reads a cursor that [`Cursor::encode`] gave.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let bad = || {
            Error::invalid(
                "cursor",
                "This address leads to no page of the list. Leave the cursor out to start from the first page.",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let text = String::from_utf8(bytes).map_err(|_| bad())?;
        let mut characters = text.chars();
        match characters.next() {
            Some('a') => Ok(Self::After(characters.as_str().to_owned())),
            Some('b') => Ok(Self::Before(characters.as_str().to_owned())),
            _ => Err(bad()),
        }
    }
}

/// Fetches one page.
pub async fn page(orm: &DatabaseConnection, query: &Query) -> Result<Page, Error> {
    let is_backwards = matches!(query.cursor, Some(Cursor::Before(_)));
    // Going back means walking the other way and turning the page round.
    let is_descending = query.is_reversed != is_backwards;
    let mut select = Entity::find().limit(query.limit + 1);
    if let Some(active) = query.status.as_active() {
        select = select.filter(Column::Active.eq(active));
    }
    if let Some(Cursor::After(key) | Cursor::Before(key)) = &query.cursor {
        let bound = if is_descending {
            Column::SkuKey.lt(key)
        } else {
            Column::SkuKey.gt(key)
        };
        select = select.filter(bound);
    }
    select = if is_descending {
        select.order_by_desc(Column::SkuKey)
    } else {
        select.order_by_asc(Column::SkuKey)
    };
    let mut products = select.all(orm).await?;
    let has_more = products.len() as u64 > query.limit;
    products.truncate(query.limit as usize);
    if is_backwards {
        products.reverse();
    }
    let has_previous = if is_backwards { has_more } else { query.cursor.is_some() };
    let has_next = if is_backwards { true } else { has_more };
    let previous = products
        .first()
        .filter(|_| has_previous)
        .map(|product| Cursor::Before(product.sku_key.clone()));
    let next = products
        .last()
        .filter(|_| has_next)
        .map(|product| Cursor::After(product.sku_key.clone()));
    Ok(Page {
        products,
        previous,
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_an_address() {
        for cursor in [Cursor::After("a-b/ü?".into()), Cursor::Before(String::new())] {
            assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        }
        for bad in ["", "x", "%%%", "_____"] {
            assert!(Cursor::decode(bad).is_err(), "{bad}");
        }
    }
}
