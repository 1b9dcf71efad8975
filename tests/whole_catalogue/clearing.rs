//! Deleting everything at once: while others read, edit and import, killed midway, and undone.

use crate::support::database::TestDatabase;
use crate::support::process::{Process, program};
use crate::support::served::{Served, is_over};
use crate::{csv, detail, filled, products, total};
use product_importer::catalog::{self, ClearingError, Filter, Search};
use product_importer::imports;
use product_importer::platform::database::Database;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, PgPool};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

async fn clear(served: &Served, query: &str) -> anyhow::Result<(StatusCode, Value)> {
    swapped(async || {
        let answer = served.client.delete(served.url(&format!("/api/v1/products{query}")));
        answer.send().await
    })
    .await
}

async fn restore(served: &Served) -> anyhow::Result<(StatusCode, Value)> {
    swapped(async || {
        served
            .client
            .put(served.url("/api/v1/products/restoration"))
            .send()
            .await
    })
    .await
}

/// Asks again for as long as PostgreSQL's housekeeping is in the way, which lets go late on a slow machine.
async fn swapped(ask: impl AsyncFn() -> reqwest::Result<Response>) -> anyhow::Result<(StatusCode, Value)> {
    let asking = async {
        loop {
            let answer = ask().await?;
            let (status, told): (_, Value) = (answer.status(), answer.json().await?);
            if !detail(&told).starts_with("Somebody is reading the whole catalogue") {
                return anyhow::Ok((status, told));
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await?
}

/// Clears the catalogue beside PostgreSQL's housekeeping, which lets go of it late on a slow machine.
async fn cleared(database: &Database, expected: i64) -> anyhow::Result<i64> {
    let cleared = not_in_use(async || catalog::clear(database, expected).await).await?;
    Ok(cleared.map_err(told)?.all())
}

/// The same, brought back.
async fn restored(database: &Database) -> anyhow::Result<i64> {
    not_in_use(async || catalog::restore(database).await)
        .await?
        .map_err(told)
}

/// Tries until nobody is in the way.
async fn not_in_use<T>(swap: impl AsyncFn() -> Result<T, ClearingError>) -> anyhow::Result<Result<T, ClearingError>> {
    let trying = async {
        loop {
            match swap().await {
                Err(ClearingError::InUse) => {}
                swapped => return swapped,
            }
        }
    };
    Ok(tokio::time::timeout(PATIENCE, trying).await?)
}

async fn ids(pool: &PgPool) -> anyhow::Result<BTreeSet<i64>> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM products").fetch_all(pool).await?;
    Ok(ids.into_iter().collect())
}

#[tokio::test]
async fn everything_goes_and_comes_back() -> anyhow::Result<()> {
    let served = filled(120).await?;
    let before = served.json("/api/v1/products?limit=200").await?;
    assert_eq!(clear(&served, "").await?.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        clear(&served, "?expected=all").await?.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let (status, problem) = clear(&served, "?expected=119").await?;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(detail(&problem).contains("120 products"), "{problem}");
    assert_eq!(
        restore(&served).await?.0,
        StatusCode::CONFLICT,
        "there was nothing to restore"
    );

    let (status, answer) = clear(&served, "?expected=120").await?;
    assert_eq!(
        (status, &answer["deleted"]),
        (StatusCode::OK, &Value::from(120)),
        "{answer}"
    );
    assert_eq!(total(&served).await?, 0);
    let found = async || anyhow::Ok(served.json("/api/v1/products?q=a-99").await?["total"]["value"].take());
    assert_eq!(found().await?, 0);
    assert_eq!(
        clear(&served, "?expected=0").await?.1["deleted"],
        0,
        "nothing is not much to delete"
    );

    let (status, answer) = restore(&served).await?;
    assert_eq!(
        (status, &answer["restored"]),
        (StatusCode::OK, &Value::from(120)),
        "{answer}"
    );
    assert_eq!(served.json("/api/v1/products?limit=200").await?, before);
    assert_eq!(found().await?, 1);
    assert_eq!(restore(&served).await?.0, StatusCode::CONFLICT, "it was undone already");
    Ok(())
}

#[tokio::test]
async fn after_an_upload_nothing_comes_back_and_no_id_is_used_twice() -> anyhow::Result<()> {
    let served = filled(120).await?;
    let pool = &served.database.database.pool;
    let first = ids(pool).await?;
    clear(&served, "?expected=120").await?;
    let import = served.import(csv("B", 50)).await?;
    assert_eq!(import["created"], 50, "{import}");
    let second = ids(pool).await?;
    assert!(first.is_disjoint(&second), "an id was given twice");
    let (status, problem) = restore(&served).await?;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(detail(&problem).contains("has products again"), "{problem}");

    // The earlier one is gone now, and the later one comes back.
    assert_eq!(clear(&served, "?expected=50").await?.0, StatusCode::OK);
    assert_eq!(restore(&served).await?.1["restored"], 50);
    assert_eq!(ids(pool).await?, second);
    let import = served.import(csv("C", 10)).await?;
    assert_eq!(import["created"], 10, "{import}");
    assert!(ids(pool).await?.difference(&second).all(|id| !first.contains(id)));
    Ok(())
}

#[tokio::test]
async fn nothing_is_cleared_while_an_import_is_being_merged_even_by_a_dead_worker() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let (web, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let served = Served {
        database,
        process: web,
        address,
        client: reqwest::Client::new(),
    };
    let mut doomed = Process::start(
        program(Some(&served.database.url()))
            .arg("worker")
            .env("PRODUCT_IMPORTER_FAULT", "merging.batch_committed:1=abort"),
    )?;
    let path = served.send(csv("A", 30_000)).await?;
    doomed.ended().await?;
    let there = total(&served).await?;
    assert!(there.as_i64() > Some(0), "nothing was merged yet");
    let (status, problem) = clear(&served, &format!("?expected={there}")).await?;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(detail(&problem).contains("import is being added"), "{problem}");

    let cancel = served.client.put(served.url(&format!("{path}/cancellation")));
    cancel.send().await?.error_for_status()?;
    assert_eq!(clear(&served, &format!("?expected={there}")).await?.0, StatusCode::OK);
    assert_eq!(restore(&served).await?.1["restored"], there);
    Ok(())
}

#[tokio::test]
async fn an_import_that_is_over_is_no_longer_in_the_way() -> anyhow::Result<()> {
    let served = filled(10).await?;
    let failed = served.import("sku\nA\n").await?;
    assert_eq!(failed["state"], "failed", "{failed}");
    let merging: i64 = sqlx::query_scalar("SELECT count(*) FROM catalogue_merges")
        .fetch_one(&served.database.database.pool)
        .await?;
    assert_eq!(merging, 0);
    // A process of another version may have left one behind.
    sqlx::query("INSERT INTO catalogue_merges (import_id) SELECT id FROM imports")
        .execute(&served.database.database.pool)
        .await?;
    assert_eq!(clear(&served, "?expected=10").await?.0, StatusCode::CONFLICT);
    imports::end_forgotten_merges(&served.database.database.pool).await?;
    assert_eq!(clear(&served, "?expected=10").await?.0, StatusCode::OK);
    Ok(())
}

/// A connection in the middle of reading the whole catalogue, under that name.
async fn reader(database: &TestDatabase, name: &str) -> anyhow::Result<PgConnection> {
    let mut connection = PgConnection::connect(&database.url()).await?;
    sqlx::query("SELECT set_config('application_name', $1, false)")
        .bind(name)
        .execute(&mut connection)
        .await?;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM products")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

#[tokio::test]
async fn whoever_reads_everything_is_waited_for_but_not_for_long() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    products(&database.database, 1000).await?;
    let reader = reader(&database, "a backup").await?;
    let refused = tokio::time::timeout(PATIENCE, catalog::clear(&database.database, 1000)).await?;
    assert!(matches!(refused, Err(ClearingError::InUse)), "{refused:?}");
    assert_eq!(ids(&database.database.pool).await?.len(), 1000);
    reader.close().await?;
    assert_eq!(cleared(&database.database, 1000).await?, 1000);
    Ok(())
}

#[tokio::test]
async fn a_clearing_that_is_refused_lets_go_of_nothing() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    products(&database.database, 300).await?;
    let first = ids(pool).await?;
    let search = Search::new(database.database.clone(), 128);
    catalog::index_changes(&search).await?;
    cleared(&database.database, 300).await?;
    products(&database.database, 20).await?;
    catalog::index_changes(&search).await?;
    let reader = reader(&database, "a backup").await?;
    let refused = catalog::clear(&database.database, 20).await;
    assert!(matches!(refused, Err(ClearingError::InUse)), "{refused:?}");
    reader.close().await?;
    assert_eq!(catalog::kept(pool).await?.map(|kept| kept.products()), Some(300));

    // Deleted one by one, the second catalogue is no longer in the way of the first.
    for id in ids(pool).await? {
        catalog::edit::delete(&database.database, id)
            .await
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    }
    assert_eq!(restored(&database.database).await?, 300);
    assert_eq!(ids(pool).await?, first);
    let filter = Filter {
        q: "sku-299".into(),
        ..Filter::default()
    };
    let found = catalog::count(&search, &filter, None).await;
    assert_eq!(found.map_err(|error| anyhow::anyhow!("{error:?}"))?.value, 1);
    Ok(())
}

#[tokio::test]
async fn of_an_index_that_is_forgotten_nothing_stays() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    let search = Search::new(database.database.clone(), 128);
    let segments = async || -> anyhow::Result<(i64, i64)> {
        let counts = "SELECT (SELECT count(*) FROM search_segments),
                             (SELECT count(DISTINCT segment_id) FROM search_columns)";
        Ok(sqlx::query_as(counts).fetch_one(pool).await?)
    };
    for _ in 0..3 {
        products(&database.database, 300).await?;
        catalog::index_changes(&search).await?;
        cleared(&database.database, 300).await?;
    }
    assert_eq!(segments().await?, (1, 3), "only the last can come back");
    catalog::sweep_cleared(pool).await?;
    assert_eq!(segments().await?, (1, 1));
    assert_eq!(restored(&database.database).await?, 300);
    catalog::sweep_cleared(pool).await?;
    assert_eq!(segments().await?, (1, 1));
    Ok(())
}

#[tokio::test]
async fn the_step_that_indexes_gives_way() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    products(&database.database, 1000).await?;
    let mut step = reader(&database, "search index 1").await?;
    assert_eq!(cleared(&database.database, 1000).await?, 1000);
    assert!(step.ping().await.is_err(), "it was not ended");
    Ok(())
}

