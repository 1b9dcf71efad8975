//! `/api/v1/products`: looking at products.

use super::filter::{Filter, Sort, Status};
use super::list::{self, Cursor, Query, Total};
use super::product::{Entity, ProductJson, parse_id, unknown};
use super::search::Search;
use crate::http::{Error, paging};
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Path, Query as UrlQuery, State};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};

const MOST_LIMIT: u64 = 500;

/// What an address asks for. Empty words count as left out, as forms send them.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// What is searched for.
    #[param(max_length = 500, example = "garden lamp")]
    pub q: String,
    /// `all`, `active` or `inactive`.
    #[param(inline, value_type = Status)]
    pub status: String,
    /// Changed then or later: a day (`2026-11-22`, UTC) or a time (RFC 3339).
    #[param(example = "2026-11-22")]
    pub changed_since: String,
    /// Changed before then.
    #[param(example = "2026-11-22T08:30:00Z")]
    pub changed_before: String,
    /// The import that added them or was the last to change them, whatever was done to them by hand since.
    pub import: String,
    /// `relevance`, `sku`, `name`, `created_at` or `updated_at`; a leading `-` reverses.
    #[param(
        pattern = "^(-?(relevance|sku|name|created_at|updated_at))?$",
        example = "-updated_at"
    )]
    pub sort: String,
    /// How many products a page has at most: 50 unless said, never more than 500.
    #[param(value_type = u64, example = 50)]
    pub limit: String,
    /// Where the page begins, from an earlier answer.
    pub cursor: String,
}

/// A page of products.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductList)]
pub struct List {
    items: Vec<ProductJson>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
    total: TotalJson,
}

/// How many products match.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Total)]
struct TotalJson {
    /// So many, or at least so many.
    value: i64,
    /// `exact`, or `at_least` where counting on would have made you wait.
    #[schema(pattern = "^(exact|at_least)$")]
    relation: &'static str,
}

impl ListQuery {
    /// Reads the words of an address.
    pub fn parse(&self) -> Result<Query, Error> {
        let filter = self.filter()?;
        let sort = match self.sort.as_str() {
            "" => Sort::usual(&filter),
            word => Sort::from_word(word).ok_or_else(|| {
                Error::invalid(
                    "sort",
                    "Products can be sorted by relevance, sku, name, created_at or updated_at; a - before it reverses.",
                )
            })?,
        };
        let cursor = Some(&self.cursor).filter(|cursor| !cursor.is_empty());
        let cursor = cursor.map(|cursor| Cursor::decode(cursor, sort)).transpose()?;
        let limit = paging::limit(&self.limit, MOST_LIMIT)?;
        Ok(Query {
            filter,
            sort,
            cursor,
            limit,
        })
    }

    /// The same list from another place on.
    #[must_use]
    pub fn at(&self, cursor: &str) -> Self {
        Self {
            cursor: cursor.to_owned(),
            ..self.clone()
        }
    }

