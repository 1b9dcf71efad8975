//! A ring reaches every process of its database, and no other.

use crate::support::brokers::shared;
use crate::{Kind, Process, TOPIC, TestDatabase, heard};
use std::time::Duration;

async fn everybody_hears(flag: &str) -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(Process::start(&database, &[flag]).await?);
    }
    for process in &mut processes {
        process.connected().await?;
    }
    for ringing in 0..3 {
        let mut ears: Vec<_> = processes
            .iter()
            .map(|process| process.bell.listen_for(TOPIC, 7))
            .collect();
        processes[ringing].bell.ring(TOPIC, 7);
        for ears in &mut ears {
            heard(ears).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_by_postgres() -> anyhow::Result<()> {
    everybody_hears("--broker-url=postgres").await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_by_redis() -> anyhow::Result<()> {
    everybody_hears(&format!("--broker-url={}", shared(Kind::Redis)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_by_rabbitmq() -> anyhow::Result<()> {
    everybody_hears(&format!("--broker-url={}", shared(Kind::RabbitMq)?)).await
}

/// What is rung right before a process ends still goes out, unless that takes half a second: on a machine that is busy it
/// may, and then another process has to end.
async fn last_words(flag: &str) -> anyhow::Result<()> {
    const TRIES: usize = 5;
    let database = TestDatabase::create().await?;
    let mut staying = Process::start(&database, &[flag]).await?;
    staying.connected().await?;
    let mut ears = staying.bell.listen(TOPIC);
    for _ in 0..TRIES {
        let mut ending = Process::start(&database, &[flag]).await?;
        ending.connected().await?;
        ending.bell.ring(TOPIC, 1);
        ending.carrier.end().await;
        let ring = ears.wait(Duration::from_hours(1));
        if tokio::time::timeout(Duration::from_secs(10), ring).await.is_ok() {
            return Ok(());
        }
    }
    anyhow::bail!("nothing was heard of {TRIES} that ended")
}

#[tokio::test(flavor = "multi_thread")]
async fn last_words_by_postgres() -> anyhow::Result<()> {
    last_words("--broker-url=postgres").await
}

#[tokio::test(flavor = "multi_thread")]
async fn last_words_by_redis() -> anyhow::Result<()> {
    last_words(&format!("--broker-url={}", shared(Kind::Redis)?)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn last_words_by_rabbitmq() -> anyhow::Result<()> {
    last_words(&format!("--broker-url={}", shared(Kind::RabbitMq)?)).await
}
