//! Settings: environment variables, each also a flag. No other place reads a setting from the environment; the private
//! PostgreSQL only looks there for what the system says (`HOME`, `PATH`, who started the program).

mod broker;
mod storage;

pub use broker::{Broker, BrokerSettings, BrokerTrust};
pub use storage::{Storage, StorageSettings};

use axum::http::Uri;
use clap::Args;
use ipnet::IpNet;
use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// The shortest secret key that is taken: a password that somebody remembers can be guessed.
pub const SECRET_KEY_MIN_CHARS: usize = 32;

/// Where products are kept.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// PostgreSQL 14 or newer, as postgres://user:password@host/database; without it a private one is started
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, value_parser = database_url)]
    pub database_url: Option<String>,

    /// Where the private PostgreSQL keeps its files [default: a folder fit for the platform and user]
    #[arg(long, env = "DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Connections to the database at most
    #[arg(long, env = "DATABASE_CONNECTIONS", value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(5..=1000))]
    pub database_connections: u32,

    /// Seconds that a statement for a page or the API may take; imports and other work are not limited
    #[arg(long, env = "STATEMENT_TIMEOUT_SECONDS", value_name = "SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub statement_timeout_seconds: u32,
}

impl DatabaseSettings {
    /// How long a statement for a page or the API may take.
    pub fn statement_timeout(&self) -> Duration {
        Duration::from_secs(self.statement_timeout_seconds.into())
    }
}

/// Where and how the web process listens.
#[derive(Args, Clone, Debug)]
pub struct WebSettings {
    /// Address to listen on; other than loopback only with a password, or with --access=open
    #[arg(long, env = "HOST", value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,

    /// Port to listen on; 0 takes a free one
    #[arg(long, env = "PORT", default_value_t = 8080)]
    pub port: u16,

    /// The address people use, when it is not the one listened on, as https://products.example.com
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    #[command(flatten)]
    pub access: AccessSettings,
}

/// Who may come in.
#[derive(Args, Clone, Debug)]
pub struct AccessSettings {
    /// "open" lets everybody who reaches the address in, without a password
    #[arg(long, env = "ACCESS", value_name = "WHO", value_parser = ["open"])]
    pub access: Option<String>,

    /// Pages ask for it once and remember, programs send it as "Authorization: Bearer"
    #[arg(long, env = "ACCESS_PASSWORD", value_name = "PASSWORD", hide_env_values = true,
          value_parser = access_password)]
    pub access_password: Option<String>,
}

/// Where a worker tells how it is doing.
#[derive(Args, Clone, Debug)]
pub struct MetricsSettings {
    /// Port on which a worker answers /metrics, /healthz and /readyz; it listens on none unless told to
    #[arg(long, env = "METRICS_PORT", value_name = "PORT")]
    pub metrics_port: Option<u16>,

    /// Address it listens on then; other than loopback only with a password, or with --access=open
    #[arg(long, env = "HOST", value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,

    #[command(flatten)]
    pub access: AccessSettings,
}

/// What happens to uploaded files.
#[derive(Args, Clone, Debug)]
pub struct UploadSettings {
    /// The largest file taken, in bytes
    #[arg(long, env = "UPLOAD_MAX_BYTES", value_name = "BYTES", default_value_t = 4 * 1024 * 1024 * 1024,
          value_parser = clap::value_parser!(u64).range(1..=1 << 50))]
    pub upload_max_bytes: u64,

    /// Hours after which an upload that sends nothing is given up
    #[arg(long, env = "UPLOAD_EXPIRE_HOURS", value_name = "HOURS", default_value_t = 24,
          value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub upload_expire_hours: u32,

    /// Hours for which the file of an import that is over is kept
    #[arg(long, env = "KEEP_FILE_HOURS", value_name = "HOURS", default_value_t = 24,
          value_parser = clap::value_parser!(u32).range(0..=8760))]
    pub keep_file_hours: u32,
}

/// How the search index is built and read.
#[derive(Args, Clone, Copy, Debug)]
pub struct SearchSettings {
    /// Memory that building the search index may take, in megabytes
    #[arg(long, env = "SEARCH_MEMORY_MB", value_name = "MEGABYTES", default_value_t = 128,
          value_parser = clap::value_parser!(u32).range(32..=65536))]
    pub search_memory_mb: u32,

    /// Memory that a web process may take to keep what searches read of the index, in megabytes [default: a thirty-second of
    /// the machine's, from 64 to 1024]
    #[arg(long, env = "SEARCH_CACHE_MB", value_name = "MEGABYTES",
          value_parser = clap::value_parser!(u32).range(8..=65536))]
    pub search_cache_mb: Option<u32>,
}

