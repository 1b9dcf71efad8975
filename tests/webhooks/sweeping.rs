//! Events and deliveries are kept for a time, and go when their webhook goes.

use crate::receiver::Receiver;
use crate::work::Shop;
use product_importer::webhooks;
use std::time::Duration;

const KEEP: Duration = Duration::from_hours(24 * 30);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_goes_and_what_is_young_stays() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let receiver = Receiver::taking().await?;
    shop.webhook(&receiver.url("/")).await?;
    shop.story("old", 20).await?;
    shop.story("young", 3).await?;
    let worker = shop.worker()?;
    shop.until("SELECT count(*) = 23 FROM webhook_attempts").await?;
    // It sweeps too, and would be quicker.
    drop(worker);
    for statement in [
        "UPDATE webhook_events SET created_at = created_at - interval '30 days 1 hour'
         WHERE id IN (SELECT id FROM webhook_events ORDER BY id LIMIT 20)",
        "UPDATE webhook_deliveries SET created_at = created_at - interval '30 days 1 hour'
         WHERE event_id IN (SELECT id FROM webhook_events ORDER BY id LIMIT 20)",
        "INSERT INTO webhook_hours SELECT webhook_id, hour - interval '30 days 1 hour', delivered, failed FROM webhook_hours",
    ] {
        shop.update(statement).await?;
    }
    assert_eq!(webhooks::sweep(shop.pool(), KEEP).await?, 20);
    for table in ["webhook_events", "webhook_deliveries", "webhook_attempts"] {
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(shop.pool())
            .await?;
        assert_eq!(left, 3, "{table}");
    }
    assert!(
        shop.holds("SELECT bool_and(hour > now() - interval '1 day') FROM webhook_hours")
            .await?
    );
    assert_eq!(webhooks::sweep(shop.pool(), KEEP).await?, 0);
    Ok(())
}

/// A metric that goes down is taken for one that began anew, and what it told before for what was just done.
#[tokio::test]
async fn attempts_go_on_being_counted_when_their_hours_are_swept() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    shop.webhook("http://127.0.0.1:9/gone").await?;
    shop.webhook("http://127.0.0.1:9/stays").await?;
    shop.update(
        "INSERT INTO webhook_hours SELECT id, now() - age, delivered, failed
         FROM webhooks, (VALUES (interval '30 days 1 hour', 3000, 300), (interval '0', 20, 2)) AS hours (age, delivered, failed)",
    )
    .await?;
    let counted = async || -> anyhow::Result<(i64, i64)> {
        let figures = webhooks::delivery_figures(shop.pool()).await?;
        Ok((figures.attempts_delivered, figures.attempts_failed))
    };
    let all = (6_040, 604);
    assert_eq!(counted().await?, all);
    webhooks::sweep(shop.pool(), KEEP).await?;
    assert!(shop.holds("SELECT count(*) = 2 FROM webhook_hours").await?);
    assert_eq!(counted().await?, all, "hours that are old");
    shop.update("DELETE FROM webhooks WHERE url LIKE '%/gone'").await?;
    for sweep in ["hours of a deleted webhook", "nothing to sweep"] {
        webhooks::sweep(shop.pool(), KEEP).await?;
        assert!(shop.holds("SELECT count(*) = 1 FROM webhook_hours").await?);
        assert_eq!(counted().await?, all, "{sweep}");
    }
    Ok(())
}

#[tokio::test]
async fn what_waits_is_counted_with_the_oldest_of_what_is_due() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let nothing = webhooks::delivery_figures(shop.pool()).await?;
    assert_eq!((nothing.pending, nothing.due), (0, 0));
    assert!(nothing.oldest_due_seconds.abs() < f64::EPSILON, "{nothing:?}");
    for name in ["one", "other", "paused", "disabled"] {
        shop.webhook(&format!("http://127.0.0.1:9/{name}")).await?;
    }
    shop.story("A-1", 3).await?;
    shop.update("UPDATE webhooks SET paused_at = now() WHERE url LIKE '%/paused'")
        .await?;
    shop.update("UPDATE webhooks SET enabled = false WHERE url LIKE '%/disabled'")
        .await?;
    shop.update(
        "UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 hour'
         WHERE id IN (SELECT min(id) FROM webhook_deliveries GROUP BY webhook_id)",
    )
    .await?;
    shop.update(
        "UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 day'
         WHERE id = (SELECT max(webhook_deliveries.id) FROM webhook_deliveries JOIN webhooks ON webhooks.id = webhook_id
                     WHERE url LIKE '%/other')",
    )
    .await?;
    let figures = webhooks::delivery_figures(shop.pool()).await?;
    assert_eq!((figures.pending, figures.due), (6, 4));
    assert!(figures.oldest_due_seconds >= 86_400.0, "{figures:?}");
    Ok(())
}

/// Whoever keeps the program running is not called for that.
#[tokio::test]
async fn what_rests_or_is_sent_gently_is_not_late() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    shop.webhook("http://127.0.0.1:9/").await?;
    shop.story("A-1", 2).await?;
    shop.update("UPDATE webhook_deliveries SET next_attempt_at = now() - interval '1 hour'")
        .await?;
    let late = async || -> anyhow::Result<(i64, i64)> {
        let figures = webhooks::delivery_figures(shop.pool()).await?;
        assert_eq!(figures.pending, 2, "{figures:?}");
        Ok((figures.due, figures.oldest_due_seconds as i64 / 60))
    };
    assert_eq!(late().await?, (2, 60));
    shop.update(
        "INSERT INTO webhook_lanes (webhook_id, rest_until) SELECT id, now() + interval '1 hour' FROM webhooks",
    )
    .await?;
    assert_eq!(late().await?, (0, 0), "the receiver has asked for a rest");
    shop.update("UPDATE webhook_lanes SET rest_until = now() - interval '5 minutes'")
        .await?;
    assert_eq!(late().await?, (2, 5), "since the rest is over");
    shop.update("UPDATE webhooks SET backlog_upto = (SELECT min(id) FROM webhook_deliveries)")
        .await?;
    assert_eq!(late().await?, (1, 5), "one is of a backlog");
    shop.update("UPDATE webhooks SET backlog_upto = (SELECT max(id) FROM webhook_deliveries)")
        .await?;
    assert_eq!(late().await?, (0, 0));
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_a_deleted_webhook_goes() -> anyhow::Result<()> {
    let shop = Shop::open().await?;
    let gone = shop.webhook("http://127.0.0.1:9/gone").await?;
    shop.webhook("http://127.0.0.1:9/stays").await?;
    shop.story("A-1", 5).await?;
    sqlx::query("DELETE FROM webhooks WHERE id = $1")
        .bind(gone)
        .execute(shop.pool())
        .await?;
    assert_eq!(webhooks::sweep(shop.pool(), KEEP).await?, 5);
    assert!(
        shop.holds("SELECT count(*) = 5 AND bool_and(webhook_id IN (SELECT id FROM webhooks)) FROM webhook_deliveries")
            .await?
    );
    Ok(())
}
