//! The list of products, page by page.
//!
//! A page is found by the product it begins after (keyset), so a page far back is as quick as the first, and nothing
//! is skipped or shown twice while the catalogue changes.

use super::counts;
use super::filter::{Filter, Sort, SortBy, Status};
use super::product::{Column, Entity, Product};
use super::search::{self, Search};
use crate::http::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize};

/// Where a product stands in an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// What the order is by.
    pub rank: Rank,
    /// Among equals, and never equal.
    pub sku_key: String,
}

/// What an order is by, for one product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    /// Nothing but the SKU.
    #[serde(rename = "s")]
    Sku,
    /// How well it matches: 0 is best.
    #[serde(rename = "r")]
    Relevance(u8),
    /// The folded name.
    #[serde(rename = "n")]
    Name(String),
    /// Microseconds since 1970, of its creation or last change.
    #[serde(rename = "t")]
    Time(i64),
}

/// Where a page lies: behind or before a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cursor {
    /// The page that begins after it.
    #[serde(rename = "a")]
    After(Position),
    /// The page that ends before it.
    #[serde(rename = "b")]
    Before(Position),
}

/// A status that fewer than one in so many products have is rare: to walk along the others would take too long.
const RARE: i64 = 50;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Which products.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// From where on; the beginning if none.
    pub cursor: Option<Cursor>,
    /// At most so many.
    pub limit: u64,
}

/// One page.
pub struct Page {
    /// The products, in order.
    pub products: Vec<Product>,
    /// The page before, unless this is the first.
    pub previous: Option<Cursor>,
    /// The page after, unless this is the last.
    pub next: Option<Cursor>,
    /// How many match in all.
    pub total: Total,
}

/// How many products match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// So many, or at least so many.
    pub value: i64,
    /// Whether it is the number itself.
    pub is_exact: bool,
}

impl Cursor {
    /// The cursor of a list in this order as it stands in an address: the order's word and the place.
    pub fn encode(&self, sort: Sort) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(sort.to_word(), self)).unwrap_or_default())
    }

    /// Reads a cursor that [`Cursor::encode`] gave for a list in this order.
    pub fn decode(text: &str, sort: Sort) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let parts: Option<(String, Self)> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        parts
            .filter(|(word, cursor)| *word == sort.to_word() && cursor.position().rank.is_of(sort.by))
            .map(|(_, cursor)| cursor)
            // No product has one, and PostgreSQL knows no text with it.
            .filter(|cursor| !cursor.position().sku_key.contains('\0'))
            .ok_or_else(|| {
                Error::invalid(
                    "cursor",
                    "This address leads to no page of a list in this order. Leave the cursor out to start from the first \
                     page.",
                )
            })
    }

    /// The product beside which the page lies.
    pub fn position(&self) -> &Position {
        match self {
            Self::After(position) | Self::Before(position) => position,
        }
    }
}

impl Position {
    /// About how much memory this takes.
    pub fn size_bytes(&self) -> usize {
        let name = match &self.rank {
            Rank::Name(name) => name.len(),
            Rank::Sku | Rank::Relevance(_) | Rank::Time(_) => 0,
        };
        size_of::<Self>() + self.sku_key.len() + name
    }
}

impl Rank {
    fn is_of(&self, by: SortBy) -> bool {
        matches!(
            (self, by),
            (Self::Sku, SortBy::Sku)
                | (Self::Relevance(_), SortBy::Relevance)
                | (Self::Name(_), SortBy::Name)
                | (Self::Time(_), SortBy::CreatedAt | SortBy::UpdatedAt)
        )
    }
}

/// A product and where it stands in an order.
pub type Placed = (Position, Product);

impl Page {
    /// A page of what was found beside the cursor, in order. One more than fits tells that there are more.
    pub fn of(mut found: Vec<Placed>, query: &Query, total: Total) -> Self {
        let is_backwards = matches!(query.cursor, Some(Cursor::Before(_)));
        let has_more = found.len() as u64 > query.limit;
        if has_more && is_backwards {
            found.remove(0);
        } else {
            found.truncate(query.limit as usize);
        }
        let has_previous = if is_backwards { has_more } else { query.cursor.is_some() };
        let has_next = is_backwards || has_more;
        let edge = |placed: Option<&Placed>| placed.map(|(position, _)| position.clone());
        Self {
            previous: edge(found.first()).filter(|_| has_previous).map(Cursor::Before),
            next: edge(found.last()).filter(|_| has_next).map(Cursor::After),
            products: found.into_iter().map(|(_, product)| product).collect(),
            total,
        }
    }
}

