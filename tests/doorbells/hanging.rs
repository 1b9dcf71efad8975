//! Brokers that are there and do nothing.

use crate::support::served::Served;
use crate::{Broker, Kind, PATIENCE, Process, TOPIC, TestDatabase, by, for_redis_and_rabbitmq, heard, is_up, until};
use anyhow::Context as _;
use nix::sys::signal::Signal;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

for_redis_and_rabbitmq! { stands_still_and_goes_on }

/// Whoever waits looks as often as ever, and what was rung meanwhile is heard when the broker goes on.
async fn stands_still_and_goes_on(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let broker = Broker::start(kind)?;
    let flag = by(&broker);
    let mut ringing = Process::start(&database, &[&flag]).await?;
    let mut hearing = Process::start(&database, &[&flag]).await?;
    ringing.connected().await?;
    hearing.connected().await?;
    broker.signal(Signal::SIGSTOP)?;
    let mut ears = hearing.bell.listen(TOPIC);
    for id in 1.. {
        ringing.bell.ring(TOPIC, id);
        let ring = ears.wait(Duration::from_hours(1));
        // It takes a moment to stand still.
        if tokio::time::timeout(Duration::from_millis(200), ring).await.is_err() {
            break;
        }
    }
    broker.signal(Signal::SIGCONT)?;
    heard(&mut ears).await.context("what was rung meanwhile")?;
    let mut ears = ringing.bell.listen(TOPIC);
    hearing.bell.ring(TOPIC, 2);
    heard(&mut ears).await.context("the other way")
}

/// A line that is given up is closed, or a thread would wait at it for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_that_says_nothing_is_left() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let flag = format!("--broker-url=amqp://{}", silent.local_addr()?);
    let _process = Process::start(&database, &[&flag]).await?;
    let (mut line, _) = silent.accept().await?;
    let mut said = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, line.read_to_end(&mut said)).await;
    ended.context("the line stayed")??;
    assert!(said.starts_with(b"AMQP"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_short_of_memory_counts_as_away() -> anyhow::Result<()> {
    let broker = Broker::start(Kind::RabbitMq)?;
    let limit = |share| broker.rabbitmqctl(&["set_vm_memory_high_watermark", share]);
    limit("0.000001")?;
    let web = Served::start_with("web", &[("BROKER_URL", &broker.url())]).await?;
    until(async || {
        let states = broker.rabbitmqctl(&["list_connections", "--silent", "state"])?;
        Ok(states.lines().any(|state| state == "blocked"))
    })
    .await
    .context("no connection is held back")?;
    assert!(!is_up(&web).await?, "nothing has been carried yet");
    limit("0.4")?;
    until(async || is_up(&web).await).await.context("it carries again")
}
