//! Everything arrives, once, and in the order in which it happened to each product.

use crate::receiver::{Arrival, Receiver, Reply};
use crate::work::Shop;
use futures_util::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The versions of each product in the order in which they arrived.
fn stories(arrivals: &[Arrival]) -> BTreeMap<String, Vec<i64>> {
    let mut stories: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for arrival in arrivals {
        stories
            .entry(arrival.product()["id"].to_string())
            .or_default()
            .push(arrival.version());
    }
    stories
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_to_a_product_arrive_one_after_another() -> anyhow::Result<()> {
    const PRODUCTS: usize = 8;
    const VERSIONS: usize = 25;
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|_, _| Reply::After(Duration::from_millis(4), 200)).await?;
    for path in ["/a", "/b"] {
        shop.webhook(&receiver.url(path)).await?;
    }
    let _workers = (shop.worker()?, shop.worker()?);
    let skus: Vec<String> = (0..PRODUCTS).map(|number| format!("A-{number}")).collect();
    try_join_all(skus.iter().map(|sku| shop.story(sku, VERSIONS))).await?;
    receiver
        .until(|arrivals| arrivals.len() == 2 * PRODUCTS * VERSIONS)
        .await?;
    for path in ["/a", "/b"] {
        let arrivals = receiver.of(path);
        assert!(arrivals.iter().all(|arrival| !arrival.overtakes));
        let stories = stories(&arrivals);
        assert_eq!(stories.len(), PRODUCTS);
        for (product, versions) in stories {
            assert_eq!(
                versions,
                (1..=VERSIONS as i64).collect::<Vec<_>>(),
                "product {product} at {path}"
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_are_told_of_once_each() -> anyhow::Result<()> {
    const WRITERS: usize = 20;
    const CHANGES: usize = 200;
    let shop = Shop::open().await?;
    let receiver = Receiver::taking().await?;
    shop.webhook(&receiver.url("/")).await?;
    let _workers = (shop.worker()?, shop.worker()?);
    let skus: Vec<String> = (0..WRITERS).map(|number| format!("A-{number}")).collect();
    try_join_all(skus.iter().map(|sku| shop.story(sku, CHANGES))).await?;
    receiver.until(|arrivals| arrivals.len() >= WRITERS * CHANGES).await?;
    shop.until("SELECT NOT EXISTS (SELECT FROM webhook_deliveries WHERE state <> 'delivered')")
        .await?;
    let arrivals = receiver.arrivals();
    assert_eq!(arrivals.len(), WRITERS * CHANGES);
    let ids: BTreeSet<&str> = arrivals.iter().map(|arrival| &*arrival.id).collect();
    assert_eq!(ids.len(), arrivals.len(), "each has an id of its own");
    for versions in stories(&arrivals).into_values() {
        assert_eq!(versions, (1..=CHANGES as i64).collect::<Vec<_>>());
    }
    Ok(())
}

/// All that is fetched at once is of one product, whose deliveries wait for each other; others are sent meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_changes_all_the_time_keeps_no_other_waiting() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|arrival, _| match arrival.product()["sku"].as_str() {
        Some("busy") => Reply::Waiting(200),
        _ => Reply::Status(200),
    })
    .await?;
    shop.webhook(&receiver.url("/")).await?;
    shop.story("busy", 200).await?;
    shop.story("quiet", 3).await?;
    let _worker = shop.worker()?;
    let quiet = |arrivals: &[Arrival]| {
        arrivals
            .iter()
            .filter(|arrival| arrival.product()["sku"] == "quiet")
            .count()
    };
    let arrivals = receiver.until(|arrivals| quiet(arrivals) == 3).await?;
    assert_eq!(arrivals.len(), 4, "the busy one's first has not been answered yet");
    receiver.go_on();
    let arrivals = receiver.until(|arrivals| arrivals.len() == 203).await?;
    assert!(arrivals.iter().all(|arrival| !arrival.overtakes));
    Ok(())
}

/// More of them than a worker has places for, were each given all it may have.
#[tokio::test(flavor = "multi_thread")]
async fn many_receivers_that_hang_or_drip_leave_room_for_others() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let hanging = Receiver::start(|_, _| Reply::Waiting(200)).await?;
    let taking = Receiver::taking().await?;
    for number in 0..45 {
        shop.webhook(&hanging.url(&format!("/{number}"))).await?;
    }
    shop.products(20).await?;
    let _worker = shop.worker()?;
    hanging.until(|arrivals| arrivals.len() >= 45).await?;
    shop.webhook(&taking.url("/")).await?;
    shop.story("A-1", 20).await?;
    taking.until(|arrivals| arrivals.len() == 20).await?;
    assert!(
        hanging.arrivals().iter().all(|arrival| !arrival.is_answered),
        "nobody waited for those that hang"
    );
    hanging.go_on();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_is_sent_little_and_slows_nobody() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let hanging = Receiver::start(|_, _| Reply::Waiting(200)).await?;
    let taking = Receiver::taking().await?;
    shop.webhook(&hanging.url("/")).await?;
    shop.webhook(&taking.url("/")).await?;
    let _workers = (shop.patient_worker()?, shop.patient_worker()?);
    shop.products(200).await?;
    taking.until(|arrivals| arrivals.len() == 200).await?;
    let begun = hanging.arrivals();
    assert!(
        begun.len() <= 8 && begun.iter().all(|arrival| !arrival.is_answered),
        "{}",
        begun.len()
    );
    hanging.go_on();
    hanging.until(|arrivals| arrivals.len() >= 200).await?;
    Ok(())
}