/// Fetches one page.
pub async fn page(search: &Search, query: &Query) -> Result<Page, Error> {
    query.filter.check()?;
    let is_by_status = query.filter.is_by_status();
    if is_by_status && query.sort.by == SortBy::Sku && is_walked(search, query.filter.status).await? {
        return by_sku(search, query).await;
    }
    let mut page = search::page(search, query).await.map_err(Error::from_failure)?;
    if is_by_status {
        page.total = count(search, &query.filter, None).await?;
    }
    Ok(page)
}

/// Whether a list of a status in the order of SKUs is walked along rather than searched for: where that knows everything
/// too, or knows more and is not slow.
async fn is_walked(search: &Search, status: Status) -> Result<bool, Error> {
    let pool = &search.database.pool;
    if status == Status::All {
        return Ok(true);
    }
    if !search::is_behind(pool).await? {
        return Ok(false);
    }
    let counts = counts::read(pool).await?;
    Ok(counts.of(status).saturating_mul(RARE) >= counts.all())
}

/// The catalogue in the order of its SKUs, by the table's own index: always up to date, but slow where a status is
/// rare.
async fn by_sku(search: &Search, query: &Query) -> Result<Page, Error> {
    let is_backwards = matches!(query.cursor, Some(Cursor::Before(_)));
    // Going back means walking the other way and turning the page round.
    let is_descending = query.sort.is_reversed != is_backwards;
    let mut select = Entity::find().limit(query.limit + 1);
    if let Some(active) = query.filter.status.as_active() {
        select = select.filter(Column::Active.eq(active));
    }
    if let Some(cursor) = &query.cursor {
        let key = &cursor.position().sku_key;
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
    let products = select.all(&search.database.orm).await?;
    let mut found: Vec<Placed> = products.into_iter().map(by_sku_key).collect();
    if is_backwards {
        found.reverse();
    }
    let total = count(search, &query.filter, None).await?;
    Ok(Page::of(found, query, total))
}

fn by_sku_key(product: Product) -> Placed {
    let position = Position {
        rank: Rank::Sku,
        sku_key: product.sku_key.clone(),
    };
    (position, product)
}

/// How many products match: the number itself, unless it is above `up_to`.
pub async fn count(search: &Search, filter: &Filter, up_to: Option<i64>) -> Result<Total, Error> {
    filter.check()?;
    if filter.is_by_status() {
        let counts = counts::read(&search.database.pool).await?;
        let value = counts.of(filter.status);
        return Ok(Total { value, is_exact: true });
    }
    search::count(search, filter, up_to).await.map_err(Error::from_failure)
}

/// The next products that match, at most `limit`, in the order of their SKUs, behind the key `after`: for walking
/// through all of them in pieces, as exports and bulk changes do. Fewer than `limit` are the last.
pub async fn matching(
    search: &Search,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Product>, Error> {
    let position = |key: &str| Position {
        rank: Rank::Sku,
        sku_key: key.to_owned(),
    };
    let query = Query {
        filter: filter.clone(),
        sort: Sort::default(),
        cursor: after.map(position).map(Cursor::After),
        limit,
    };
    // None may be missing, and all are wanted, so that it does not matter how rare they are.
    let page = if filter.is_by_status() && search::is_behind(&search.database.pool).await? {
        by_sku(search, &query).await?
    } else {
        page(search, &query).await?
    };
    Ok(page.products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_an_address() {
        for (rank, by) in [
            (Rank::Sku, SortBy::Sku),
            (Rank::Relevance(2), SortBy::Relevance),
            (Rank::Name("lampe \"é\"".into()), SortBy::Name),
            (Rank::Time(-1), SortBy::UpdatedAt),
        ] {
            let sort = Sort { by, is_reversed: false };
            let position = Position {
                rank,
                sku_key: "a-b/ü?".into(),
            };
            for cursor in [Cursor::After(position.clone()), Cursor::Before(position)] {
                assert_eq!(Cursor::decode(&cursor.encode(sort), sort).unwrap(), cursor);
                for (other, is_reversed) in [(by, true), (SortBy::CreatedAt, false)] {
                    let other = Sort { by: other, is_reversed };
                    assert!(
                        Cursor::decode(&cursor.encode(sort), other).is_err(),
                        "{sort:?} {other:?}"
                    );
                }
            }
        }
        let made_up = URL_SAFE_NO_PAD.encode(br#"["sku",{"a":{"rank":{"t":1},"sku_key":"a"}}]"#);
        assert!(Cursor::decode(&made_up, Sort::default()).is_err());
        for bad in ["", "x", "%%%", "_____"] {
            assert!(Cursor::decode(bad, Sort::default()).is_err(), "{bad}");
        }
    }
}