#[tokio::test]
async fn readers_and_editors_beside_it_lose_nothing() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    products(&database.database, 2000).await?;
    let other = database.another().await?;
    let stop = tokio::sync::watch::channel(false);
    let mut beside = tokio::task::JoinSet::new();
    for task in 0..4 {
        let (pool, stopped) = (other.pool.clone(), stop.1.clone());
        beside.spawn(async move {
            let mut longest = Duration::ZERO;
            let mut number = 0;
            while !*stopped.borrow() {
                number += 1;
                let since = Instant::now();
                edit(&pool, task, number).await?;
                sqlx::query("SELECT id, sku, name FROM products ORDER BY sku_key LIMIT 50")
                    .fetch_all(&pool)
                    .await?;
                longest = longest.max(since.elapsed());
            }
            anyhow::Ok(longest)
        });
    }
    for _ in 0..10 {
        let here = catalog::read_counts(&database.database.pool).await?.all();
        match not_in_use(async || catalog::clear(&database.database, here).await).await? {
            Ok(_) | Err(ClearingError::OtherCount(_)) => {}
            Err(error) => return Err(told(error)),
        }
        match not_in_use(async || catalog::restore(&database.database).await).await? {
            Ok(_) | Err(ClearingError::NotEmpty | ClearingError::NothingKept) => {}
            Err(error) => return Err(told(error)),
        }
    }
    stop.0.send(true)?;
    while let Some(longest) = beside.join_next().await {
        println!("the longest wait: {:?}", longest??);
    }
    let counts = catalog::read_counts(&database.database.pool).await?.all();
    assert_eq!(counts, ids(&database.database.pool).await?.len() as i64);
    Ok(())
}

