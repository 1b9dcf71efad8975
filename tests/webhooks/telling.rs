//! What is told: events and deliveries as they are written with changes, before anybody sends them.

use crate::support::process::{Process, program};
use crate::support::served::Served;
use crate::{EVERYTHING, create, patch, send, webhook};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::Duration;

/// The events so far, and to how many webhooks each is told.
async fn told(pool: &PgPool) -> anyhow::Result<Vec<(Value, i64)>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT body, (SELECT count(*) FROM webhook_deliveries WHERE event_id = webhook_events.id)
         FROM webhook_events ORDER BY id",
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(body, count)| Ok((serde_json::from_str(&body)?, count)))
        .collect()
}

async fn types(pool: &PgPool) -> anyhow::Result<Vec<String>> {
    let told = told(pool).await?.into_iter();
    Ok(told
        .map(|(body, _)| body["type"].as_str().unwrap_or_default().to_owned())
        .collect())
}

/// Rows of a file.
fn rows(count: usize, name: &str) -> String {
    let rows: Vec<String> = (0..count).map(|number| format!("A-{number},{name}")).collect();
    rows.join("\n")
}

#[tokio::test]
async fn every_change_by_hand_is_told_with_what_it_changed() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let pool = &served.database.database.pool;
    create(&served, "before").await?;
    assert!(told(pool).await?.is_empty(), "nobody asked");
    webhook(pool, "http://127.0.0.1:9/", EVERYTHING).await?;

    let id = create(&served, "A-1").await?;
    let renamed = patch(&served, &id, json!({"name": "Lamp 2", "description": "bright"})).await?;
    patch(&served, &id, json!({"name": "Lamp 2"})).await?;
    patch(&served, &id, json!({"active": false})).await?;
    assert_eq!(
        send(&served, Method::DELETE, &format!("/products/{id}"), json!({}))
            .await?
            .0,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        send(&served, Method::PUT, &format!("/products/{id}/restoration"), json!({}))
            .await?
            .0,
        StatusCode::OK
    );

    let told = told(pool).await?;
    assert_eq!(
        types(pool).await?,
        [
            "product.created",
            "product.updated",
            "product.updated",
            "product.deleted",
            "product.created"
        ],
        "what changes nothing is not told"
    );
    assert_eq!(told[0].0["data"]["product"]["sku"], "A-1");
    assert_eq!(told[0].0["data"]["previous"], json!({}));
    assert_eq!(told[1].0["data"]["product"], renamed, "in the words of the API");
    assert_eq!(
        told[1].0["data"]["previous"],
        json!({"name": "Lamp", "description": ""})
    );
    assert_eq!(told[2].0["data"]["previous"], json!({"active": true}));
    let versions: Vec<&Value> = told
        .iter()
        .map(|(body, _)| &body["data"]["product"]["version"])
        .collect();
    assert_eq!(versions, [1, 2, 3, 4, 5], "so that a receiver can drop what is older");
    for (body, _) in &told {
        let timestamp = body["timestamp"].as_str().unwrap_or_default();
        assert!(chrono::DateTime::parse_from_rfc3339(timestamp).is_ok(), "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn webhooks_are_told_only_what_they_asked_for() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let pool = &served.database.database.pool;
    let all = webhook(pool, "http://127.0.0.1:9/all", EVERYTHING).await?;
    let deleted = webhook(pool, "http://127.0.0.1:9/deleted", &["product.deleted"]).await?;
    let names = webhook(pool, "http://127.0.0.1:9/names", &["product.updated"]).await?;
    let off = webhook(pool, "http://127.0.0.1:9/off", EVERYTHING).await?;
    let paused = webhook(pool, "http://127.0.0.1:9/paused", EVERYTHING).await?;
    sqlx::query("UPDATE webhooks SET only_fields = '{name}' WHERE id = $1")
        .bind(names)
        .execute(pool)
        .await?;
    sqlx::query("UPDATE webhooks SET enabled = false WHERE id = $1")
        .bind(off)
        .execute(pool)
        .await?;
    sqlx::query("UPDATE webhooks SET paused_at = now() WHERE id = $1")
        .bind(paused)
        .execute(pool)
        .await?;

    let id = create(&served, "A-1").await?;
    patch(&served, &id, json!({"name": "New", "description": "new"})).await?;
    patch(&served, &id, json!({"description": "newer", "sku": "A-2"})).await?;
    send(&served, Method::DELETE, &format!("/products/{id}"), json!({})).await?;

    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT webhook_id, string_agg(type, ' ' ORDER BY webhook_deliveries.id)
         FROM webhook_deliveries JOIN webhook_events ON webhook_events.id = event_id
         GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(pool)
    .await?;
    let everything = "product.created product.updated product.updated product.deleted";
    let expected = [
        (all, everything),
        (deleted, "product.deleted"),
        (names, "product.updated"),
        (paused, everything),
    ];
    assert_eq!(rows, expected.map(|(id, types)| (id, types.to_owned())));
    Ok(())
}

#[tokio::test]
async fn many_products_changed_at_once_are_told_one_by_one_and_everything_as_one() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let pool = &served.database.database.pool;
    let rows = rows(1_200, "Name");
    served.import(format!("sku,name\n{rows}")).await?;
    webhook(pool, "http://127.0.0.1:9/", EVERYTHING).await?;
    let change = json!({"action": "deactivate", "filter": {"status": "active"}, "expected": 1_200});
    let (status, change) = send(&served, Method::POST, "/products/changes", change).await?;
    assert!(status.is_success(), "{change}");
    let path = format!("/api/v1/products/changes/{}", change["id"].as_str().unwrap_or_default());
    let change = served.until(&path, |change| change["state"] == "done").await?;
    assert_eq!(change["changed"], 1_200);
    assert_eq!(types(pool).await?, vec!["product.updated"; 1_200]);

    let (status, answer) = send(&served, Method::DELETE, "/products?expected=1200", json!({})).await?;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, answer) = send(&served, Method::PUT, "/products/restoration", json!({})).await?;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let told = told(pool).await?.split_off(1_200);
    let told: Vec<_> = told
        .iter()
        .map(|(body, count)| (&body["type"], &body["data"], *count))
        .collect();
    let data = json!({"count": 1_200});
    assert_eq!(
        told,
        [
            (&json!("catalog.cleared"), &data, 1),
            (&json!("catalog.restored"), &data, 1)
        ]
    );
    Ok(())
}

