//! How far the index is behind the catalogue, as an operator and the crew are told.

use crate::shop::{Kind, Shop};
use crate::support::process::{Process, program};
use product_importer::catalog::edit::{self, Patch};
use product_importer::catalog::{self, Filter, IndexBacklog, ListQuery, Search, Status, Step};
use product_importer::platform::database::for_pages;
use std::cell::Cell;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

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

/// Some of what matches would be left out without a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_in_part_is_neither_exported_nor_changed() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let (_web, address) = Process::serve(program(Some(&shop.database.url())).arg("web"))?;
    shop.import(&Kind::Sample.rows(PRODUCTS, 1)?).await?;
    let products = format!("{address}/api/v1/products");
    let export = async |query: &str| reqwest::get(format!("{products}/export.csv{query}")).await;
    let change = async || {
        let wanted = serde_json::json!({"action": "deactivate", "filter": {"q": "a"}, "expected": 0});
        let client = reqwest::Client::new();
        client.post(format!("{products}/changes")).json(&wanted).send().await
    };
    for answer in [export("?q=a").await?, change().await?] {
        assert_eq!(answer.status().as_u16(), 409);
        let told = answer.text().await?;
        assert!(told.contains("cannot all be found yet"), "{told}");
    }
    for query in ["", "?status=active"] {
        let lines = export(query).await?.error_for_status()?.text().await?;
        assert!(lines.lines().count() > PRODUCTS as usize / 2, "{query}");
    }
    shop.index(128).await?;
    export("?q=a").await?.error_for_status()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_by_hand_is_found_whatever_else_waits() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let database = &shop.database.database;
    shop.import(&Kind::Sample.rows(20, 1)?).await?;
    shop.index(128).await?;
    // More than a search looks at, and older.
    sqlx::query("INSERT INTO search_changes (products, sku_keys) SELECT 100, '{none}' FROM generate_series(1, 1500)")
        .execute(&database.pool)
        .await?;
    let id: i64 = sqlx::query_scalar("SELECT min(id) FROM products")
        .fetch_one(&database.pool)
        .await?;
    let patch = Patch {
        name: Some("Zyzzyva".into()),
        ..Patch::default()
    };
    let changed = edit::change(database, id, patch).await;
    assert!(changed.is_ok(), "{changed:?}");
    let filter = Filter {
        q: "zyzz".into(),
        ..Filter::default()
    };
    assert_eq!(shop.count(&filter).await?.value, 1);
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

/// Two thirds of a segment are dead, and what is left of it goes into a new one when nothing else waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_mostly_dead_is_compacted() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    let keys = indexed_keys(&shop).await?;
    let changed = keys.len() * 2 / 3;
    index_again(&shop, &keys[..changed]).await?;
    let segments = async || {
        let living = "SELECT (products - dead_products)::bigint, dead_products::bigint FROM search_segments ORDER BY 1";
        sqlx::query_as::<_, (i64, i64)>(living).fetch_all(pool).await
    };
    let (changed, left) = (changed as i64, (keys.len() - changed) as i64);
    assert_eq!(segments().await?, [(left, changed), (changed, 0)]);

    // Somebody's import is more urgent.
    sqlx::query("INSERT INTO search_changes (products) VALUES (5000)")
        .execute(pool)
        .await?;
    assert_eq!(catalog::compact_index(&shop.search).await?, Step::Busy);
    assert_eq!(segments().await?.len(), 2);
    sqlx::query("DELETE FROM search_changes").execute(pool).await?;

    while catalog::compact_index(&shop.search).await? == Step::Busy {
        tokio::task::yield_now().await;
    }
    assert_eq!(segments().await?, [(left, 0), (changed, 0)]);
    assert_eq!(catalog::compact_index(&shop.search).await?, Step::Idle);
    let filter = Filter::default();
    assert_eq!(shop.count(&filter).await?.value, changed + left);
    Ok(())
}

/// A few inactive products among many that are not indexed yet: nobody walks along all of them to list those.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rare_status_is_listed_while_the_index_is_behind() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    let query = ListQuery {
        filter: Filter {
            status: Status::Inactive,
            ..Filter::default()
        },
        limit: 50,
        ..ListQuery::default()
    };
    shop.import(&Kind::Sample.rows(10, 1)?).await?;
    for statement in [
        "UPDATE products SET active = false",
        "INSERT INTO product_count_changes (active_change, inactive_change) SELECT -count(*), count(*) FROM products",
    ] {
        sqlx::query(statement).execute(pool).await?;
    }
    shop.index(128).await?;
    shop.import(&Kind::Sample.rows(PRODUCTS, 2)?).await?;
    assert!(shop.waiting().await? > 2_000, "more than searches look at themselves");
    let page = shop.page(&query).await?;
    assert_eq!(
        (page.products.len(), page.total.value, page.total.is_exact),
        (10, 10, true)
    );
    assert!(page.products.is_sorted_by_key(|product| &product.sku_key));

    sqlx::query("INSERT INTO product_count_changes (active_change, inactive_change) VALUES (10, -10)")
        .execute(pool)
        .await?;
    sqlx::query("UPDATE products SET active = true").execute(pool).await?;
    assert!(shop.page(&query).await?.products.is_empty());
    Ok(())
}