    /// The address of the page that shows it, without what is left out.
    pub fn address(&self) -> String {
        let words = [
            ("q", &self.q),
            ("status", &self.status),
            ("changed_since", &self.changed_since),
            ("changed_before", &self.changed_before),
            ("import", &self.import),
            ("sort", &self.sort),
            ("limit", &self.limit),
            ("cursor", &self.cursor),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(words.into_iter().filter(|(_, value)| !value.is_empty()));
        match query.finish() {
            query if query.is_empty() => "/products".to_owned(),
            query => format!("/products?{query}"),
        }
    }

    /// Reads what narrows the list.
    pub fn filter(&self) -> Result<Filter, Error> {
        let status = match self.status.as_str() {
            "" => Status::All,
            word => Status::from_word(word)
                .ok_or_else(|| Error::invalid("status", "Choose one of all, active and inactive."))?,
        };
        let import_id = match self.import.as_str() {
            "" => None,
            id => Some(
                id.parse()
                    .map_err(|_| Error::invalid("import", "There is no such import."))?,
            ),
        };
        let filter = Filter {
            q: self.q.clone(),
            status,
            changed_since: moment("changed_since", &self.changed_since)?,
            changed_before: moment("changed_before", &self.changed_before)?,
            import_id,
        };
        filter.check()?;
        Ok(filter)
    }
}

impl From<&Filter> for ListQuery {
    /// The words of an address that mean the same products.
    fn from(filter: &Filter) -> Self {
        let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        Self {
            q: filter.q.clone(),
            status: filter.status.only().unwrap_or_default().to_owned(),
            changed_since: time(filter.changed_since).unwrap_or_default(),
            changed_before: time(filter.changed_before).unwrap_or_default(),
            import: filter.import_id.map(|id| id.to_string()).unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// A day or a time of an address.
fn moment(field: &str, text: &str) -> Result<Option<DateTime<Utc>>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = text
        .parse::<NaiveDate>()
        .map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let time = day.or_else(|_| DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()));
    time.map(Some)
        .map_err(|_| Error::invalid(field, "Give a day like 2026-11-22 or a time like 2026-11-22T08:30:00Z."))
}

impl From<Total> for TotalJson {
    fn from(total: Total) -> Self {
        Self {
            value: total.value,
            relation: if total.is_exact { "exact" } else { "at_least" },
        }
    }
}

/// Finds products
///
/// Every word of `q` has to be found: inside the SKU or the name (three letters or more), or at the beginning of the
/// SKU or of a word of the name or the description. Case and accents do not count. Without `q`, all products.
/// Without `sort`, the best match comes first, or without `q` the lowest SKU.
#[utoipa::path(
    get,
    path = "/products",
    operation_id = "list_products",
    tag = "Products",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of the list.", body = List),
        (status = 422, description = "A word of the address is none; `errors` names it."),
    )
)]
pub async fn list(State(search): State<Search>, UrlQuery(query): UrlQuery<ListQuery>) -> Result<Json<List>, Error> {
    let query = query.parse()?;
    let page = list::page(&search, &query).await?;
    Ok(Json(List {
        next_cursor: page.next.map(|cursor| cursor.encode(query.sort)),
        items: page.products.into_iter().map(ProductJson::from).collect(),
        total: page.total.into(),
    }))
}

/// Shows one product
#[utoipa::path(
    get,
    path = "/products/{id}",
    operation_id = "show_product",
    tag = "Products",
    params(("id" = String, Path, description = "The product's id.")),
    responses(
        (status = 200, description = "The product.", body = ProductJson),
        (status = 404, description = "There is no such product; it may have been deleted."),
    )
)]
pub async fn show(State(database): State<Database>, Path(id): Path<String>) -> Result<Json<ProductJson>, Error> {
    let product = Entity::find_by_id(parse_id(&id)?).one(&database.orm).await?;
    let product = product.ok_or_else(unknown)?;
    Ok(Json(product.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_page_keeps_what_was_asked_for() {
        assert_eq!(ListQuery::default().address(), "/products");
        let asked = ListQuery {
            q: "a&b ü".into(),
            sort: "-sku".into(),
            ..ListQuery::default()
        };
        assert_eq!(
            asked.at("YWs").address(),
            "/products?q=a%26b+%C3%BC&sort=-sku&cursor=YWs"
        );
    }

    #[test]
    fn a_filter_becomes_the_words_it_was_read_from() {
        for address in [
            "/products",
            "/products?q=garden+lamp&status=inactive&import=7",
            "/products?changed_since=2026-11-22T08%3A30%3A00Z&changed_before=2026-11-23T00%3A00%3A00.250Z",
        ] {
            let UrlQuery(asked) = UrlQuery::<ListQuery>::try_from_uri(&address.parse().unwrap()).unwrap();
            assert_eq!(ListQuery::from(&asked.filter().unwrap()).address(), address);
        }
    }

    #[test]
    fn days_and_times_are_read() {
        let since = |text: &str| moment("changed_since", text).map(|moment| moment.map(|moment| moment.timestamp()));
        assert_eq!(since("1970-01-02").unwrap(), Some(86_400));
        assert_eq!(since("1970-01-01T01:00:00+01:00").unwrap(), Some(0));
        assert_eq!(since("").unwrap(), None);
        assert!(since("yesterday").is_err());
    }
}
