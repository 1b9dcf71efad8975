//! Imports by separate processes, whatever happens to the broker between them.

use crate::support::brokers::shared;
use crate::support::catalogue::{self, Catalogue};
use crate::support::process::Process;
use crate::support::served::{Served, is_over};
use crate::{Broker, Kind, for_redis_and_rabbitmq, is_up, until};
use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use product_importer::imports::write_sample;
use serde_json::Value;

for_redis_and_rabbitmq! { never_there dies_and_comes_back rings_many_times }

const ROWS: u64 = 20_000;
const PIECE: usize = 256 * 1024;

/// A web process and two workers that know each other by this broker only.
struct Shop {
    /// These end before the database goes.
    _workers: [Process; 2],
    web: Served,
    csv: Vec<u8>,
}

impl Shop {
    async fn open(broker_url: &str) -> anyhow::Result<Self> {
        let settings = [("BROKER_URL", broker_url)];
        let web = Served::start_with("web", &settings).await?;
        let mut csv = Vec::new();
        write_sample(ROWS, 5, &mut csv)?;
        Ok(Self {
            _workers: [web.start_worker(&settings)?, web.start_worker(&settings)?],
            web,
            csv,
        })
    }

    /// Uploads the file in pieces; `between` is told how many have been sent.
    async fn upload(&self, mut between: impl AsyncFnMut(usize) -> anyhow::Result<()>) -> anyhow::Result<String> {
        let import = self.web.begin(self.csv.len()).await?;
        for (number, piece) in self.csv.chunks(PIECE).enumerate() {
            between(number).await?;
            self.web.piece(&import, number * PIECE, piece).await?;
        }
        Ok(import)
    }

    /// The import is done, and the catalogue is what the file says.
    async fn check(&self, import: &Value) -> anyhow::Result<()> {
        anyhow::ensure!(import["state"] == "done", "{import}");
        let mut expected = Catalogue::new();
        let counts = catalogue::import(&mut expected, &catalogue::rows_of(&self.csv)?, "overwrite", true);
        anyhow::ensure!(import["created"] == counts.created, "{import}");
        anyhow::ensure!(import["duplicates"] == counts.duplicates, "{import}");
        let found = catalogue::read(&self.web.database.database.pool).await?;
        anyhow::ensure!(found == expected, "the catalogue differs from the file");
        Ok(())
    }
}

async fn never_there(kind: Kind) -> anyhow::Result<()> {
    let shop = Shop::open(&Broker::new(kind)?.url()).await?;
    let import = shop.upload(async |_| Ok(())).await?;
    shop.check(&shop.web.until(&import, is_over).await?).await
}

async fn dies_and_comes_back(kind: Kind) -> anyhow::Result<()> {
    let mut broker = Broker::start(kind)?;
    let shop = Shop::open(&broker.url()).await?;
    let import = shop
        .upload(async |sent| match sent {
            2 => broker.kill(),
            6 => broker.run(),
            _ => Ok(()),
        })
        .await?;
    shop.check(&shop.web.until(&import, is_over).await?).await
}

/// Every ring for the import is repeated, by somebody who rings for others too and talks nonsense in between.
async fn rings_many_times(kind: Kind) -> anyhow::Result<()> {
    let broker = shared(kind)?;
    let shop = Shop::open(&broker).await?;
    let name: String = sqlx::query_scalar("SELECT 'product_importer.' || current_database()")
        .fetch_one(&shop.web.database.database.pool)
        .await?;
    // The exchange of that name is there as soon as the server is connected.
    until(async || is_up(&shop.web).await).await?;
    let echo = Echo::open(kind, &broker, name).await?;
    let rings = [
        "import:1",
        "import:1",
        "imports.to_merge:1",
        "import:99",
        "",
        "import:x:y",
        "imports.to_merge:1",
    ];
    let import = shop
        .upload(async |_| {
            for ring in rings {
                echo.ring(ring).await?;
            }
            Ok(())
        })
        .await?;
    let over = shop.web.until(&import, is_over).await?;
    for ring in rings {
        echo.ring(ring).await?;
    }
    shop.check(&over).await?;
    // Rings for what is over change nothing.
    let second = shop.web.import("sku,name\nafterwards,one\n").await?;
    anyhow::ensure!(second["created"] == 1, "{second}");
    anyhow::ensure!(
        shop.web.json(&import).await? == over,
        "an import that was over has changed"
    );
    Ok(())
}

/// Somebody else who rings through the same broker, under the name of its exchange or channel.
enum Echo {
    Redis(redis::aio::MultiplexedConnection, String),
    RabbitMq {
        channel: Box<lapin::Channel>,
        name: String,
        /// Dropping it would close the channel.
        _connection: Box<lapin::Connection>,
    },
}

impl Echo {
    async fn open(kind: Kind, broker_url: &str, name: String) -> anyhow::Result<Self> {
        Ok(match kind {
            Kind::Redis => {
                let client = redis::Client::open(broker_url)?;
                Self::Redis(client.get_multiplexed_async_connection().await?, name)
            }
            Kind::RabbitMq => {
                let properties = lapin::ConnectionProperties::default();
                let connection = lapin::Connection::connect(broker_url, properties).await?;
                let channel = Box::new(connection.create_channel().await?);
                Self::RabbitMq {
                    channel,
                    name,
                    _connection: Box::new(connection),
                }
            }
        })
    }

    async fn ring(&self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Redis(connection, name) => {
                let mut connection = connection.clone();
                redis::cmd("PUBLISH")
                    .arg(name)
                    .arg(text)
                    .exec_async(&mut connection)
                    .await?;
            }
            Self::RabbitMq { channel, name, .. } => {
                let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
                let name = name.as_str().into();
                channel
                    .basic_publish(name, "".into(), options, text.as_bytes(), properties)
                    .await?;
            }
        }
        Ok(())
    }
}
