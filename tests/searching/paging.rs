//! Paging while the catalogue changes: what does not change is met exactly once, in every order, there and back.

use crate::scan::{Row, Scan};
use crate::shop::{Kind, Shop, changed};
use crate::support::catalogue::FileRow;
use anyhow::{Context as _, ensure};
use product_importer::catalog::{Filter, ListQuery, SkuKey, Sort, SortBy};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Enough for one segment.
const MEMORY_MB: u32 = 128;
const PRODUCTS: u64 = 1_500;
/// Some more are changed before that is looked at again; up to 2,000 are found without an index.
const MOST_WAITING: i64 = 1_000;
const LIMIT: u64 = 40;
const ORDERS: [SortBy; 5] = [
    SortBy::Relevance,
    SortBy::Sku,
    SortBy::Name,
    SortBy::CreatedAt,
    SortBy::UpdatedAt,
];

/// What is searched for, and the orders of it: beginnings and pieces of many SKUs, names and words, so that every class of
/// relevance has products. Those of more than three letters are not decided by the index alone.
const SEARCHES: [(&str, &[SortBy]); 6] = [
    ("", &ORDERS),
    ("s", &ORDERS),
    ("in", &ORDERS),
    ("ing", &[SortBy::Relevance]),
    ("port", &[SortBy::Relevance]),
    ("a s", &[SortBy::Relevance]),
];

/// One product in three may change; the others are still.
struct Rows {
    all: Vec<FileRow>,
    restless: Vec<FileRow>,
    still_keys: BTreeSet<String>,
}

impl Rows {
    fn of(all: Vec<FileRow>) -> Self {
        let key = |row: &FileRow| SkuKey::of(&row.sku).as_str().to_owned();
        let restless_keys: BTreeSet<String> = all.iter().step_by(3).map(key).collect();
        let (restless, still): (Vec<FileRow>, Vec<FileRow>) =
            all.iter().cloned().partition(|row| restless_keys.contains(&key(row)));
        Self {
            still_keys: still.iter().map(key).collect(),
            restless,
            all,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_still_is_met_once_in_every_order() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let rows = Rows::of(Kind::Sample.rows(PRODUCTS, 5)?);
    shop.import(&rows.all).await?;
    shop.index(MEMORY_MB).await?;
    let scan = Scan::of(&shop.database.database.pool).await?;
    let is_over = Cell::new(false);
    let walking = async {
        let walked = walk_every_order(&shop, &scan, &rows).await;
        is_over.set(true);
        walked
    };
    let (walked, changes) = tokio::join!(walking, keep_changing(&shop, &rows, &is_over));
    walked?;
    ensure!(changes? > 5, "the catalogue stood still");
    Ok(())
}

/// Imports changes and new products, and indexes after some of them; answers how often.
async fn keep_changing(shop: &Shop, rows: &Rows, is_over: &Cell<bool>) -> anyhow::Result<u64> {
    let mut changes = 0;
    while !is_over.get() {
        changes += 1;
        let mut file = changed(&rows.restless, changes, 30);
        file.extend((0..5).map(|number| FileRow {
            sku: format!("{}-{changes}-{number}", rows.all[number * 200].sku),
            name: rows.all[number * 300 + 1].name.clone(),
            description: None,
            active: None,
        }));
        shop.import(&file).await?;
        shop.edit(&restless_ids(shop, rows).await?, &rows.restless, changes)
            .await?;
        if shop.waiting().await? > MOST_WAITING {
            shop.index(MEMORY_MB).await?;
        }
    }
    Ok(changes)
}

/// Some of those that may be changed by hand, or deleted.
async fn restless_ids(shop: &Shop, rows: &Rows) -> anyhow::Result<Vec<i64>> {
    let scan = Scan::of(&shop.database.database.pool).await?;
    let restless = scan.rows().filter(|row| !rows.still_keys.contains(&row.sku_key));
    Ok(restless.map(|row| row.id).step_by(60).collect())
}

async fn walk_every_order(shop: &Shop, scan: &Scan, rows: &Rows) -> anyhow::Result<()> {
    for (q, orders) in SEARCHES {
        let filter = Filter {
            q: q.to_owned(),
            ..Filter::default()
        };
        for by in orders.iter().copied() {
            for is_reversed in [false, true] {
                let sort = Sort { by, is_reversed };
                let still: Vec<&Row> = scan
                    .answer(&filter, sort)
                    .into_iter()
                    .filter(|row| rows.still_keys.contains(&row.sku_key))
                    .collect();
                ensure!(still.len() > 2 * LIMIT as usize, "{q:?} finds too few");
                walk(shop, &filter, sort, &still)
                    .await
                    .with_context(|| format!("{q:?} by {}", sort.to_word()))?;
            }
        }
    }
    Ok(())
}

/// To the end and back.
async fn walk(shop: &Shop, filter: &Filter, sort: Sort, still: &[&Row]) -> anyhow::Result<()> {
    let mut query = ListQuery {
        filter: filter.clone(),
        sort,
        cursor: None,
        limit: LIMIT,
    };
    let mut met = Vec::new();
    let last = loop {
        let page = shop.page(&query).await?;
        met.extend(page.products.iter().map(|product| product.id));
        if page.next.is_none() {
            break page;
        }
        query.cursor = page.next;
    };
    each_once(&met, still).context("there")?;
    let mut met: Vec<i64> = last.products.iter().rev().map(|product| product.id).collect();
    query.cursor = last.previous;
    while query.cursor.is_some() {
        let page = shop.page(&query).await?;
        met.extend(page.products.iter().rev().map(|product| product.id));
        query.cursor = page.previous;
    }
    met.reverse();
    each_once(&met, still).context("back")
}

/// Every still product was met once, and they were in order.
fn each_once(met: &[i64], still: &[&Row]) -> anyhow::Result<()> {
    let places: BTreeMap<i64, usize> = still.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
    let met: Vec<usize> = met.iter().filter_map(|id| places.get(id).copied()).collect();
    let expected: Vec<usize> = (0..still.len()).collect();
    if met != expected {
        let times = |place: usize| met.iter().filter(|other| **other == place).count();
        let wrong: Vec<_> = (0..still.len())
            .filter(|place| times(*place) != 1)
            .map(|place| (times(place), still[place]))
            .collect();
        anyhow::bail!("met so often instead of once (none: out of order): {wrong:#?}");
    }
    Ok(())
}
