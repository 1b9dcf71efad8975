//! Changes to many products: selected ones at once, what matches a filter by a worker that may be killed.

use crate::support::database::TestDatabase;
use crate::support::process::{Process, program};
use crate::support::served::Served;
use crate::{detail, filled, products, total};
use product_importer::catalog;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

const CHANGES: &str = "/api/v1/products/changes";

async fn post(served: &Served, body: &Value) -> anyhow::Result<(StatusCode, Value)> {
    told(served.client.post(served.url(CHANGES)).json(body).send().await?).await
}

async fn put(served: &Served, path: &str) -> anyhow::Result<(StatusCode, Value)> {
    told(served.client.put(served.url(path)).send().await?).await
}

async fn told(answer: Response) -> anyhow::Result<(StatusCode, Value)> {
    Ok((answer.status(), answer.json().await?))
}

fn path(change: &Value) -> String {
    format!("{CHANGES}/{}", change["id"].as_str().unwrap_or_default())
}

/// Waits until a change is over.
async fn over(served: &Served, change: &Value) -> anyhow::Result<Value> {
    served
        .until(&path(change), |change| {
            change["state"] != "queued" && change["state"] != "running"
        })
        .await
}

async fn some_ids(served: &Served, count: usize) -> anyhow::Result<Vec<String>> {
    let page = served.json(&format!("/api/v1/products?limit={count}")).await?;
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(items
        .iter()
        .filter_map(|item| Some(item["id"].as_str()?.to_owned()))
        .collect())
}

/// The counts that are kept are those of the products.
async fn check_counts(pool: &PgPool) -> anyhow::Result<()> {
    let counts = catalog::read_counts(pool).await?;
    let (active, inactive): (i64, i64) =
        sqlx::query_as("SELECT count(*) FILTER (WHERE active), count(*) FILTER (WHERE NOT active) FROM products")
            .fetch_one(pool)
            .await?;
    assert_eq!((counts.active, counts.inactive), (active, inactive));
    Ok(())
}

async fn edits(pool: &PgPool, action: &str) -> anyhow::Result<i64> {
    Ok(
        sqlx::query_scalar("SELECT count(*) FROM product_edits WHERE action = $1")
            .bind(action)
            .fetch_one(pool)
            .await?,
    )
}

#[tokio::test]
async fn selected_products_are_changed_at_once() -> anyhow::Result<()> {
    let served = filled(30).await?;
    let pool = &served.database.database.pool;
    let mut ids = some_ids(&served, 12).await?;
    ids.push("999999999".into());
    let (status, change) = post(&served, &json!({"action": "deactivate", "ids": ids})).await?;
    assert_eq!(status, StatusCode::OK, "{change}");
    assert_eq!(
        (&change["state"], &change["expected"]),
        (&json!("done"), &json!(13)),
        "{change}"
    );
    let changed = change["changed"].as_i64();
    assert!(
        changed > Some(0) && changed < Some(12),
        "some had been inactive before: {change}"
    );
    assert_eq!(Some(edits(pool, "changed").await?), changed);
    check_counts(pool).await?;
    let again = post(&served, &json!({"action": "deactivate", "ids": ids})).await?.1;
    assert_eq!(again["changed"], 0, "{again}");
    Ok(())
}

#[tokio::test]
async fn a_deletion_of_selected_products_is_undone_once() -> anyhow::Result<()> {
    let served = filled(30).await?;
    let pool = &served.database.database.pool;
    let before = served.json("/api/v1/products?limit=500").await?;
    let ids = some_ids(&served, 5).await?;
    let change = post(&served, &json!({"action": "delete", "ids": ids})).await?.1;
    assert_eq!(
        (&change["changed"], &change["can_be_undone"]),
        (&json!(5), &json!(true)),
        "{change}"
    );
    assert_eq!(total(&served).await?, 25);
    // One of the SKUs is taken meanwhile.
    let taken = before["items"][0]["sku"].as_str().unwrap_or_default();
    served.import(format!("sku,name\n{taken},another\n")).await?;
    let (status, undo) = put(&served, &format!("{}/restoration", path(&change))).await?;
    assert_eq!(status, StatusCode::OK, "{undo}");
    assert_eq!((&undo["done"], &undo["changed"]), (&json!(5), &json!(4)), "{undo}");
    assert_eq!(total(&served).await?, 30);
    let html = served
        .get(&format!(
            "/products/changes/{}",
            undo["id"].as_str().unwrap_or_default()
        ))
        .await?
        .text()
        .await?;
    assert!(html.contains("1 product could not be brought back"), "{html}");
    let again = put(&served, &format!("{}/restoration", path(&change))).await?.0;
    assert_eq!(again, StatusCode::CONFLICT);
    check_counts(pool).await
}