#[tokio::test]
async fn an_import_tells_nobody() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let pool = &served.database.database.pool;
    webhook(pool, "http://127.0.0.1:9/", EVERYTHING).await?;
    for round in 0..2 {
        let rows = rows(10_000, &round.to_string());
        let import = served.import(format!("sku,name\n{rows}")).await?;
        assert_eq!(import["state"], "done", "{import}");
    }
    create(&served, "by hand").await?;
    assert_eq!(types(pool).await?, ["product.created"]);
    Ok(())
}

#[tokio::test]
async fn the_largest_products_are_told_within_the_limit() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let pool = &served.database.database.pool;
    webhook(pool, "http://127.0.0.1:9/", EVERYTHING).await?;
    let id = create(&served, "A-1").await?;
    for filling in ["\u{1f4a1}", "\u{2}"] {
        patch(&served, &id, json!({"description": filling.repeat(100_000)})).await?;
    }
    let rows: Vec<(i32, String)> = sqlx::query_as("SELECT octet_length(body), body FROM webhook_events ORDER BY id")
        .fetch_all(pool)
        .await?;
    assert!(rows.iter().all(|(bytes, _)| *bytes <= 256 * 1024));
    let last: Value = serde_json::from_str(&rows[2].1)?;
    assert_eq!(
        last["data"]["truncated"],
        json!(["previous.description", "product.description"])
    );
    Ok(())
}

/// A change and what is told of it happen both or not at all: before its commit, the process fails or is killed.
#[tokio::test]
async fn both_happen_or_neither() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let pool = &served.database.database.pool;
    webhook(pool, "http://127.0.0.1:9/", EVERYTHING).await?;
    let id = create(&served, "A-1").await?;
    for kind in ["error", "abort"] {
        let url = served.database.url();
        let fault = format!("edit.commit={kind}");
        let (mut doomed, address) =
            Process::serve(program(Some(&url)).arg("web").env("PRODUCT_IMPORTER_FAULT", fault))?;
        let changed = served
            .client
            .patch(format!("{address}/api/v1/products/{id}"))
            .json(&json!({"name": "New"}))
            .timeout(Duration::from_secs(20))
            .send()
            .await;
        if kind == "error" {
            assert_eq!(changed?.status(), StatusCode::INTERNAL_SERVER_ERROR);
        } else {
            assert!(changed.is_err() && !doomed.ended().await?.success());
        }
        let product = served.json(&format!("/api/v1/products/{id}")).await?;
        assert_eq!(
            (product["name"].as_str(), types(pool).await?.len()),
            (Some("Lamp"), 1),
            "{kind}"
        );
    }
    patch(&served, &id, json!({"name": "New"})).await?;
    assert_eq!(types(pool).await?, ["product.created", "product.updated"]);
    Ok(())
}
