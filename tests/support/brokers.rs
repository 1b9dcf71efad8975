//! Real brokers, each in a folder and on ports of its own.

use super::keeper::{Keeper, free_ports};
use anyhow::{Context, bail};
use clap::Parser;
use nix::sys::signal::Signal;
use product_importer::config::BrokerSettings;
use product_importer::platform::doorbell::Doorbell;
use sqlx::PgPool;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// What carries rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Redis,
    RabbitMq,
}

/// A broker that may be killed and started again.
pub struct Broker {
    kind: Kind,
    folder: PathBuf,
    port: u16,
    tls_port: u16,
    /// Erlang's own: between nodes, and where they find each other.
    node_port: u16,
    epmd_port: u16,
    keeper: Option<Keeper>,
}

impl Broker {
    /// A broker that has a place and does not run yet.
    pub fn new(kind: Kind) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("product-importer-broker-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir(&folder)?;
        let [port, tls_port, node_port, epmd_port] = free_ports()?;
        Ok(Self {
            kind,
            folder,
            port,
            tls_port,
            node_port,
            epmd_port,
            keeper: None,
        })
    }

    /// A broker that runs.
    pub fn start(kind: Kind) -> anyhow::Result<Self> {
        let mut broker = Self::new(kind)?;
        broker.run()?;
        Ok(broker)
    }

    /// Starts it, or starts it again, and waits until it answers. With a certificate in its folder it speaks TLS too.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let keeper = match self.kind {
            Kind::Redis => Keeper::start(&self.folder, self.port, None, |command| self.redis(command)),
            Kind::RabbitMq => {
                self.prepare_rabbitmq()?;
                Keeper::start(&self.folder, self.port, Some(self.epmd_port), |command| {
                    command
                        .arg(rabbitmq_program("rabbitmq-server"))
                        .envs(self.rabbitmq_environment());
                })
            }
        };
        self.keeper = Some(keeper?);
        Ok(())
    }

    /// Ends it as `kill -9` does. What it wrote down stays.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.keeper.take().map_or(Ok(()), Keeper::kill)
    }

    /// Makes it stand still, or go on.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.keeper.as_ref().context("it does not run")?.signal(signal)
    }

    /// Ends it and forgets all it had.
    pub fn lose_everything(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        let data = self.folder.join("data");
        if data.exists() {
            fs::remove_dir_all(data)?;
        }
        Ok(())
    }

    pub fn url(&self) -> String {
        match self.kind {
            Kind::Redis => format!("redis://127.0.0.1:{}", self.port),
            Kind::RabbitMq => format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port),
        }
    }

    /// Where it speaks TLS.
    pub fn tls_url(&self) -> String {
        match self.kind {
            Kind::Redis => format!("rediss://localhost:{}", self.tls_port),
            Kind::RabbitMq => format!("amqps://guest:guest@localhost:{}/%2f", self.tls_port),
        }
    }

    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What an operator sees and does.
    pub fn rabbitmqctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut rabbitmqctl = Command::new(rabbitmq_program("rabbitmqctl"));
        let done = rabbitmqctl.envs(self.rabbitmq_environment()).args(arguments).output()?;
        anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(String::from_utf8(done.stdout)?)
    }

    fn redis(&self, command: &mut Command) {
        let port = self.port.to_string();
        command.args(["redis-server", "--bind", "127.0.0.1", "--port", &port]);
        command
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&self.folder);
        if self.has_certificate() {
            let tls_port = self.tls_port.to_string();
            command.args(["--tls-port", &tls_port, "--tls-auth-clients", "no"]);
            command.arg("--tls-cert-file").arg(self.folder.join("certificate.pem"));
            command.arg("--tls-key-file").arg(self.folder.join("key.pem"));
        }
    }

    fn prepare_rabbitmq(&self) -> anyhow::Result<()> {
        fs::write(self.folder.join("rabbitmq.conf"), self.rabbitmq_conf())?;
        fs::write(self.folder.join("plugins"), "[].")?;
        Ok(fs::create_dir_all(self.folder.join("data"))?)
    }

    fn rabbitmq_conf(&self) -> String {
        let plain = format!("listeners.tcp.1 = 127.0.0.1:{}\n", self.port);
        if !self.has_certificate() {
            return plain;
        }
        let folder = self.folder.display();
        format!(
            "{plain}listeners.ssl.1 = 127.0.0.1:{}\nssl_options.certfile = {folder}/certificate.pem\n\
             ssl_options.keyfile = {folder}/key.pem\nssl_options.verify = verify_none\n",
            self.tls_port
        )
    }

    /// A node that knows nothing of others on the machine.
    fn rabbitmq_environment(&self) -> [(&'static str, PathBuf); 12] {
        let at = |name: &str| self.folder.join(name);
        [
            ("HOME", self.folder.clone()),
            ("ERL_EPMD_PORT", self.epmd_port.to_string().into()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
            ("RABBITMQ_NODENAME", format!("test{}@localhost", self.port).into()),
            ("RABBITMQ_DIST_PORT", self.node_port.to_string().into()),
            ("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf")),
            ("RABBITMQ_CONF_ENV_FILE", at("none.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins")),
            ("RABBITMQ_FEATURE_FLAGS_FILE", at("data/feature_flags")),
            ("RABBITMQ_MNESIA_BASE", at("data")),
            ("RABBITMQ_LOG_BASE", at("log")),
            ("RABBITMQ_PID_FILE", at("pid")),
        ]
    }

    fn has_certificate(&self) -> bool {
        self.folder.join("certificate.pem").exists()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // What runs takes its folder with it.
        if self.keeper.take().is_none() {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// The address of the broker that `TEST_BROKER` asks for, one for the whole test process; `None` for PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
pub fn shared_url() -> anyhow::Result<Option<String>> {
    Ok(match std::env::var("TEST_BROKER").as_deref() {
        Err(_) | Ok("postgres") => None,
        Ok("redis") => Some(shared(Kind::Redis)?),
        Ok("rabbitmq") => Some(shared(Kind::RabbitMq)?),
        Ok(other) => bail!("TEST_BROKER is postgres, redis or rabbitmq, not {other}"),
    })
}

/// What these flags say of a broker.
pub fn settings(flags: &[&str]) -> anyhow::Result<BrokerSettings> {
    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        broker: BrokerSettings,
    }
    Ok(Settings::try_parse_from(std::iter::once(&"test").chain(flags))?.broker)
}

/// A doorbell for that database by the broker of `TEST_BROKER`, as processes have it.
pub fn doorbell(pool: &PgPool) -> anyhow::Result<Doorbell> {
    let url = shared_url()?.unwrap_or_else(|| "postgres".to_owned());
    Doorbell::over(&settings(&["--broker-url", &url])?, pool)
}

/// The address of a broker that the tests of one process share. None of them may harm it.
pub fn shared(kind: Kind) -> anyhow::Result<String> {
    static SHARED: Mutex<Vec<Broker>> = Mutex::new(Vec::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(broker) = shared.iter().find(|broker| broker.kind == kind) {
        return Ok(broker.url());
    }
    shared.push(Broker::start(kind)?);
    shared.last().map(Broker::url).context("no broker")
}

/// Debian's commands of these names want to be root or a user of their own; the scripts behind them do not care.
fn rabbitmq_program(name: &str) -> PathBuf {
    let script = Path::new("/usr/lib/rabbitmq/bin").join(name);
    if script.exists() { script } else { name.into() }
}