#[tokio::test]
async fn whoever_brings_a_few_back_is_told_how_it_ended() -> anyhow::Result<()> {
    let served = filled(30).await?;
    let pool = served.database.database.pool.clone();
    // A worker of another process, which takes whatever it sees, at once.
    let worker = tokio::spawn(async move {
        let claim =
            "UPDATE bulk_changes SET state = 'running', claim = gen_random_uuid(), lease_until = now() + interval '1 h'
             WHERE state = 'queued'";
        while let Ok(claimed) = sqlx::query(claim).execute(&pool).await {
            assert_eq!(claimed.rows_affected(), 0, "it saw one");
        }
    });
    for _ in 0..10 {
        let ids = some_ids(&served, 5).await?;
        let change = post(&served, &json!({"action": "delete", "ids": ids})).await?.1;
        let (status, undo) = put(&served, &format!("{}/restoration", path(&change))).await?;
        assert_eq!((status, &undo["state"]), (StatusCode::OK, &json!("done")), "{undo}");
    }
    assert!(!worker.is_finished());
    worker.abort();
    Ok(())
}

#[tokio::test]
async fn whoever_leaves_something_to_a_worker_is_told_so_however_quick_it_is() -> anyhow::Result<()> {
    let served = filled(30).await?;
    let pool = served.database.database.pool.clone();
    // As quick as a worker can be.
    let worker = tokio::spawn(async move {
        let end = "UPDATE bulk_changes SET state = 'done', finished_at = now() WHERE state = 'queued'";
        while sqlx::query(end).execute(&pool).await.is_ok() {}
    });
    let body = json!({"action": "activate", "filter": {}, "expected": 30});
    for _ in 0..10 {
        let (status, change) = post(&served, &body).await?;
        assert_eq!(
            (status, &change["state"]),
            (StatusCode::ACCEPTED, &json!("queued")),
            "{change}"
        );
    }
    worker.abort();
    Ok(())
}

