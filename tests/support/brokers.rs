//! Real brokers, each in a folder and on ports of its own. They end when the test is done with them, or is gone.

use anyhow::{Context, bail};
use clap::Parser;
use product_importer::config::BrokerSettings;
use product_importer::platform::doorbell::Doorbell;
use sqlx::PgPool;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a broker and whatever it needs beside it until its input ends. Job control gives each a process group, which is
/// killed as a whole: there is no stopping in order here, nor should anybody need it.
const KEEPER: &str = r#"
# Bash tells of every job that is killed.
exec 2>/dev/null
set -m
folder=$1 epmd_port=$2
shift 2
[ "$epmd_port" = 0 ] || epmd -port "$epmd_port" -address 127.0.0.1 </dev/null >/dev/null &
"$@" </dev/null >>"$folder/output" 2>&1 &
read -r wish
for job in $(jobs -p); do kill -KILL -- "-$job"; done
wait
[ "$wish" = keep ] || rm -rf "$folder"
"#;

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
    node_ports: [u16; 2],
    keeper: Option<Child>,
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
            node_ports: [node_port, epmd_port],
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
        let mut keeper = Command::new("bash");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.folder);
        match self.kind {
            Kind::Redis => self.redis(&mut keeper),
            Kind::RabbitMq => self.rabbitmq(&mut keeper)?,
        }
        // Not in the group that a terminal's Ctrl-C reaches.
        let keeper = keeper.process_group(0).stdin(Stdio::piped()).spawn();
        self.keeper = Some(keeper.context("cannot start bash")?);
        self.answers()
    }

    /// Ends it as `kill -9` does. What it wrote down stays.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut keeper) = self.keeper.take() {
            writeln!(keeper.stdin.take().context("no input")?, "keep")?;
            keeper.wait()?;
        }
        Ok(())
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
        const COMMAND: &str = "/usr/lib/rabbitmq/bin/rabbitmqctl";
        let command = if Path::new(COMMAND).exists() {
            COMMAND
        } else {
            "rabbitmqctl"
        };
        let mut rabbitmqctl = Command::new(command);
        for (name, value) in self.rabbitmq_environment() {
            rabbitmqctl.env(name, value);
        }
        let done = rabbitmqctl.args(arguments).output()?;
        anyhow::ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(String::from_utf8(done.stdout)?)
    }

    fn has_certificate(&self) -> bool {
        self.folder.join("certificate.pem").exists()
    }

    fn redis(&self, keeper: &mut Command) {
        let port = self.port.to_string();
        keeper.args(["0", "redis-server", "--bind", "127.0.0.1", "--port", &port]);
        keeper
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&self.folder);
        if self.has_certificate() {
            let tls_port = self.tls_port.to_string();
            keeper.args(["--tls-port", &tls_port, "--tls-auth-clients", "no"]);
            keeper.arg("--tls-cert-file").arg(self.folder.join("certificate.pem"));
            keeper.arg("--tls-key-file").arg(self.folder.join("key.pem"));
        }
    }

    fn rabbitmq(&self, keeper: &mut Command) -> anyhow::Result<()> {
        let at = |name: &str| self.folder.join(name);
        fs::write(at("rabbitmq.conf"), self.rabbitmq_conf())?;
        fs::write(at("plugins"), "[].")?;
        fs::create_dir_all(at("data"))?;
        keeper.arg(self.node_ports[1].to_string()).arg(rabbitmq_server());
        for (name, value) in self.rabbitmq_environment() {
            keeper.env(name, value);
        }
        Ok(())
    }

    /// A node that knows nothing of others on the machine.
    fn rabbitmq_environment(&self) -> [(&'static str, PathBuf); 12] {
        let at = |name: &str| self.folder.join(name);
        let [node_port, epmd_port] = self.node_ports.map(|port| port.to_string());
        [
            ("HOME", self.folder.clone()),
            ("ERL_EPMD_PORT", epmd_port.into()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
            ("RABBITMQ_NODENAME", format!("test{}@localhost", self.port).into()),
            ("RABBITMQ_DIST_PORT", node_port.into()),
            ("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf")),
            ("RABBITMQ_CONF_ENV_FILE", at("none.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins")),
            ("RABBITMQ_FEATURE_FLAGS_FILE", at("data/feature_flags")),
            ("RABBITMQ_MNESIA_BASE", at("data")),
            ("RABBITMQ_LOG_BASE", at("log")),
            ("RABBITMQ_PID_FILE", at("pid")),
        ]
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

    #[expect(
        clippy::disallowed_methods,
        reason = "a program that starts tells nobody when it is ready"
    )]
    fn answers(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let output = fs::read_to_string(self.folder.join("output")).unwrap_or_default();
        bail!("{:?} did not start: {output}", self.kind)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        match self.keeper.take() {
            // The end of its input is the wish.
            Some(mut keeper) => {
                drop(keeper.stdin.take());
                drop(keeper.wait());
            }
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

/// The address of the broker that `TEST_BROKER` asks for, one for the whole test process; `None` for PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
pub fn shared_url() -> anyhow::Result<Option<String>> {
    let kind = match std::env::var("TEST_BROKER").as_deref() {
        Err(_) | Ok("postgres") => return Ok(None),
        Ok("redis") => Kind::Redis,
        Ok("rabbitmq") => Kind::RabbitMq,
        Ok(other) => bail!("TEST_BROKER is postgres, redis or rabbitmq, not {other}"),
    };
    Ok(Some(shared(kind)?))
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

/// Debian's command of that name wants to be root or a user of its own; the script behind it does not care.
fn rabbitmq_server() -> &'static str {
    const SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    if Path::new(SCRIPT).exists() {
        SCRIPT
    } else {
        "rabbitmq-server"
    }
}

/// Ports that nobody has, all different.
fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let taken: Vec<TcpListener> = (0..COUNT)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&taken) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