/// Adds a product, as an edit by hand does it.
async fn edit(pool: &PgPool, task: usize, number: usize) -> anyhow::Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query("INSERT INTO products (sku, sku_key, name) VALUES ($1, $1, 'by hand')")
        .bind(format!("task-{task}-{number}"))
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO product_count_changes (active_change, inactive_change) VALUES (1, 0)")
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

#[allow(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn told(error: ClearingError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

#[tokio::test]
async fn killed_midway_nothing_is_lost() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    products(&database.database, 300).await?;
    for place in ["clearing.commit", "restoration.commit"] {
        let (mut web, address) = Process::serve(
            program(Some(&database.url()))
                .arg("web")
                .env("PRODUCT_IMPORTER_FAULT", format!("{place}=abort")),
        )?;
        let before = catalog::read_counts(&database.database.pool).await?;
        let client = reqwest::Client::new();
        let request = match place {
            "clearing.commit" => client.delete(format!("{address}/api/v1/products?expected=300")),
            _ => client.put(format!("{address}/api/v1/products/restoration")),
        };
        assert!(request.send().await.is_err(), "{place} was not reached");
        web.ended().await?;
        assert_eq!(catalog::read_counts(&database.database.pool).await?, before);
        assert_eq!(ids(&database.database.pool).await?.len() as i64, before.all());
        if place == "clearing.commit" {
            cleared(&database.database, 300).await?;
        } else {
            assert_eq!(restored(&database.database).await?, 300);
        }
    }
    Ok(())
}