#[tokio::test]
async fn what_was_done_to_many_is_listed_newest_first() -> anyhow::Result<()> {
    let served = filled(30).await?;
    let ids = some_ids(&served, 5).await?;
    let mut done = Vec::new();
    for action in ["activate", "deactivate", "delete"] {
        done.insert(0, post(&served, &json!({"action": action, "ids": ids})).await?.1);
    }
    let first = served.json(&format!("{CHANGES}?limit=2")).await?;
    assert_eq!(first["items"], json!(done[..2]));
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    let last = served.json(&format!("{CHANGES}?cursor={cursor}")).await?;
    assert_eq!(
        (&last["items"], &last["next_cursor"]),
        (&json!(done[2..]), &Value::Null)
    );
    let page = served.get("/products/changes").await?.text().await?;
    for shown in ["Deleted 5 products.", "5 products made inactive.", "/restoration"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    Ok(())
}

#[tokio::test]
async fn what_matches_is_changed_when_the_number_is_right() -> anyhow::Result<()> {
    let served = filled(3_000).await?;
    let pool = &served.database.database.pool;
    let request = |expected: i64| json!({"action": "activate", "filter": {"status": "inactive"}, "expected": expected});
    let (status, problem) = post(&served, &request(999)).await?;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(detail(&problem).contains("1,000 products match now"), "{problem}");
    let (status, change) = post(&served, &request(1_000)).await?;
    assert_eq!(status, StatusCode::ACCEPTED, "{change}");
    let change = over(&served, &change).await?;
    let counts = [&change["state"], &change["done"], &change["changed"]];
    assert_eq!(counts, [&json!("done"), &json!(1_000), &json!(1_000)], "{change}");
    assert_eq!(edits(pool, "changed").await?, 1_000);
    let counts = catalog::read_counts(pool).await?;
    assert_eq!((counts.active, counts.inactive), (3_000, 0));
    check_counts(pool).await
}

#[tokio::test]
async fn everything_that_matches_is_deleted_and_comes_back() -> anyhow::Result<()> {
    let served = filled(3_000).await?;
    let pool = &served.database.database.pool;
    let before = served.json("/api/v1/products?limit=1").await?["items"][0].take();
    let request = json!({"action": "delete", "filter": {"status": "active"}, "expected": 2_000});
    let change = post(&served, &request).await?.1;
    let change = over(&served, &change).await?;
    assert_eq!(
        (&change["changed"], &change["can_be_undone"]),
        (&json!(2_000), &json!(true)),
        "{change}"
    );
    assert_eq!(total(&served).await?, 1_000);
    let (status, undo) = put(&served, &format!("{}/restoration", path(&change))).await?;
    assert_eq!(status, StatusCode::ACCEPTED, "{undo}");
    let undo = over(&served, &undo).await?;
    assert_eq!(
        (&undo["state"], &undo["changed"]),
        (&json!("done"), &json!(2_000)),
        "{undo}"
    );
    assert_eq!(total(&served).await?, 3_000);
    let after = served.json("/api/v1/products?limit=1").await?["items"][0].take();
    assert_eq!((&after["id"], &after["name"]), (&before["id"], &before["name"]));
    check_counts(pool).await
}

#[tokio::test]
async fn an_undoing_that_was_stopped_goes_on() -> anyhow::Result<()> {
    let served = filled(3_000).await?;
    let pool = &served.database.database.pool;
    let request = json!({"action": "delete", "filter": {"status": "active"}, "expected": 2_000});
    let deletion = over(&served, &post(&served, &request).await?.1).await?;
    let restoration = format!("{}/restoration", path(&deletion));
    // Nothing can come back while somebody has what was deleted.
    let mut holding = pool.begin().await?;
    sqlx::query("LOCK TABLE deleted_products IN SHARE MODE")
        .execute(&mut *holding)
        .await?;
    let undo = put(&served, &restoration).await?.1;
    let (status, stopped) = put(&served, &format!("{}/cancellation", path(&undo))).await?;
    assert_eq!((status, &stopped["state"]), (StatusCode::OK, &json!("cancelled")));
    holding.rollback().await?;
    let page = served.get(&path(&undo).replace("/api/v1", "")).await?.text().await?;
    assert!(page.contains("Bring the rest back"), "{page}");

    let (status, again) = put(&served, &restoration).await?;
    assert_eq!((status, &again["id"]), (StatusCode::ACCEPTED, &undo["id"]), "{again}");
    let undo = over(&served, &again).await?;
    assert_eq!((&undo["state"], &undo["changed"]), (&json!("done"), &json!(2_000)));
    assert_eq!(total(&served).await?, 3_000);
    assert_eq!(put(&served, &restoration).await?.0, StatusCode::CONFLICT);
    check_counts(pool).await
}

/// A worker is killed at `place`; another one goes on, and no product is changed twice.
async fn killed(place: &str) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    products(&database.database, 3_000).await?;
    let (web, address) = Process::serve(program(Some(&database.url())).arg("web"))?;
    let mut doomed = Process::start(
        program(Some(&database.url()))
            .arg("worker")
            .env("PRODUCT_IMPORTER_FAULT", format!("{place}=abort")),
    )?;
    let served = Served {
        database,
        process: web,
        address,
        client: reqwest::Client::new(),
    };
    let request = json!({"action": "deactivate", "filter": {}, "expected": 3_000});
    let change = post(&served, &request).await?.1;
    assert!(!doomed.ended().await?.success(), "not killed at {place}");
    let died = served.json(&path(&change)).await?;
    assert_eq!(died["state"], "running", "{died}");
    let _heir = Process::start(program(Some(&served.database.url())).arg("worker"))?;
    let change = over(&served, &change).await?;
    let counts = [&change["state"], &change["done"], &change["changed"]];
    assert_eq!(counts, [&json!("done"), &json!(3_000), &json!(3_000)], "{change}");
    let pool = &served.database.database.pool;
    assert_eq!(edits(pool, "changed").await?, 3_000);
    let versions: Vec<i32> = sqlx::query_scalar("SELECT DISTINCT version FROM products")
        .fetch_all(pool)
        .await?;
    assert_eq!(versions, [2]);
    check_counts(pool).await
}

