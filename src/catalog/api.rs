//! `/api/v1/products`: looking at products.

use super::list::{self, Cursor, Query, Status};
use super::product::{Entity, ProductJson};
use super::{Counts, counts};
use crate::http::Error;
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Path, Query as UrlQuery, State};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};

const DEFAULT_LIMIT: u64 = 50;
const MOST_LIMIT: u64 = 500;

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    /// `all`, `active` or `inactive`.
    pub status: Option<String>,
    /// `sku` or `-sku`.
    pub sort: Option<String>,
    /// How many products a page has at most.
    pub limit: Option<u64>,
    /// Where the page begins, from an earlier answer.
    pub cursor: Option<String>,
}

/// A page of products as the API tells it.
#[derive(Serialize)]
pub struct List {
    items: Vec<ProductJson>,
    next_cursor: Option<String>,
    total: Total,
}

#[derive(Serialize)]
struct Total {
    value: i64,
    relation: &'static str,
}

impl ListQuery {
    /// Reads the words of an address.
    pub fn parse(&self) -> Result<Query, Error> {
        let status = match self.status.as_deref() {
            None => Status::All,
            Some(word) => Status::from_word(word)
                .ok_or_else(|| Error::invalid("status", "Choose one of all, active and inactive."))?,
        };
        let is_reversed = match self.sort.as_deref() {
            None | Some("sku") => false,
            Some("-sku") => true,
            Some(_) => {
                return Err(Error::invalid(
                    "sort",
                    "Products can be sorted by sku and, the other way round, -sku.",
                ));
            }
        };
        let cursor = self.cursor.as_deref().map(Cursor::decode).transpose()?;
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST_LIMIT);
        Ok(Query {
            status,
            is_reversed,
            cursor,
            limit,
        })
    }
}

/// `GET /products`.
pub async fn list(State(database): State<Database>, UrlQuery(query): UrlQuery<ListQuery>) -> Result<Json<List>, Error> {
    let query = query.parse()?;
    let page = list::page(&database.orm, &query).await?;
    let counts = counts::read(&database.pool).await?;
    Ok(Json(List {
        next_cursor: page.next.map(|cursor| cursor.encode()),
        items: page.products.into_iter().map(ProductJson::from).collect(),
        total: Total {
            value: of_status(counts, query.status),
            relation: "exact",
        },
    }))
}

/// `GET /products/{id}`.
pub async fn show(State(database): State<Database>, Path(id): Path<String>) -> Result<Json<ProductJson>, Error> {
    let unknown = || Error::NotFound("There is no such product. It may have been deleted.".into());
    let id: i64 = id.parse().map_err(|_| unknown())?;
    let product = Entity::find_by_id(id).one(&database.orm).await?.ok_or_else(unknown)?;
    Ok(Json(product.into()))
}

/// How many products have that status.
pub fn of_status(counts: Counts, status: Status) -> i64 {
    match status {
        Status::All => counts.all(),
        Status::Active => counts.active,
        Status::Inactive => counts.inactive,
    }
}
