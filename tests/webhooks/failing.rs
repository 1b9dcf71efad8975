//! Receivers that fail: when they are tried again, when they are given up, and what is kept for them.

use crate::receiver::{Receiver, Reply};
use crate::work::Shop;
use product_importer::webhooks::{self, switch_on};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

const ALL_DELIVERED: &str = "SELECT NOT EXISTS (SELECT FROM webhook_deliveries WHERE state <> 'delivered')";

/// A receiver whose answer a test changes as it goes.
async fn switchable(status: u16) -> anyhow::Result<(Receiver, Arc<AtomicU16>)> {
    let answer = Arc::new(AtomicU16::new(status));
    let shared = answer.clone();
    Ok((
        Receiver::start(move |_, _| Reply::Status(shared.load(Ordering::SeqCst))).await?,
        answer,
    ))
}

/// Keeps what each attempt leaves behind: the worker goes on, whether a test has looked or not.
async fn keep_attempts(shop: &Shop) -> anyhow::Result<()> {
    sqlx::raw_sql(
        "CREATE TABLE kept (number integer, state text, status integer, wait interval);
         CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO kept VALUES (new.attempts, new.state, new.last_status, new.next_attempt_at - now());
             RETURN NULL;
         END $$;
         CREATE TRIGGER keep AFTER UPDATE ON webhook_deliveries FOR EACH ROW
             WHEN (new.attempts > old.attempts) EXECUTE FUNCTION keep()",
    )
    .execute(shop.pool())
    .await?;
    Ok(())
}