#[tokio::test]
async fn killed_in_a_piece() -> anyhow::Result<()> {
    killed("bulk_change.piece:3").await
}

#[tokio::test]
async fn killed_between_two_pieces() -> anyhow::Result<()> {
    killed("bulk_change.piece_committed:2").await
}

#[tokio::test]
async fn what_gets_no_further_fails_and_says_why() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    products(&database.database, 10).await?;
    let (process, address) = Process::serve(
        program(Some(&database.url()))
            .arg("serve")
            .env("PRODUCT_IMPORTER_FAULT", "bulk_change.piece=error"),
    )?;
    let served = Served {
        database,
        process,
        address,
        client: reqwest::Client::new(),
    };
    let request = json!({"action": "delete", "filter": {}, "expected": 10});
    let change = post(&served, &request).await?.1;
    let change = over(&served, &change).await?;
    assert_eq!(
        (&change["state"], &change["changed"]),
        (&json!("failed"), &json!(0)),
        "{change}"
    );
    let told = change["error"].as_str().unwrap_or_default();
    assert!(told.contains("tried 5 times") && !told.contains("fault"), "{told}");
    assert_eq!(total(&served).await?, 10);
    Ok(())
}

#[tokio::test]
async fn a_change_that_is_cancelled_leaves_the_rest_alone() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    products(&served.database.database, 2_000).await?;
    let request = json!({"action": "delete", "filter": {}, "expected": 2_000});
    let change = post(&served, &request).await?.1;
    assert_eq!(change["state"], "queued", "{change}");
    let (status, cancelled) = put(&served, &format!("{}/cancellation", path(&change))).await?;
    assert_eq!((status, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
    let again = put(&served, &format!("{}/cancellation", path(&change))).await?.0;
    assert_eq!(again, StatusCode::CONFLICT);
    let _worker = Process::start(program(Some(&served.database.url())).arg("worker"))?;
    let request = json!({"action": "deactivate", "filter": {}, "expected": 2_000});
    let other = post(&served, &request).await?.1;
    let other = over(&served, &other).await?;
    assert_eq!(other["changed"], 2_000, "the cancelled one went on: {other}");
    Ok(())
}

#[tokio::test]
async fn what_comes_after_the_question_is_left_alone() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    products(&served.database.database, 1_200).await?;
    let request = json!({"action": "delete", "filter": {}, "expected": 1_200});
    let change = post(&served, &request).await?.1;
    assert_eq!(change["state"], "queued", "{change}");
    // Between the first products in the order of the change, and behind them.
    sqlx::query(
        "INSERT INTO products (sku, sku_key, name)
         SELECT sku, sku, 'late' FROM (SELECT 'sku-1-' || number AS sku FROM generate_series(1, 700) AS number) AS made",
    )
    .execute(&served.database.database.pool)
    .await?;
    let _worker = Process::start(program(Some(&served.database.url())).arg("worker"))?;
    let change = over(&served, &change).await?;
    assert_eq!(
        (&change["state"], &change["done"], &change["changed"]),
        (&json!("done"), &json!(1_200), &json!(1_200)),
        "{change}"
    );
    let left: Vec<(String, i64)> = sqlx::query_as("SELECT name, count(*) FROM products GROUP BY 1")
        .fetch_all(&served.database.database.pool)
        .await?;
    assert_eq!(left, [("late".to_owned(), 700)]);
    Ok(())
}

