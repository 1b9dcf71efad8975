//! A backlog that was there before the worker: how fast it is sent, at what cost, and that nothing of it gets lost when
//! workers are killed.

use super::receiver::{Arrival, Receiver};
use crate::catalogues::{Catalogues, RUN};
use crate::programs::{Program, RECEIVERS_HERE, busy_seconds, cpu_seconds, fresh, transactions};
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Products in the backlog: each has as many changes as there are events for it.
const PRODUCTS: usize = 4_000;
const POLL: Duration = Duration::from_millis(100);
const KILL_EVERY: Duration = Duration::from_secs(1);

fn paths(webhooks: usize) -> Vec<String> {
    (0..webhooks).map(|number| format!("/{number}")).collect()
}

/// Events as changes write them, and a delivery of each to every webhook.
fn load(catalogues: &Catalogues<'_>, events: usize) -> Result<()> {
    let statement = format!(
        r#"WITH event AS (
             INSERT INTO webhook_events (id, product_id, product_version, type, changed, body)
             SELECT overlay(md5(number::text) PLACING lpad(to_hex(number), 8, '0') FROM 1 FOR 8)::uuid,
                    number % {PRODUCTS}, number / {PRODUCTS}, 'product.updated', '{{name}}',
                    '{{"type":"product.updated","timestamp":"2026-11-25T19:00:00.000000Z","data":{{"previous":'
                    || '{{"name":"The lamp of before"}},"product":{{"active":true,"created_at":'
                    || '"2026-11-20T10:00:00Z","description":"' || repeat('A lamp that lights a room. ', 12)
                    || '","id":"' || number % {PRODUCTS} || '","name":"The lamp of now","sku":"LAMP-' || number
                    || '","updated_at":"2026-11-25T19:00:00Z","version":' || number / {PRODUCTS} || '}}}}}}'
             FROM generate_series(0, {events} - 1) AS number RETURNING id, product_id
         )
         INSERT INTO webhook_deliveries (event_id, webhook_id, product_id)
         SELECT event.id, webhooks.id, product_id FROM event CROSS JOIN webhooks ORDER BY event.id, webhooks.id"#
    );
    catalogues.server.ask(RUN, &statement)?;
    catalogues.server.ask(RUN, "CHECKPOINT")?;
    Ok(())
}

/// How fast it is sent, and what that takes.
pub async fn drain(catalogues: &Catalogues<'_>, events: usize, webhooks: usize) -> Result<String> {
    let receiver = Receiver::start()?;
    fresh(
        catalogues,
        &paths(webhooks)
            .iter()
            .map(|path| receiver.url(path))
            .collect::<Vec<_>>(),
    )?;
    load(catalogues, events)?;
    let (before, busy) = (transactions(catalogues)?, busy_seconds()?);
    let receiving = cpu_seconds(receiver.id())?;
    let start = Instant::now();
    let worker = Program::worker(catalogues, RECEIVERS_HERE)?;
    let deliveries = events * webhooks;
    while receiver.count().await? < deliveries {
        tokio::time::sleep(POLL).await;
        ensure!(
            start.elapsed() < Duration::from_mins(5),
            "{} of {deliveries} arrived",
            receiver.count().await?
        );
    }
    let whole = start.elapsed().as_secs_f64();
    let (busy, sending) = (busy_seconds()? - busy, cpu_seconds(worker.id())?);
    let receiving = cpu_seconds(receiver.id())? - receiving;
    worker.stop()?;
    let statements = transactions(catalogues)? - before;
    let arrivals = receiver.take().await?;
    let [first, last] = [
        arrivals.iter().map(|a| a.micros).min(),
        arrivals.iter().map(|a| a.micros).max(),
    ]
    .map(Option::unwrap_or_default);
    let seconds = (last - first) as f64 / 1e6;
    check_order(&arrivals)?;
    Ok(format!(
        "Backlog of {deliveries} deliveries ({events} events to {webhooks} webhooks): {:.0} a second from the first \
         arrival to the last ({seconds:.2} s; {whole:.2} s from the start of the worker), {:.4} SQL statements a \
         delivery ({statements}), processor time {sending:.1} s worker, {receiving:.1} s receiver, {:.1} s the rest \
         (PostgreSQL); {} arrived more than once.",
        deliveries as f64 / seconds,
        statements as f64 / deliveries as f64,
        busy - sending - receiving,
        arrivals.len() - deliveries,
    ))
}

/// Workers are killed one after another until everything has arrived.
pub async fn kill(catalogues: &Catalogues<'_>, events: usize, webhooks: usize) -> Result<String> {
    let receiver = Receiver::start()?;
    let deliveries = events * webhooks;
    fresh(
        catalogues,
        &paths(webhooks)
            .iter()
            .map(|path| receiver.url(path))
            .collect::<Vec<_>>(),
    )?;
    load(catalogues, events)?;
    let start = Instant::now();
    let (mut doomed, mut next) = (
        Program::worker(catalogues, RECEIVERS_HERE)?,
        Program::worker(catalogues, RECEIVERS_HERE)?,
    );
    let (mut kills, mut arrivals) = (0, Vec::new());
    loop {
        tokio::time::sleep(KILL_EVERY).await;
        arrivals.extend(receiver.take().await?);
        let told: BTreeSet<(&str, &str)> = arrivals.iter().map(|a: &Arrival| (&*a.path, &*a.product)).collect();
        if told.len() == deliveries {
            break;
        }
        ensure!(
            start.elapsed() < Duration::from_mins(5),
            "{} of {deliveries} arrived",
            told.len()
        );
        doomed.kill()?;
        kills += 1;
        doomed = std::mem::replace(&mut next, Program::worker(catalogues, RECEIVERS_HERE)?);
    }
    let mut ids: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for arrival in &arrivals {
        ids.entry((&arrival.path, &arrival.product))
            .or_default()
            .insert(&arrival.id);
    }
    ensure!(
        ids.values().all(|ids| ids.len() == 1),
        "something arrived under two ids"
    );
    Ok(format!(
        "{deliveries} deliveries while a worker was killed every second ({kills} times, another one started at once, {:.1} s): \
         all arrived, {} of them more than once, always under the same id.",
        start.elapsed().as_secs_f64(),
        arrivals.len() - deliveries,
    ))
}

/// Of each product, each webhook was told in order.
fn check_order(arrivals: &[Arrival]) -> Result<()> {
    let mut last: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for arrival in arrivals {
        let Some((product, version)) = arrival.product.split_once(':') else {
            continue;
        };
        let version = version.parse::<u64>()? + 1;
        let before = last.insert((&arrival.path, product), version).unwrap_or(0);
        ensure!(
            version >= before,
            "version {version} of product {product} came after {before}"
        );
    }
    Ok(())
}