/// Has the one delivery tried once more, at least.
async fn try_once_more(shop: &Shop) -> anyhow::Result<()> {
    let attempts = async || -> sqlx::Result<i32> {
        let attempts = sqlx::query_scalar("SELECT attempts FROM webhook_deliveries");
        attempts.fetch_one(shop.pool()).await
    };
    let before = attempts().await?;
    shop.make_due().await?;
    let waiting = async {
        while attempts().await? == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_mins(2), waiting).await?
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_by_the_schedule_under_the_same_id() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|_, before| Reply::Status(if before < 2 { 500 } else { 200 })).await?;
    shop.webhook(&receiver.url("/")).await?;
    shop.story("A-1", 1).await?;
    keep_attempts(&shop).await?;
    let _worker = shop.worker()?;
    shop.until("SELECT attempts >= 1 FROM webhook_deliveries").await?;
    assert!(
        shop.holds("SELECT failing_since IS NOT NULL AND last_error IS NOT NULL FROM webhook_lanes")
            .await?
    );
    for _ in 0..2 {
        shop.make_due().await?;
        shop.until("SELECT attempts >= 2 FROM webhook_deliveries").await?;
    }
    shop.until("SELECT state = 'delivered' AND attempts = 3 AND last_error IS NULL FROM webhook_deliveries")
        .await?;
    assert!(
        shop.holds(
            "SELECT count(*) = 2 AND bool_and(state = 'pending' AND status = 500
                    AND CASE number WHEN 1 THEN wait BETWEEN '4 seconds' AND '6 seconds'
                                    WHEN 2 THEN wait BETWEEN '4 minutes' AND '6 minutes' END)
             FROM kept WHERE number < 3"
        )
        .await?
    );
    let arrivals = receiver.arrivals();
    assert_eq!(arrivals.len(), 3);
    assert!(
        arrivals
            .iter()
            .all(|arrival| arrival.id == arrivals[0].id && arrival.id.starts_with("msg_"))
    );
    let attempts: Vec<(i32, Option<i32>)> =
        sqlx::query_as("SELECT number, status FROM webhook_attempts ORDER BY number")
            .fetch_all(shop.pool())
            .await?;
    assert_eq!(attempts, [(1, Some(500)), (2, Some(500)), (3, Some(200))]);
    assert!(
        shop.holds("SELECT failing_since IS NULL AND last_status = 200 FROM webhook_lanes")
            .await?
    );
    assert!(
        shop.holds("SELECT sum(delivered) = 1 AND sum(failed) = 2 FROM webhook_hours")
            .await?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_failure_is_final_until_somebody_asks_again() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let (receiver, answer) = switchable(500).await?;
    let webhook_id = shop.webhook(&receiver.url("/")).await?;
    shop.products(120).await?;
    shop.update("UPDATE webhook_deliveries SET tries = 9").await?;
    let _worker = shop.worker()?;
    shop.until("SELECT bool_and(state = 'failed' AND finished_at IS NOT NULL) FROM webhook_deliveries")
        .await?;

    answer.store(200, Ordering::SeqCst);
    let first: i64 = sqlx::query_scalar("SELECT min(id) FROM webhook_deliveries")
        .fetch_one(shop.pool())
        .await?;
    assert!(webhooks::try_again(shop.pool(), first).await?);
    shop.until("SELECT count(*) = 1 FROM webhook_deliveries WHERE state = 'delivered' AND attempts = 2")
        .await?;

    let since = chrono::DateTime::UNIX_EPOCH;
    assert_eq!(webhooks::failed_since(shop.pool(), webhook_id, since).await?, 119);
    // The second piece waits until it is too late for it.
    sqlx::raw_sql(
        "CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             new.next_piece_at := now() + interval '1 hour';
             RETURN new;
         END $$;
         CREATE TRIGGER rest BEFORE UPDATE ON webhook_retries FOR EACH ROW EXECUTE FUNCTION rest()",
    )
    .execute(shop.pool())
    .await?;
    let retry = webhooks::try_all_again(shop.pool(), webhook_id, since).await?;
    assert_eq!((retry.expected, retry.done), (119, 0));
    shop.until("SELECT done > 0 FROM webhook_retries").await?;
    let is_cancelled = webhooks::cancel_retry(shop.pool(), retry.id).await?;
    let done = webhooks::retry(shop.pool(), retry.id)
        .await?
        .map(|retry| retry.done)
        .unwrap_or_default();
    assert!(is_cancelled && done < 119, "it goes piece by piece: {done}");

    shop.update("DROP TRIGGER rest ON webhook_retries").await?;
    let rest = webhooks::try_all_again(shop.pool(), webhook_id, since).await?;
    assert_eq!(rest.expected, 119 - done);
    shop.until(ALL_DELIVERED).await?;
    shop.until("SELECT state = 'done' AND done = expected FROM webhook_retries ORDER BY id DESC LIMIT 1")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_told_nothing_more() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let (receiver, answer) = switchable(410).await?;
    let webhook_id = shop.webhook(&receiver.url("/")).await?;
    shop.story("A-1", 1).await?;
    let _worker = shop.worker()?;
    shop.until("SELECT NOT enabled AND stopped_reason = 'gone' FROM webhooks")
        .await?;
    shop.until("SELECT state = 'pending' AND attempts = 1 FROM webhook_deliveries")
        .await?;
    shop.story("A-2", 1).await?;
    assert!(shop.holds("SELECT count(*) = 1 FROM webhook_deliveries").await?);

    answer.store(200, Ordering::SeqCst);
    assert!(switch_on(shop.pool(), webhook_id).await?);
    shop.until(ALL_DELIVERED).await?;
    assert_eq!(receiver.arrivals().len(), 2, "what it was not told then it is told now");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_a_rest_is_given_it() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|_, before| {
        if before == 0 {
            Reply::RetryAfter(503, 3_600)
        } else {
            Reply::Status(200)
        }
    })
    .await?;
    let other = Receiver::taking().await?;
    shop.webhook(&receiver.url("/")).await?;
    shop.webhook(&other.url("/")).await?;
    let _worker = shop.worker()?;
    shop.story("A-1", 1).await?;
    shop.until(
        "SELECT count(*) = 1 FROM webhook_lanes
         WHERE rest_until BETWEEN now() + interval '50 minutes' AND now() + interval '61 minutes' AND claim IS NULL",
    )
    .await?;
    assert!(
        shop.holds(
            "SELECT count(*) = 1 FROM webhook_deliveries
             WHERE state = 'pending' AND attempts = 1 AND next_attempt_at > now() + interval '50 minutes'"
        )
        .await?
    );
    shop.story("A-2", 1).await?;
    other.until(|arrivals| arrivals.len() == 2).await?;
    assert_eq!(receiver.arrivals().len(), 1, "nothing else is sent meanwhile");

    // Whoever asks for a message does not wait for the end of the rest, and the others go with it.
    shop.make_due().await?;
    let resting = "SELECT id FROM webhook_deliveries WHERE state = 'pending' AND attempts = 1";
    let delivery_id: i64 = sqlx::query_scalar(resting).fetch_one(shop.pool()).await?;
    assert!(webhooks::try_again(shop.pool(), delivery_id).await?);
    // The second one asks for a rest at its first try, too.
    receiver.until(|arrivals| arrivals.len() >= 3).await?;
    shop.until(
        "SELECT count(*) FILTER (WHERE state = 'delivered') = 3
                AND count(*) FILTER (WHERE next_attempt_at > now() + interval '50 minutes') = 1
         FROM webhook_deliveries",
    )
    .await?;
    shop.make_due().await?;
    shop.update("UPDATE webhook_lanes SET rest_until = NULL").await?;
    shop.until(ALL_DELIVERED).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_only_fails_is_paused_and_catches_up_later() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let (receiver, answer) = switchable(500).await?;
    let webhook_id = shop.webhook(&receiver.url("/")).await?;
    shop.story("A-1", 1).await?;
    let _worker = shop.worker()?;
    shop.until("SELECT attempts >= 1 FROM webhook_deliveries").await?;
    shop.update("UPDATE webhook_lanes SET failing_since = now() - interval '2 days 23 hours'")
        .await?;
    try_once_more(&shop).await?;
    assert!(shop.holds("SELECT paused_at IS NULL FROM webhooks").await?);

    shop.update("UPDATE webhook_lanes SET failing_since = now() - interval '3 days 1 minute'")
        .await?;
    shop.make_due().await?;
    // And the worker has let go of it.
    shop.until(
        "SELECT enabled AND paused_at IS NOT NULL AND claim IS NULL
         FROM webhooks JOIN webhook_lanes ON webhook_id = webhooks.id",
    )
    .await?;
    let before = receiver.arrivals().len();
    shop.products(25).await?;
    assert!(
        shop.holds("SELECT count(*) = 26 AND bool_and(state = 'pending') FROM webhook_deliveries")
            .await?,
        "what happens meanwhile is kept"
    );
    assert_eq!(receiver.arrivals().len(), before);

    answer.store(200, Ordering::SeqCst);
    assert!(switch_on(shop.pool(), webhook_id).await?);
    assert!(shop.holds("SELECT backlog_upto IS NOT NULL FROM webhooks").await?);
    shop.ring();
    shop.story("A-2", 1).await?;
    shop.until(ALL_DELIVERED).await?;
    assert_eq!(receiver.arrivals().len(), before + 26 + 1);
    webhooks::sweep(shop.pool(), Duration::from_hours(1)).await?;
    assert!(
        shop.holds("SELECT backlog_upto IS NULL FROM webhooks").await?,
        "it has caught up"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failure_after_days_of_silence_pauses_nobody() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let (receiver, _) = switchable(500).await?;
    shop.webhook(&receiver.url("/")).await?;
    shop.story("A-1", 1).await?;
    let _worker = shop.worker()?;
    shop.until("SELECT attempts >= 1 FROM webhook_deliveries").await?;
    shop.update("UPDATE webhook_lanes SET failing_since = now() - interval '9 days', last_attempt_at = now() - interval '5 days'")
        .await?;
    try_once_more(&shop).await?;
    shop.until("SELECT failing_since > now() - interval '1 hour' FROM webhook_lanes")
        .await?;
    assert!(shop.holds("SELECT paused_at IS NULL FROM webhooks").await?);
    Ok(())
}