#[tokio::test]
async fn products_changed_by_others_meanwhile_are_changed_once_and_nothing_hangs() -> anyhow::Result<()> {
    let served = filled(4_000).await?;
    let pool = &served.database.database.pool;
    let request = json!({"action": "deactivate", "filter": {}, "expected": 4_000});
    let change = post(&served, &request).await?.1;
    // The same products are written by an import at the same time.
    let rows: Vec<String> = (0..4_000)
        .map(|number| format!("A-{number},Another {number}\n"))
        .collect();
    let rows = rows.concat();
    let import = served.import(format!("sku,name\n{rows}")).await?;
    assert_eq!(
        (&import["state"], &import["updated"]),
        (&json!("done"), &json!(4_000)),
        "{import}"
    );
    let change = over(&served, &change).await?;
    assert_eq!(
        (&change["state"], &change["done"]),
        (&json!("done"), &json!(4_000)),
        "{change}"
    );
    let names: i64 = sqlx::query_scalar("SELECT count(*) FROM products WHERE name LIKE 'Another %'")
        .fetch_one(pool)
        .await?;
    assert_eq!(names, 4_000);
    check_counts(pool).await
}

#[tokio::test]
async fn forms_lead_back_to_where_they_stood() -> anyhow::Result<()> {
    let served = filled(3).await?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let form = async |path: &str, body: String| -> anyhow::Result<String> {
        let request = client.post(served.url(path)).body(body);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.header("Referer", served.url("/products?q=a")).send().await?;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        Ok(answer.headers()["location"].to_str()?.to_owned())
    };
    let ids = some_ids(&served, 1).await?.concat();
    let list = form("/products/changes", format!("action=deactivate&ids={ids}")).await?;
    assert_eq!(list, "/products?q=a");
    let request = json!({"action": "deactivate", "filter": {}, "expected": 3});
    let change = over(&served, &post(&served, &request).await?.1).await?;
    let page = format!("/products/changes/{}", change["id"].as_str().unwrap_or_default());
    // Somebody stops what has just ended.
    assert_eq!(form(&format!("{page}/cancellation"), String::new()).await?, page);
    Ok(())
}

#[tokio::test]
async fn forms_lead_on_without_scripts() -> anyhow::Result<()> {
    let served = filled(30).await?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let form = async |path: &str, body: String, json: bool| -> anyhow::Result<Response> {
        let request = client.post(served.url(path)).body(body);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let request = if json {
            request.header("Accept", "application/json")
        } else {
            request
        };
        Ok(request.send().await?)
    };
    let ids = some_ids(&served, 2).await?.join("&ids=");
    let answer = form("/products/changes", format!("action=delete&ids={ids}"), false).await?;
    assert_eq!(
        (answer.status(), &answer.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/products".parse()?)
    );
    assert!(
        answer.headers().contains_key("set-cookie"),
        "nothing tells what was done"
    );

    let queued = form(
        "/products/changes",
        "action=activate&filter=1&status=all&expected=28".into(),
        false,
    )
    .await?;
    let page = queued.headers()["location"].to_str()?.to_owned();
    assert_eq!(queued.status(), StatusCode::SEE_OTHER);
    served
        .until(&format!("/api/v1{page}"), |change| change["state"] == "done")
        .await?;
    let html = served.get(&page).await?.text().await?;
    assert!(html.contains("made active"), "{html}");

    let (status, told) =
        told(form("/products/changes", "action=delete&filter=1&expected=28".into(), true).await?).await?;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        told["location"],
        format!("/products/changes/{}", told["id"].as_str().unwrap_or_default())
    );
    for bad in ["action=delete", "action=sell&ids=1", "action=delete&filter=1"] {
        let answer = form("/products/changes", bad.into(), true).await?;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert_eq!(
        form("/products/changes/77/cancellation", String::new(), false)
            .await?
            .status(),
        StatusCode::NOT_FOUND
    );
    Ok(())
}
