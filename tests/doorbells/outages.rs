//! Brokers that are not there, go, come back, and forget.

use crate::{Broker, Kind, Process, TOPIC, TestDatabase, by, for_redis_and_rabbitmq, heard};
use anyhow::Context as _;
use lapin::options::{ExchangeDeleteOptions, QueuePurgeOptions};

for_redis_and_rabbitmq! { comes_goes_and_forgets }

/// Two processes that can hear each other as soon as their broker is there.
async fn pair(database: &TestDatabase, broker: &Broker) -> anyhow::Result<[Process; 2]> {
    let flag = by(broker);
    Ok([
        Process::start(database, &[&flag]).await?,
        Process::start(database, &[&flag]).await?,
    ])
}

/// Both are connected once more, and hear each other.
async fn are_heard_again(pair: &mut [Process; 2]) -> anyhow::Result<()> {
    for process in pair.iter_mut() {
        process.connected().await?;
    }
    for (ringing, hearing) in [(0, 1), (1, 0)] {
        let mut ears = pair[hearing].bell.listen(TOPIC);
        pair[ringing].bell.ring(TOPIC, 7);
        heard(&mut ears).await?;
    }
    Ok(())
}

/// Ringing goes on as if nothing were amiss, and whoever hears looks as soon as the line is there.
async fn comes_goes_and_forgets(kind: Kind) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut broker = Broker::new(kind)?;
    let mut pair = pair(&database, &broker).await?;
    for outage in ["before it came", "killed", "without its memory"] {
        match outage {
            "killed" => broker.kill()?,
            "without its memory" => broker.lose_everything()?,
            _ => {}
        }
        let mut ears = pair[1].bell.listen(TOPIC);
        pair[0].bell.ring(TOPIC, 1);
        broker.run()?;
        heard(&mut ears).await.context(outage)?;
        are_heard_again(&mut pair).await.context(outage)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_emptied_and_cut_off_is_found_again() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let broker = Broker::start(Kind::Redis)?;
    let mut pair = pair(&database, &broker).await?;
    are_heard_again(&mut pair).await?;
    let mut operator = redis::Client::open(broker.url())?
        .get_multiplexed_async_connection()
        .await?;
    redis::cmd("FLUSHALL").exec_async(&mut operator).await?;
    let mut ears = pair[1].bell.listen(TOPIC);
    pair[0].bell.ring(TOPIC, 9);
    heard(&mut ears).await.context("after FLUSHALL")?;
    let cut: i64 = redis::cmd("CLIENT")
        .arg("KILL")
        .arg("TYPE")
        .arg("pubsub")
        .query_async(&mut operator)
        .await?;
    assert_eq!(cut, 2, "each process has one connection that listens");
    are_heard_again(&mut pair).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rabbitmq_whose_queues_are_purged_and_whose_exchange_is_deleted_is_set_up_again() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let broker = Broker::start(Kind::RabbitMq)?;
    let mut pair = pair(&database, &broker).await?;
    are_heard_again(&mut pair).await?;
    let operator = lapin::Connection::connect(&broker.url(), lapin::ConnectionProperties::default()).await?;
    let channel = operator.create_channel().await?;
    for queue in broker
        .rabbitmqctl(&["list_queues", "--silent", "name"])?
        .lines()
        .skip(1)
    {
        channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await?;
    }
    let mut ears = pair[1].bell.listen(TOPIC);
    pair[0].bell.ring(TOPIC, 9);
    heard(&mut ears).await.context("after a purge")?;
    // Deleting queues is noticed at once; a missing exchange when somebody rings.
    let exchange = broker.rabbitmqctl(&["list_exchanges", "--silent", "name"])?;
    let exchange = exchange.lines().find(|name| name.starts_with("product_importer."));
    let exchange = exchange.context("no exchange")?.into();
    channel
        .exchange_delete(exchange, ExchangeDeleteOptions::default())
        .await?;
    for process in &pair {
        process.bell.ring(TOPIC, 10);
    }
    are_heard_again(&mut pair).await?;
    let queues = broker.rabbitmqctl(&["list_queues", "--silent", "name", "durable"])?;
    let durable = queues.lines().filter(|line| line.ends_with("true")).count();
    assert_eq!(durable, 2, "one for each process, found again by its name: {queues}");
    Ok(())
}
