//! Workers that are killed, stopped, or thought dead: nothing is lost, and nobody writes what is not his to write.

use crate::receiver::{Arrival, Receiver, Reply};
use crate::work::Shop;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_lose_nothing() -> anyhow::Result<()> {
    const EVENTS: usize = 400;
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|_, _| Reply::After(Duration::from_millis(5), 200)).await?;
    for path in ["/a", "/b"] {
        shop.webhook(&receiver.url(path)).await?;
    }
    shop.products(EVENTS).await?;
    for _ in 0..4 {
        let arrived = receiver.arrivals().len();
        let mut worker = shop.worker()?;
        // Or a slow machine has let it send everything.
        let is_enough = |arrivals: &[Arrival]| {
            let sent = || -> BTreeSet<_> { arrivals.iter().map(|arrival| (&arrival.path, &arrival.id)).collect() };
            arrivals.len() >= arrived + 60 || sent().len() == 2 * EVENTS
        };
        receiver.until(is_enough).await?;
        worker.kill()?;
        // Instead of waiting for the leases to run out.
        shop.update("UPDATE webhook_lanes SET lease_until = now() - interval '1 second'")
            .await?;
    }
    let _worker = shop.worker()?;
    shop.until("SELECT NOT EXISTS (SELECT FROM webhook_deliveries WHERE state <> 'delivered')")
        .await?;
    for path in ["/a", "/b"] {
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for arrival in receiver.of(path) {
            ids.entry(arrival.product()["sku"].to_string())
                .or_default()
                .insert(arrival.id);
        }
        assert_eq!(ids.len(), EVENTS, "all have arrived at {path}");
        assert!(
            ids.values().all(|ids| ids.len() == 1),
            "what arrives twice has the same id"
        );
    }
    Ok(())
}

/// A worker that stood still finds its lane taken: what it has to say is not written over what the new holder does.
#[tokio::test(flavor = "multi_thread")]
async fn a_stale_worker_overwrites_nothing() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|_, _| Reply::Waiting(200)).await?;
    shop.webhook(&receiver.url("/")).await?;
    shop.story("A-1", 1).await?;
    let mut worker = shop.worker()?;
    receiver.until(|arrivals| arrivals.len() == 1).await?;
    // Without a ring: the worker does not notice before it writes.
    let taken = sqlx::query(
        "UPDATE webhook_lanes SET claim = '00000000-0000-4000-8000-000000000001',
                lease_until = now() + interval '1 hour'",
    );
    assert_eq!(taken.execute(shop.pool()).await?.rows_affected(), 1);
    receiver.go_on();
    receiver.until(|arrivals| arrivals[0].is_answered).await?;
    // It writes down what it has before it ends.
    assert!(worker.terminate()?.success());
    assert!(
        shop.holds(
            "SELECT state = 'pending' AND attempts = 0 AND finished_at IS NULL
                    AND NOT EXISTS (SELECT FROM webhook_attempts) FROM webhook_deliveries"
        )
        .await?
    );
    assert!(
        shop.holds("SELECT claim = '00000000-0000-4000-8000-000000000001' FROM webhook_lanes")
            .await?
    );

    shop.update("UPDATE webhook_lanes SET lease_until = now()").await?;
    let _heir = shop.worker()?;
    let arrivals = receiver.until(|arrivals| arrivals.len() == 2).await?;
    assert_eq!(arrivals[0].id, arrivals[1].id);
    shop.until("SELECT state = 'delivered' AND attempts = 1 FROM webhook_deliveries")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_stopped_gives_everything_back() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let hanging = Receiver::start(|_, _| Reply::Waiting(200)).await?;
    let taking = Receiver::taking().await?;
    shop.webhook(&hanging.url("/")).await?;
    shop.webhook(&taking.url("/")).await?;
    shop.products(30).await?;
    let mut worker = shop.worker()?;
    // Written down, too: at its end it has little time for that.
    shop.until("SELECT count(*) = 30 FROM webhook_deliveries WHERE state = 'delivered'")
        .await?;
    hanging.until(|arrivals| !arrivals.is_empty()).await?;
    assert!(worker.terminate()?.success());
    assert!(
        shop.holds("SELECT count(*) = 2 AND bool_and(claim IS NULL) FROM webhook_lanes")
            .await?
    );

    hanging.go_on();
    let _heir = shop.worker()?;
    shop.until("SELECT NOT EXISTS (SELECT FROM webhook_deliveries WHERE state <> 'delivered')")
        .await?;
    assert_eq!(taking.arrivals().len(), 30, "what was delivered is not sent again");
    Ok(())
}