/// The keys of products that are all in one segment.
async fn indexed_keys(shop: &Shop) -> anyhow::Result<Vec<String>> {
    shop.import(&Kind::Sample.rows(PRODUCTS, 1)?).await?;
    shop.index(128).await?;
    let keys = sqlx::query_scalar("SELECT sku_key FROM products ORDER BY sku_key");
    Ok(keys.fetch_all(&shop.database.database.pool).await?)
}

/// Changes products as another import does, and indexes them.
async fn index_again(shop: &Shop, keys: &[String]) -> anyhow::Result<()> {
    for statement in [
        "UPDATE products SET version = version + 1 WHERE sku_key BETWEEN $1 AND $2",
        "INSERT INTO search_changes (products, import_id, first_key, last_key) VALUES (1, 1, $1, $2)",
    ] {
        sqlx::query(statement)
            .bind(keys.first())
            .bind(keys.last())
            .execute(&shop.database.database.pool)
            .await?;
    }
    shop.index(128).await
}

/// As many imports leave it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_segments_are_made_into_one_when_nothing_else_is_to_be_done() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    let keys = indexed_keys(&shop).await?;
    for some in keys.chunks(keys.len().div_ceil(5)) {
        index_again(&shop, some).await?;
    }
    let segments = async || {
        let count = "SELECT count(*) FROM search_segments WHERE NOT set_aside";
        sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await
    };
    let filter = Filter::default();
    let before = shop.count(&filter).await?;
    assert!(segments().await? >= 5);
    while segments().await? > 1 {
        assert_ne!(catalog::compact_index(&shop.search).await?, Step::Idle);
    }
    assert_eq!(catalog::compact_index(&shop.search).await?, Step::Idle);
    assert_eq!(shop.count(&filter).await?, before);
    Ok(())
}

/// Each step leaves a segment that every search then looks at, so changes wait for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_by_hand_are_indexed_together() -> anyhow::Result<()> {
    const GATHERED_FOR: Duration = Duration::from_millis(400);
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    shop.import(&Kind::Sample.rows(50, 1)?).await?;
    shop.index(128).await?;
    let last_segment = async || {
        sqlx::query_scalar::<_, i64>("SELECT max(id) FROM search_segments")
            .fetch_one(pool)
            .await
    };
    let (before, began) = (last_segment().await?, Instant::now());
    let _worker = Process::start(program(Some(&shop.database.url())).arg("worker"))?;
    let id = sqlx::query_scalar("SELECT min(id) FROM products")
        .fetch_one(pool)
        .await?;
    let mut changes = 0;
    while last_segment().await? < before + 3 {
        let patch = Patch {
            name: Some(format!("changed {changes} times")),
            ..Patch::default()
        };
        let changed = edit::change(&shop.database.database, id, patch).await;
        assert!(changed.is_ok(), "{changed:?}");
        changes += 1;
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "nobody indexes {changes} changes"
        );
    }
    let steps = last_segment().await? - before;
    let most = began.elapsed().as_secs_f64() / GATHERED_FOR.as_secs_f64();
    assert!(steps as f64 <= most + 1.0, "{steps} steps in {:?}", began.elapsed());
    Ok(())
}

/// Else it would get ahead of the index, which gives way to the same pages, and nobody would find what it brought.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_pages_are_busy_a_merge_waits_for_the_index_but_not_for_ever() -> anyhow::Result<()> {
    const WAITS_FOR_INDEX: Duration = Duration::from_secs(2);
    let shop = Shop::open().await?;
    let pool = &shop.database.database.pool;
    let pages = for_pages(&shop.database.url(), 2, Duration::from_mins(10))?;
    let mut busy = JoinSet::new();
    for _ in 0..2 {
        let page = pages.pool.clone();
        busy.spawn(async move { sqlx::query("SELECT pg_sleep(600)").execute(&page).await });
    }
    shop.import(&Kind::Sample.rows(20, 0)?).await?;
    let asks = async || {
        let asks = "SELECT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE '%min(noted_at)%'
                        AND query NOT LIKE '%pg_stat_activity%')";
        sqlx::query_scalar::<_, bool>(asks).fetch_one(pool).await
    };
    // Imports while the first change has been waiting for so long, and tells how long it took once it looked at that. Whoever
    // cannot ask at once whether pages are busy does not, as where this machine is.
    let import_behind = async |waiting: &'static str| {
        loop {
            // Nobody indexes here.
            sqlx::query("UPDATE search_changes SET noted_at = clock_timestamp() - $1::interval")
                .bind(waiting)
                .execute(pool)
                .await?;
            let (began, is_over, has_asked) = (Instant::now(), Cell::new(false), Cell::new(false));
            let import = async {
                let imported = shop.import(&Kind::Sample.rows(20, 1)?).await;
                is_over.set(true);
                imported
            };
            let watch = async {
                while !is_over.get() {
                    has_asked.set(has_asked.get() || asks().await?);
                    sleep(Duration::from_millis(10)).await;
                }
                anyhow::Ok(())
            };
            tokio::try_join!(import, watch)?;
            if has_asked.get() {
                return anyhow::Ok(began.elapsed());
            }
        }
    };
    let limit = Duration::from_mins(3);
    timeout(limit, async {
        while import_behind("3 seconds").await? < WAITS_FOR_INDEX {}
        // One that is far behind is not waited for.
        while import_behind("1 minute").await? >= WAITS_FOR_INDEX {}
        anyhow::Ok(())
    })
    .await?
}
