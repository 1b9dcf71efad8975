//! Changes by hand are told to webhooks: each once, all of them, in order, whatever is killed, slow or gone.

mod failing;
mod killing;
mod order;
mod receiver;
#[path = "../support/mod.rs"]
mod support;
mod sweeping;
mod telling;
mod work;

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use support::served::Served;

const EVERYTHING: &[&str] = &[
    "product.created",
    "product.updated",
    "product.deleted",
    "catalog.cleared",
    "catalog.restored",
];

/// A webhook that asks for those events, and gives its id.
async fn webhook(pool: &PgPool, url: &str, events: &[&str]) -> anyhow::Result<i64> {
    // What is not encrypted begins with a zero.
    let secret = [&[0], &[7_u8; 24][..]].concat();
    let id = sqlx::query_scalar("INSERT INTO webhooks (url, events, secret) VALUES ($1, $2, $3) RETURNING id")
        .bind(url)
        .bind(events)
        .bind(secret)
        .fetch_one(pool)
        .await?;
    Ok(id)
}

async fn send(served: &Served, method: Method, path: &str, body: Value) -> anyhow::Result<(StatusCode, Value)> {
    let request = served.client.request(method, served.url(&format!("/api/v1{path}")));
    let answer = request.json(&body).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text)?
    };
    Ok((status, body))
}

async fn create(served: &Served, sku: &str) -> anyhow::Result<String> {
    let (status, product) = send(served, Method::POST, "/products", json!({"sku": sku, "name": "Lamp"})).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{product}");
    Ok(product["id"].as_str().context("no id")?.to_owned())
}

async fn patch(served: &Served, id: &str, body: Value) -> anyhow::Result<Value> {
    let (status, product) = send(served, Method::PATCH, &format!("/products/{id}"), body).await?;
    anyhow::ensure!(status == StatusCode::OK, "{product}");
    Ok(product)
}
