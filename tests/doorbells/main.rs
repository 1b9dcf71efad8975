//! Rings over PostgreSQL, Redis and RabbitMQ, with real servers that are killed, emptied and made to repeat themselves.

mod encrypted;
mod hanging;
mod imports;
mod outages;
mod ringing;
#[path = "../support/mod.rs"]
mod support;

use anyhow::Context as _;
use product_importer::platform::doorbell::{Carrier, Doorbell, Ears};
use std::time::Duration;
use support::brokers::{Broker, Kind, settings};
use support::database::TestDatabase;
use support::served::Served;

const TOPIC: &str = "import";
const NOBODY: &str = "nobody rings for this";
const PATIENCE: Duration = Duration::from_mins(1);

/// A process's doorbell, with connections of its own.
struct Process {
    bell: Doorbell,
    /// Rings are told to others only as long as it is there.
    carrier: Carrier,
    connections: Ears,
}

impl Process {
    async fn start(database: &TestDatabase, flags: &[&str]) -> anyhow::Result<Self> {
        let bell = Doorbell::over(&settings(flags)?, &database.another().await?.pool)?;
        let connections = bell.listen(NOBODY);
        let carrier = bell.carry();
        Ok(Self {
            bell,
            carrier,
            connections,
        })
    }

    /// Waits until it has been connected once more: that is all that ears for nobody hear.
    async fn connected(&mut self) -> anyhow::Result<()> {
        heard(&mut self.connections)
            .await
            .context("no connection to the broker")
    }
}

/// Waits for a ring, and for nothing but a ring.
async fn heard(ears: &mut Ears) -> anyhow::Result<()> {
    let ring = ears.wait(Duration::from_hours(1));
    tokio::time::timeout(PATIENCE, ring).await.context("nothing was heard")
}

/// Waits until a condition holds.
async fn until(mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let looking = async {
        while !holds().await? {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, looking).await?
}

/// Whether a server has its broker.
async fn is_up(web: &Served) -> anyhow::Result<bool> {
    let metrics = web.get("/metrics").await?.text().await?;
    Ok(metrics.contains("product_importer_broker_up 1"))
}

fn by(broker: &Broker) -> String {
    format!("--broker-url={}", broker.url())
}

/// Defines a test for each broker that is a program of its own.
macro_rules! for_redis_and_rabbitmq {
    ($($name:ident)+) => {
        mod over_redis {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() -> anyhow::Result<()> {
                    super::$name(super::Kind::Redis).await
                }
            )+
        }
        mod over_rabbitmq {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() -> anyhow::Result<()> {
                    super::$name(super::Kind::RabbitMq).await
                }
            )+
        }
    };
}
use for_redis_and_rabbitmq;
