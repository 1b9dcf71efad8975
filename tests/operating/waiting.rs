//! What counts as waiting, and since when.

use crate::support::served::Served;
use crate::{lacking, told};

/// The depth of the queue of imports, and how many seconds its oldest has waited.
async fn queue(served: &Served) -> anyhow::Result<(i64, i64)> {
    let figures = lacking(["product_importer_queue_depth{queue=\"imports\"}"]);
    let metrics = told(|| served.client.get(served.url("/metrics")), figures).await?;
    let value = |name: &str| -> anyhow::Result<i64> {
        let name = format!("product_importer_{name}{{queue=\"imports\"}} ");
        let told = metrics.lines().find_map(|line| line.strip_prefix(&name));
        let told = told.ok_or_else(|| anyhow::anyhow!("no {name} in {metrics}"))?;
        Ok(told.parse::<f64>()? as i64)
    };
    Ok((value("queue_depth")?, value("queue_oldest_seconds")?))
}

async fn change(served: &Served, statement: &'static str) -> anyhow::Result<()> {
    sqlx::query(statement).execute(&served.database.database.pool).await?;
    Ok(())
}

#[tokio::test]
async fn an_upload_waits_from_when_there_is_something_to_read() -> anyhow::Result<()> {
    let (first, second) = ("sku,name\nA-1,Lamp\n", "A-2,Table\n");
    let served = Served::start("web").await?;
    let import = served.begin(first.len() + second.len()).await?;
    change(&served, "UPDATE imports SET created_at = now() - interval '1 hour'").await?;
    assert_eq!(queue(&served).await?, (0, 0), "nothing has come");

    served.piece(&import, 0, first.as_bytes()).await?;
    let (depth, seconds) = queue(&served).await?;
    assert!(depth == 1 && seconds < 60, "{depth}, {seconds} s");

    let worker = served.start_worker(&[])?;
    let all = i64::try_from(first.len())?;
    served.until(&import, |import| import["bytes_read"] == all).await?;
    drop(worker);
    // As if its lease had run out long ago: nobody takes up an upload that nobody goes on with.
    change(
        &served,
        "UPDATE imports SET claim = coalesce(claim, gen_random_uuid()), lease_until = now() - interval '1 hour'",
    )
    .await?;
    change(
        &served,
        "UPDATE import_pieces SET arrived_at = now() - interval '50 minutes'",
    )
    .await?;
    assert_eq!(queue(&served).await?, (0, 0), "all that came is read");

    served.piece(&import, first.len(), second.as_bytes()).await?;
    let (depth, seconds) = queue(&served).await?;
    assert!(depth == 1 && seconds < 60, "{depth}, {seconds} s");
    change(
        &served,
        "UPDATE import_pieces SET arrived_at = arrived_at - interval '20 minutes'",
    )
    .await?;
    let (depth, seconds) = queue(&served).await?;
    assert!(depth == 1 && (1_200..1_260).contains(&seconds), "{depth}, {seconds} s");

    let _worker = served.start_worker(&[])?;
    let over = served.until(&import, crate::support::served::is_over).await?;
    assert_eq!(
        (&over["state"], &over["created"]),
        (&"done".into(), &2.into()),
        "{over}"
    );
    assert_eq!(queue(&served).await?, (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_database_that_is_slow_at_counting_is_up() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let mut holding = served.database.database.pool.begin().await?;
    sqlx::query("LOCK TABLE imports IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *holding)
        .await?;
    let is_up = lacking(["product_importer_database_up 1"]);
    let metrics = told(|| served.client.get(served.url("/metrics")), is_up).await?;
    assert!(!metrics.contains("product_importer_queue_depth"), "{metrics}");
    let status = served.get("/status").await?;
    assert_eq!(
        (status.status().as_u16(), status.headers().contains_key("retry-after")),
        (503, true)
    );
    Ok(())
}
