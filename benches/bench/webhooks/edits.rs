//! Changes by hand over the API: when they arrive, and what they cost whoever makes them.

use super::receiver::{Arrival, Receiver, now_micros};
use crate::catalogues::{Catalogues, RUN};
use crate::programs::{Program, RECEIVERS_HERE, fresh};
use crate::report::Latency;
use crate::upload::succeeded;
use anyhow::Result;
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

const PRODUCTS: usize = 500;
const WARM_UP: Duration = Duration::from_secs(2);
const SETTLE: Duration = Duration::from_secs(2);

/// A change that was made.
struct Edit {
    product: String,
    sent: u128,
    answered: u128,
    took: Duration,
}

/// So many changes a second for a time, whatever the answers take.
async fn edit(address: &str, per_second: u32, time: Duration) -> Result<Vec<Edit>> {
    let client = Client::new();
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    let (start, mut edits) = (Instant::now(), JoinSet::new());
    let mut number = 0_usize;
    while start.elapsed() < time {
        ticks.tick().await;
        number += 1;
        let url = format!("{address}/api/v1/products/{}", number % PRODUCTS + 1);
        let request = client
            .patch(url)
            .json(&json!({"name": format!("Name {}", now_micros())}));
        edits.spawn(async move {
            let (sent, since) = (now_micros(), Instant::now());
            let product: Value = succeeded(request.send().await?).await?.json().await?;
            let product = format!("{}:{}", product["id"].as_str().unwrap_or_default(), product["version"]);
            anyhow::Ok(Edit {
                product,
                sent,
                answered: now_micros(),
                took: since.elapsed(),
            })
        });
    }
    edits.join_all().await.into_iter().collect()
}

/// A shop with products and webhooks, and its address.
async fn open(catalogues: &Catalogues<'_>, urls: &[String]) -> Result<(Program, Program, String)> {
    fresh(catalogues, urls)?;
    let products = format!(
        "WITH made AS (
             INSERT INTO products (sku, sku_key, name, description)
             SELECT 'sku-' || number, 'sku-' || number, 'name', repeat('A lamp that lights a room. ', 12)
             FROM generate_series(1, {PRODUCTS}) AS number RETURNING 1
         ) INSERT INTO product_count_changes (active_change, inactive_change) SELECT count(*), 0 FROM made"
    );
    catalogues.server.ask(RUN, &products)?;
    let (web, address) = Program::web(catalogues, RECEIVERS_HERE)?;
    let worker = Program::worker(catalogues, RECEIVERS_HERE)?;
    edit(&address, 20, WARM_UP).await?;
    tokio::time::sleep(SETTLE).await;
    Ok((web, worker, address))
}

/// From commit to arrival, at so many changes a second and five webhooks, all well or one of them hanging.
pub async fn latency(
    catalogues: &Catalogues<'_>,
    per_second: u32,
    time: Duration,
    hangs: bool,
) -> Result<Vec<Latency>> {
    let receiver = Receiver::start()?;
    let fifth = if hangs { "/hang/4" } else { "/4" };
    let urls = ["/0", "/1", "/2", "/3", fifth].map(|path| receiver.url(path));
    let (web, worker, address) = open(catalogues, &urls).await?;
    receiver.take().await?;
    let edits = edit(&address, per_second, time).await?;
    tokio::time::sleep(SETTLE).await;
    let arrivals = receiver.take().await?;
    let by_product: HashMap<&str, &Edit> = edits.iter().map(|edit| (&*edit.product, edit)).collect();
    let well: Vec<&Arrival> = arrivals
        .iter()
        .filter(|arrival| arrival.path.len() == 2 && arrival.path != "/4")
        .collect();
    anyhow::ensure!(
        well.len() >= 4 * edits.len(),
        "{} of {} arrived",
        well.len(),
        4 * edits.len()
    );
    let since = |began: fn(&Edit) -> u128| -> Vec<Duration> {
        let took = well.iter().filter_map(|arrival| {
            let edit = by_product.get(&*arrival.product)?;
            Some(Duration::from_micros(arrival.micros.saturating_sub(began(edit)) as u64))
        });
        took.collect()
    };
    let scenario = format!(
        "{per_second} changes/s, 5 webhooks{}",
        if hangs { ", one hangs" } else { "" }
    );
    worker.stop()?;
    web.stop()?;
    Ok(vec![
        Latency::of(
            &scenario,
            "request sent to arrival",
            edits.len(),
            &since(|edit| edit.sent),
        ),
        Latency::of(
            &scenario,
            "answered to arrival",
            edits.len(),
            &since(|edit| edit.answered),
        ),
    ])
}

/// What a change takes whoever makes it, with so many webhooks that are well or hang.
pub async fn cost(
    catalogues: &Catalogues<'_>,
    webhooks: usize,
    time: Duration,
    hangs: bool,
) -> Result<(String, Vec<Duration>)> {
    let receiver = Receiver::start()?;
    let place = if hangs { "/hang" } else { "" };
    let urls: Vec<String> = (0..webhooks)
        .map(|number| receiver.url(&format!("{place}/{number}")))
        .collect();
    let (web, worker, address) = open(catalogues, &urls).await?;
    let edits = edit(&address, 10, time).await?;
    worker.stop()?;
    web.stop()?;
    let scenario = format!(
        "PATCH, 10/s, {webhooks} webhooks{}",
        if hangs { " that hang" } else { "" }
    );
    Ok((scenario, edits.into_iter().map(|edit| edit.took).collect()))
}