/// How long it is remembered what happened to products, and what imports overwrote.
#[derive(Args, Clone, Copy, Debug)]
pub struct HistorySettings {
    /// Days for which it is remembered what happened to products, and what imports overwrote
    #[arg(long, env = "HISTORY_KEEP_DAYS", value_name = "DAYS", default_value_t = 365,
          value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub history_keep_days: u32,
}

/// What is encrypted and signed with.
#[derive(Args, Clone)]
pub struct SecretSettings {
    /// Encrypts webhooks' secrets in the database and signs cookies: 32 characters or more, the same for every process
    /// [default: one kept in DATA_DIR, when there is one]
    #[arg(long, env = "SECRET_KEY", value_name = "KEY", hide_env_values = true, value_parser = secret_key)]
    pub secret_key: Option<String>,
}

/// Whom webhooks may reach, and how.
#[derive(Args, Clone, Debug)]
pub struct WebhookSettings {
    /// Networks that webhooks may reach although they are private, as 10.1.0.0/16,fd00:1::/64
    #[arg(
        long,
        env = "WEBHOOK_ALLOW_NETS",
        value_name = "NETWORKS",
        default_value = "",
        hide_default_value = true
    )]
    pub webhook_allow_nets: AllowNets,

    /// Seconds within which a receiver must have answered, from looking up its name to the end of its answer
    #[arg(long, env = "WEBHOOK_TIMEOUT_SECONDS", value_name = "SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u16).range(1..=60))]
    pub webhook_timeout_seconds: u16,

    /// File of certificates (PEM) whose authorities are trusted besides the public ones
    #[arg(long, env = "WEBHOOK_CA_FILE", value_name = "FILE")]
    pub webhook_ca_file: Option<PathBuf>,

    /// Name server that is asked for receivers' addresses, as 10.0.0.2:53 [default: the system's]
    #[arg(long, env = "WEBHOOK_DNS", value_name = "ADDRESS", value_parser = name_server)]
    pub webhook_dns: Option<SocketAddr>,
}

/// How deliveries are worked on.
#[derive(Args, Clone, Copy, Debug)]
pub struct DeliverySettings {
    /// Deliveries to one webhook that may be in flight at once, by all workers together
    #[arg(long, env = "WEBHOOK_CONCURRENCY", value_name = "N", default_value_t = 8,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub webhook_concurrency: u16,

    /// Deliveries that one worker may have in flight at once
    #[arg(long, env = "WEBHOOK_WORKER_CONCURRENCY", value_name = "N", default_value_t = 256,
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub webhook_worker_concurrency: u16,

    /// Days for which events and deliveries are kept
    #[arg(long, env = "WEBHOOK_KEEP_DAYS", value_name = "DAYS", default_value_t = 30,
          value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub webhook_keep_days: u16,
}

/// What is told to the log.
#[derive(Args, Clone, Debug)]
pub struct LogSettings {
    /// "text" for people, "json" for machines
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"],
          global = true)]
    pub log_format: String,

    /// What is logged, as info or product_importer=debug,sqlx=warn
    #[arg(
        long = "log",
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = "info",
        value_parser = log_filter,
        global = true
    )]
    pub log_filter: String,
}

/// Where spans are sent to. The variables' names are OpenTelemetry's.
#[derive(Args, Clone, Debug)]
pub struct TelemetrySettings {
    /// A collector that takes spans by OTLP over HTTP, as http://localhost:4318. Requests, imports and deliveries are sent
    /// to it
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", global = true, value_parser = collector)]
    pub otlp_endpoint: Option<String>,

    /// Certificates (PEM) whose authorities the collector may have, besides the public ones, which are built in
    #[arg(long, env = "OTEL_EXPORTER_OTLP_CERTIFICATE", value_name = "FILE", global = true)]
    pub otlp_ca_file: Option<PathBuf>,

    /// What this program is called at the collector
    #[arg(
        long,
        env = "OTEL_SERVICE_NAME",
        value_name = "NAME",
        global = true,
        default_value = "product-importer"
    )]
    pub otel_service_name: String,
}

fn collector(text: &str) -> Result<String, String> {
    let is_http = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let refused = || "write it as http://host:4318 or https://host".to_owned();
    is_http.then(|| text.to_owned()).ok_or_else(refused)
}

fn database_url(text: &str) -> Result<String, String> {
    let is_postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if is_postgres && text.parse::<PgConnectOptions>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err("write it as postgres://user:password@host/database".to_owned())
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let address: Option<Uri> = text.parse().ok();
    let is_web = |address: &Uri| matches!(address.scheme_str(), Some("http" | "https"));
    if address.as_ref().is_some_and(is_web) {
        Ok(text.to_owned())
    } else {
        Err("write it as https://products.example.com".to_owned())
    }
}

