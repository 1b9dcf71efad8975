//! What a search must answer, by looking at every product: the rule at the top of
//! `src/catalog/search/terms.rs` in the plainest words.
//!
//! Nothing here is taken from the program but the key of a SKU, which is stored with the product.

use chrono::{DateTime, Utc};
use icu_casemap::CaseMapper;
use product_importer::catalog::{Filter, Sort, SortBy};
use sqlx::PgPool;
use std::cmp::Ordering;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// A product as it is in the table.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Row {
    pub id: i64,
    pub sku: String,
    pub sku_key: String,
    pub name: String,
    pub description: String,
    pub active: bool,
    pub import_id: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A product with its texts folded.
struct Folded {
    row: Row,
    sku: String,
    name: Text,
    description: Text,
}

/// A folded text and where its words begin.
struct Text {
    folded: String,
    beginnings: Vec<usize>,
}

/// A term, and the products that have it: how well.
type Found = HashMap<usize, u8>;

/// The catalogue at one moment.
pub struct Scan {
    products: Vec<Folded>,
}

impl Scan {
    pub async fn of(pool: &PgPool) -> anyhow::Result<Self> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, sku, sku_key, name, description, active, import_id, created_at, updated_at FROM products
             ORDER BY id",
        )
        .fetch_all(pool)
        .await?;
        let products = rows.into_iter().map(|row| Folded {
            sku: fold(row.sku.trim()),
            name: Text::of(&row.name),
            description: Text::of(&row.description),
            row,
        });
        Ok(Self {
            products: products.collect(),
        })
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.products.iter().map(|product| &product.row)
    }

    /// Every product that is meant, in order.
    pub fn answer(&self, filter: &Filter, sort: Sort) -> Vec<&Row> {
        let matching = self.matching(&filter.q);
        let mut answer: Vec<(u8, &Folded)> = matching
            .into_iter()
            .map(|(place, class)| (class, &self.products[place]))
            .filter(|(_, product)| is_let_through(&product.row, filter))
            .collect();
        answer.sort_by(|(class, product), (other_class, other)| {
            let order = compare(sort.by, (*class, product), (*other_class, other));
            if sort.is_reversed { order.reverse() } else { order }
        });
        answer.into_iter().map(|(_, product)| &product.row).collect()
    }

    /// The places of the products that match, each with its class.
    fn matching(&self, q: &str) -> Found {
        let folded = fold(q);
        let terms: Vec<&str> = folded.split_whitespace().collect();
        if terms.is_empty() {
            return (0..self.products.len()).map(|place| (place, 0)).collect();
        }
        let key = CaseMapper::new().fold_string(q.trim()).into_owned();
        let mut found = Found::new();
        for (place, product) in self.products.iter().enumerate() {
            let mut classes = terms.iter().map(|term| product.class(term));
            if product.row.sku_key == key {
                found.insert(place, 0);
            } else if let Some(worst) = classes.try_fold(1, |worst, class| Some(worst.max(class?))) {
                found.insert(place, worst);
            }
        }
        found
    }
}

impl Folded {
    /// 1 where the SKU begins with the term, 2 in the name or inside the SKU, 3 in the description.
    fn class(&self, term: &str) -> Option<u8> {
        let may_be_inside = term.chars().count() >= 3;
        if self.sku.starts_with(term) {
            Some(1)
        } else if may_be_inside && (self.sku.contains(term) || self.name.folded.contains(term))
            || self.name.has_word_from(term)
        {
            Some(2)
        } else {
            self.description.has_word_from(term).then_some(3)
        }
    }
}

impl Text {
    fn of(text: &str) -> Self {
        let folded = fold(text);
        let beginnings = folded.unicode_word_indices().map(|(start, _)| start).collect();
        Self { folded, beginnings }
    }

    fn has_word_from(&self, term: &str) -> bool {
        // Most texts do not have it anywhere.
        self.folded.contains(term)
            && self
                .beginnings
                .iter()
                .any(|start| self.folded[*start..].starts_with(term))
    }
}

fn is_let_through(row: &Row, filter: &Filter) -> bool {
    filter.status.as_active().is_none_or(|active| row.active == active)
        && filter.changed_since.is_none_or(|since| row.updated_at >= since)
        && filter.changed_before.is_none_or(|before| row.updated_at < before)
        && filter.import_id.is_none_or(|import| row.import_id == Some(import))
}

fn compare(by: SortBy, (class, one): (u8, &Folded), (other_class, other): (u8, &Folded)) -> Ordering {
    let order = match by {
        SortBy::Relevance => class.cmp(&other_class),
        SortBy::Sku => Ordering::Equal,
        SortBy::Name => one.name.folded.cmp(&other.name.folded),
        SortBy::CreatedAt => one.row.created_at.cmp(&other.row.created_at),
        SortBy::UpdatedAt => one.row.updated_at.cmp(&other.row.updated_at),
    };
    order.then_with(|| one.row.sku_key.cmp(&other.row.sku_key))
}

/// Decomposed for compatibility, without marks, without case.
pub fn fold(text: &str) -> String {
    let bare: String = text.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
    CaseMapper::new().fold_string(&bare).into_owned()
}
