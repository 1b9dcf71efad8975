//! How far the index is behind the catalogue, as an operator and the crew are told.

use crate::shop::{Kind, Shop};
use crate::support::process::{Process, program};
use product_importer::catalog::{self, IndexBacklog, Search, Step};
use std::time::Duration;

const PRODUCTS: u64 = 2_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_the_index_is_told_until_it_is_there() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    // Nobody indexes here: there is no worker.
    let (_web, address) = Process::serve(program(Some(&shop.database.url())).arg("web"))?;
    let notice = async || anyhow::Ok(reqwest::get(format!("{address}/imports/running")).await?.text().await?);
    assert_eq!(catalog::index_backlog(pool).await?, IndexBacklog::default());
    assert_eq!(notice().await?.trim(), "");

    shop.import(&Kind::Sample.rows(PRODUCTS, 1)?).await?;
    let backlog = catalog::index_backlog(pool).await?;
    assert_eq!(backlog.products, shop.waiting().await?);
    assert!(backlog.is_noticed() && backlog.waiting > Duration::ZERO, "{backlog:?}");
    let told = notice().await?;
    assert!(told.contains("products are being made searchable."), "{told}");
    sqlx::query("UPDATE search_changes SET noted_at = noted_at - interval '10 minutes'")
        .execute(pool)
        .await?;
    let told = notice().await?;
    assert!(told.contains("waiting for 10 min"), "{told}");

    shop.index(128).await?;
    assert_eq!(catalog::index_backlog(pool).await?, IndexBacklog::default());
    assert_eq!(notice().await?.trim(), "");
    Ok(())
}

/// A segment has room for about a quarter of them, and each step may fold what the one before has made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_changes_than_a_segment_has_room_for_come_to_an_end() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    shop.import(&Kind::Sample.rows(PRODUCTS, 1)?).await?;
    shop.index(128).await?;
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM products").fetch_all(pool).await?;
    sqlx::query("INSERT INTO search_changes (products, product_ids) VALUES ($1, $2)")
        .bind(ids.len() as i64)
        .bind(&ids)
        .execute(pool)
        .await?;
    let mut search = Search::new(shop.database.database.clone(), 1);
    search.index_bytes = 16 * 1024;
    assert_eq!(catalog::index_changes(&search).await?, Step::Done(ids.len() as u64));
    assert_eq!(catalog::index_changes(&search).await?, Step::Idle);
    let segments: Vec<i32> =
        sqlx::query_scalar("SELECT products - dead_products FROM search_segments WHERE NOT set_aside")
            .fetch_all(pool)
            .await?;
    assert!(segments.len() > 2, "{segments:?}");
    assert_eq!(segments.iter().sum::<i32>() as usize, ids.len());
    Ok(())
}
