//! How far the index is behind the catalogue, as an operator and the crew are told.

use crate::shop::{Kind, Shop};
use crate::support::process::{Process, program};
use product_importer::catalog::{self, IndexBacklog};
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