fn secret_key(text: &str) -> Result<String, String> {
    if text.trim().len() >= SECRET_KEY_MIN_CHARS {
        Ok(text.to_owned())
    } else {
        Err("give it at least 32 characters, for example those of `openssl rand -base64 32`".to_owned())
    }
}

fn name_server(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 53)));
    address.map_err(|_| "write it as 10.0.0.2 or 10.0.0.2:53".to_owned())
}

/// A header can carry it, and nobody wonders about a blank at its end.
fn access_password(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("a password of no characters keeps nobody out".to_owned())
    } else if text.trim() != text || text.chars().any(char::is_control) {
        Err("leave out blanks at its beginning and end, and line breaks".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            webhook_allow_nets: AllowNets::default(),
            webhook_timeout_seconds: 15,
            webhook_ca_file: None,
            webhook_dns: None,
        }
    }
}

/// Networks that one owns, which webhooks may reach although they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowNets(Vec<IpNet>);

impl AllowNets {
    /// Whether `address` is in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for AllowNets {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let networks = text.split(',').map(str::trim).filter(|network| !network.is_empty());
        let parsed = networks.map(|network| {
            let network_of = |address: IpAddr| IpNet::from(address);
            let parsed = network.parse().or_else(|_| network.parse().map(network_of));
            parsed.map_err(|_| format!("{network} is no network; write networks as 10.1.0.0/16,fd00:1::/64"))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }
}

/// A key does not belong in a log.
impl fmt::Debug for SecretSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.secret_key.is_some() { "set" } else { "not set" };
        write!(formatter, "SecretSettings({kind})")
    }
}

impl AccessSettings {
    /// Refuses to listen at an address that would open the catalogue to strangers by accident.
    ///
    /// # Errors
    /// One line that says which setting to change.
    pub fn check(&self, host: IpAddr) -> Result<(), String> {
        if host.is_loopback() || self.access.is_some() || self.access_password.is_some() {
            return Ok(());
        }
        Err(format!(
            "HOST={host} would let everybody in who reaches this address. Set ACCESS_PASSWORD to ask them for a \
             password, or ACCESS=open if everybody may come, or leave HOST unset to listen on this machine only."
        ))
    }
}

/// The fault a test asks for (`platform::fault`).
#[cfg(debug_assertions)]
#[expect(clippy::disallowed_methods, reason = "this is the place where settings are read")]
pub fn fault() -> Option<String> {
    std::env::var("PRODUCT_IMPORTER_FAULT").ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        web: WebSettings,
    }

    fn check(arguments: &[&str]) -> Result<(), String> {
        let probe = Probe::try_parse_from(std::iter::once(&"probe").chain(arguments));
        let web = probe.map_err(|error| error.to_string())?.web;
        web.access.check(web.host)
    }

    #[test]
    fn listening_to_the_world_must_be_meant() {
        assert!(check(&[]).is_ok());
        assert!(check(&["--host", "::1"]).is_ok());
        assert!(check(&["--host", "0.0.0.0"]).unwrap_err().contains("ACCESS=open"));
        assert!(check(&["--host", "0.0.0.0", "--access", "open"]).is_ok());
        assert!(check(&["--host", "0.0.0.0", "--access-password", "open sesame"]).is_ok());
    }

    #[test]
    fn a_password_that_nobody_could_send_is_refused() {
        for password in ["", " ", "secret ", "sec\nret"] {
            assert!(check(&["--access-password", password]).is_err(), "{password:?}");
        }
    }

    #[test]
    fn networks_are_read_as_people_write_them() {
        let nets: AllowNets = " 10.1.0.0/16, fd00:1::/64,192.0.2.7 ,".parse().unwrap();
        let contain = |address: &str| nets.contain(address.parse().unwrap());
        assert!(contain("10.1.255.255") && contain("fd00:1::9") && contain("192.0.2.7"));
        assert!(!contain("10.2.0.0") && !contain("fd00:2::9") && !contain("192.0.2.8") && !contain("::ffff:10.1.0.1"));
        assert!("".parse::<AllowNets>().unwrap().0.is_empty());
        for wrong in ["10.1.0.0/33", "localhost", "10.1", "10.0.0.1-10.0.0.9"] {
            let line = wrong.parse::<AllowNets>().unwrap_err();
            assert!(line.starts_with(wrong), "{line}");
        }
    }

    #[test]
    fn a_secret_key_is_long_and_not_shown() {
        assert!(secret_key(&"k".repeat(31)).is_err());
        let settings = SecretSettings {
            secret_key: Some(secret_key(&"k".repeat(32)).unwrap()),
        };
        assert_eq!(format!("{settings:?}"), "SecretSettings(set)");
    }
}