#[tokio::test]
async fn after_a_day_it_is_gone_for_good() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    products(&database.database, 300).await?;
    cleared(&database.database, 300).await?;
    catalog::sweep_cleared(pool).await?;
    assert!(catalog::restorable(pool).await?.is_some());
    sqlx::query("UPDATE clearings SET cleared_at = cleared_at - interval '24 hours'")
        .execute(pool)
        .await?;
    let late = catalog::restore(&database.database).await;
    assert!(matches!(late, Err(ClearingError::NothingKept)), "{late:?}");
    catalog::sweep_cleared(pool).await?;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM cleared.products")
        .fetch_one(pool)
        .await?;
    assert_eq!(left, 0);
    Ok(())
}

/// A later migration must change both or neither; and a swap takes indexes along.
#[tokio::test]
async fn the_catalogue_and_its_twin_are_alike() -> anyhow::Result<()> {
    const SHAPE: &str = "
        SELECT 'column ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' || attstorage::text
               || ' ' || coalesce(pg_get_expr(adbin, adrelid), '') || ' ' || attcollation::regcollation
        FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = to_regclass($1) AND attnum > 0
        UNION ALL
        SELECT 'index ' || replace(pg_get_indexdef(indexrelid), indrelid::regclass::text, 'products')
        FROM pg_index WHERE indrelid = to_regclass($1)
        UNION ALL
        SELECT 'options ' || coalesce(reloptions::text, '') FROM pg_class WHERE oid = to_regclass($1)
        UNION ALL
        SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgrelid = to_regclass($1)
        UNION ALL
        SELECT 'constraint ' || conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass($1)
        ORDER BY 1";
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    let shape = async |table: &str| -> anyhow::Result<Vec<String>> {
        let shape: Vec<String> = sqlx::query_scalar(SHAPE).bind(table).fetch_all(pool).await?;
        Ok(shape
            .iter()
            .map(|line| line.replace("public.products", "products"))
            .collect())
    };
    let before = shape("products").await?;
    assert!(before.len() > 13, "{before:?}");
    assert_eq!(shape("cleared.products").await?, before);
    products(&database.database, 3).await?;
    cleared(&database.database, 3).await?;
    assert_eq!(shape("products").await?, before);
    assert_eq!(shape("cleared.products").await?, before);
    Ok(())
}

