//! Answers of the search against a plain scan, on tens of thousands of generated searches, and paging under change.

mod behind;
mod killing;
#[path = "../../benches/bench/many_scripts/mod.rs"]
mod many_scripts;
mod paging;
mod questions;
mod scan;
mod shop;
#[path = "../support/mod.rs"]
mod support;

use anyhow::{Context as _, bail, ensure};
use product_importer::catalog::{Filter, ListQuery, Page, Sort, Total};
use questions::Questions;
use scan::{Row, Scan};
use shop::{Kind, Shop, changed};
use std::collections::BTreeSet;
use support::catalogue::FileRow;

const PRODUCTS: u64 = 2_000;
const ROUNDS: u64 = 8;
const SEARCHES_PER_ROUND: usize = 1_000;
/// In MB: from so little that a step makes many segments to enough for one.
const MEMORIES: [u32; 3] = [1, 4, 128];
/// Of 100 searches, how many must find something: others prove little.
const FOUND_PERCENT: usize = 40;
/// Of 100 searches, how many are walked through to the end and back.
const WALKED_PERCENT: usize = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_words_are_found_as_by_a_scan() -> anyhow::Result<()> {
    compare(Kind::Sample, 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_scripts_are_found_as_by_a_scan() -> anyhow::Result<()> {
    compare(Kind::ManyScripts, 2).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_letters_are_found_as_by_a_scan() -> anyhow::Result<()> {
    compare(Kind::FewLetters, 3).await
}

/// Imports, changes, indexes now and then, and asks after each.
async fn compare(kind: Kind, seed: u64) -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let mut questions = Questions::new(seed);
    let rows = kind.rows(PRODUCTS, seed)?;
    for round in 0..ROUNDS {
        // The first rows again and again, and each time some new ones.
        let known = rows.len() * (round as usize + 2) / (ROUNDS as usize + 1);
        let mut file = changed(&rows[..known], seed * 100 + round, [100, 30, 3, 10][round as usize % 4]);
        file.extend_from_slice(&rows[rows.len().min(known)..rows.len().min(known + 50)]);
        shop.import(&file).await?;
        if questions.happens(30) {
            shop.index(MEMORIES[0]).await?;
        }
        edit_some(&shop, &mut questions, &rows, seed * 100 + round).await?;
        // Beyond that not every search scans what is not indexed, until the index has caught up.
        if shop.is_behind().await? || questions.happens(60) {
            shop.index(MEMORIES[questions.below(MEMORIES.len())]).await?;
        }
        if questions.happens(30) {
            shop.forget_ends().await?;
        }
        let scan = Scan::of(&shop.database.database.pool).await?;
        let asked = ask(&shop, &scan, &mut questions, SEARCHES_PER_ROUND).await;
        asked.with_context(|| format!("{kind:?}, round {round}, {} products", scan.rows().len()))?;
    }
    Ok(())
}

/// So few by hand that they stand for themselves, or so many that they need an index.
async fn edit_some(shop: &Shop, questions: &mut Questions, rows: &[FileRow], seed: u64) -> anyhow::Result<()> {
    let scan = Scan::of(&shop.database.database.pool).await?;
    let every = [7, 40, 400][questions.below(3)];
    let ids: Vec<i64> = scan.rows().map(|row| row.id).step_by(every).collect();
    shop.edit(&ids, rows, seed).await
}

async fn ask(shop: &Shop, scan: &Scan, questions: &mut Questions, searches: usize) -> anyhow::Result<()> {
    let rows: Vec<&Row> = scan.rows().collect();
    let mut found = 0;
    for _ in 0..searches {
        let (filter, sort) = (questions.filter(&rows), questions.sort());
        let expected = scan.answer(&filter, sort);
        found += usize::from(!expected.is_empty());
        let limit = 1 + questions.below(60);
        let walk = questions.happens(WALKED_PERCENT);
        check(shop, &filter, sort, limit, walk, &expected)
            .await
            .with_context(|| format!("{filter:?}, {} , {limit} a page", sort.to_word()))?;
    }
    ensure!(
        found * 100 >= searches * FOUND_PERCENT,
        "only {found} of {searches} found something"
    );
    Ok(())
}

/// The first page, or all of them to the end and back, and the total.
async fn check(
    shop: &Shop,
    filter: &Filter,
    sort: Sort,
    limit: usize,
    walk: bool,
    expected: &[&Row],
) -> anyhow::Result<()> {
    let mut query = ListQuery {
        filter: filter.clone(),
        sort,
        cursor: None,
        limit: limit as u64,
    };
    if walk {
        check_total(shop.count(filter).await?, expected.len() as i64).context("counted")?;
    }
    let pages: Vec<&[&Row]> = expected.chunks(limit).collect();
    let mut number = 0;
    loop {
        let page = shop.page(&query).await?;
        differ(pages.get(number).copied().unwrap_or_default(), &ids(&page))
            .with_context(|| format!("page {number}"))?;
        check_total(page.total, expected.len() as i64)?;
        ensure!(
            page.next.is_some() == (number + 1 < pages.len()),
            "next: {:?}",
            page.next
        );
        if !walk || page.next.is_none() {
            query.cursor = page.previous;
            break;
        }
        query.cursor = page.next;
        number += 1;
    }
    while query.cursor.is_some() {
        ensure!(number > 0, "there is no page before the first: {:?}", query.cursor);
        number -= 1;
        let page = shop.page(&query).await?;
        differ(pages[number], &ids(&page)).with_context(|| format!("back at page {number}"))?;
        query.cursor = page.previous;
    }
    ensure!(number == 0, "no page before page {number}");
    Ok(())
}

fn check_total(total: Total, expected: i64) -> anyhow::Result<()> {
    let is_right = if total.is_exact {
        total.value == expected
    } else {
        total.value <= expected
    };
    ensure!(is_right, "{total:?} of {expected}");
    Ok(())
}

fn ids(page: &Page) -> Vec<i64> {
    page.products.iter().map(|product| product.id).collect()
}

/// Tells which products are missing, too many or in another order.
fn differ(expected: &[&Row], found: &[i64]) -> anyhow::Result<()> {
    let wanted: Vec<i64> = expected.iter().map(|row| row.id).collect();
    if wanted == found {
        return Ok(());
    }
    let (wanted_set, found_set): (BTreeSet<_>, BTreeSet<_>) = (wanted.iter().collect(), found.iter().collect());
    let missing: Vec<&&Row> = expected.iter().filter(|row| !found_set.contains(&row.id)).collect();
    let surplus: Vec<_> = found_set.difference(&wanted_set).collect();
    bail!("missing: {missing:#?}\ntoo many: {surplus:?}\nexpected: {wanted:?}\nfound:    {found:?}")
}