/// Every second answer is a failure; as long as something arrives in between, nobody is paused.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_comes_and_goes_is_not_paused_and_gets_everything() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::start(|_, before| Reply::Status(if before % 2 == 0 { 502 } else { 200 })).await?;
    shop.webhook(&receiver.url("/")).await?;
    let _worker = shop.worker()?;
    for round in 0..3 {
        shop.story(&format!("A-{round}"), 10).await?;
        shop.until("SELECT bool_and(attempts > 0) FROM webhook_deliveries")
            .await?;
        shop.make_due().await?;
        shop.until(ALL_DELIVERED).await?;
        shop.update("UPDATE webhook_lanes SET failing_since = failing_since - interval '2 days'")
            .await?;
    }
    assert!(shop.holds("SELECT enabled AND paused_at IS NULL FROM webhooks").await?);
    assert!(
        shop.holds("SELECT bool_and(attempts = 2) FROM webhook_deliveries")
            .await?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_a_webhook_is_noticed() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::taking().await?;
    let webhook_id = shop.webhook(&receiver.url("/old")).await?;
    let _worker = shop.worker()?;
    shop.story("A-1", 1).await?;
    receiver.until(|arrivals| arrivals.len() == 1).await?;
    sqlx::query("UPDATE webhooks SET url = $2, version = version + 1 WHERE id = $1")
        .bind(webhook_id)
        .bind(receiver.url("/new"))
        .execute(shop.pool())
        .await?;
    // A worker that has the lane sees it when it renews its lease; then everything goes to the new address.
    for round in 0.. {
        shop.story(&format!("B-{round}"), 1).await?;
        receiver.until(|arrivals| arrivals.len() == round + 2).await?;
        if receiver.of("/new").len() == 1 {
            break;
        }
    }
    assert!(webhooks::switch_off(shop.pool(), webhook_id).await?);
    shop.until("SELECT NOT enabled FROM webhooks").await
}