#[tokio::test]
async fn a_file_that_waits_for_a_worker_has_to_be_cancelled_first() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    products(&served.database.database, 12).await?;
    let sent = served.client.post(served.url("/api/v1/imports?filename=late.csv"));
    let sent = sent.header("Content-Type", "text/csv").body(csv("L", 3)).send().await?;
    assert_eq!(sent.json::<Value>().await?["state"], "queued");
    let answer = served.client.post(served.url("/products/clearing"));
    let answer = answer.header("Content-Type", "application/x-www-form-urlencoded");
    let answer = answer.body("expected=12&typed=12").send().await?;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let html = answer.text().await?;
    assert!(
        html.contains("late.csv") && html.contains("Cancel the import and go on"),
        "{html}"
    );
    assert_eq!(total(&served).await?, 12);
    Ok(())
}

#[tokio::test]
async fn the_page_asks_for_the_number_and_leads_to_a_fresh_upload() -> anyhow::Result<()> {
    let served = filled(1200).await?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let post = async |path: &str, body: &str| -> anyhow::Result<Response> {
        let request = client.post(served.url(path));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        Ok(request.body(body.to_owned()).send().await?)
    };
    let html = served.get("/products/clearing").await?.text().await?;
    assert!(
        html.contains("Delete all 1,200 products?") && html.contains("<html"),
        "{html}"
    );
    let answer = post("/products/clearing", "expected=1200&typed=120").await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().await?.contains("Type 1,200 to confirm."));
    let answer = post("/products/clearing", "expected=12&typed=12").await?;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.text().await?.contains("1,200 products now"));

    let answer = post("/products/clearing", "expected=1200&typed=1%2C200").await?;
    assert_eq!(
        (answer.status(), &answer.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/imports".parse()?)
    );
    let html = served.get("/imports").await?.text().await?;
    assert!(
        html.contains("Deleted 1,200 products") && html.contains("action=\"/products/restoration\""),
        "{html}"
    );
    let html = served.get("/products").await?.text().await?;
    assert!(
        html.contains("Deleted 1,200 products") && html.contains("Your catalogue is empty"),
        "{html}"
    );
    let answer = post("/products/restoration", "").await?;
    assert_eq!(
        (answer.status(), &answer.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/products".parse()?)
    );
    assert_eq!(total(&served).await?, 1200);
    assert!(
        !served
            .get("/imports")
            .await?
            .text()
            .await?
            .contains("/products/restoration")
    );
    Ok(())
}

#[tokio::test]
async fn the_page_wants_running_imports_to_end_first() -> anyhow::Result<()> {
    let served = filled(3).await?;
    sqlx::query(
        "INSERT INTO imports (filename, source, mode, new_status, state, phase, started_at, lease_until)
         VALUES ('spring.csv', 'terminal', 'overwrite', 'active', 'running', 'reading', now(), now() + interval '1 hour')",
    )
    .execute(&served.database.database.pool)
    .await?;
    let html = served.get("/products/clearing").await?.text().await?;
    assert!(
        html.contains("spring.csv") && !html.contains("name=\"typed\""),
        "{html}"
    );
    let form = |path: &str, body: &'static str| {
        let request = served.client.post(served.url(path)).header("X-Fragment", "1");
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
    };
    let refused = form("/products/clearing", "expected=3&typed=3").await?;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let id = html
        .split("name=\"imports\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    assert_eq!(id, Some("2"));
    let again = form("/products/clearing/cancellations", "imports=2")
        .await?
        .text()
        .await?;
    assert!(again.contains("name=\"typed\"") && !again.contains("<html"), "{again}");
    assert!(is_over(&served.json("/api/v1/imports/2").await?));
    let done = form("/products/clearing", "expected=3&typed=3").await?;
    assert_eq!(
        (done.status(), &done.headers()["location"]),
        (StatusCode::NO_CONTENT, &"/imports".parse()?)
    );
    Ok(())
}
