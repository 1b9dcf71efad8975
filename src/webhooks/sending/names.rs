//! Looking up names: which addresses a receiver's name has at this moment.
//!
//! The look-up does not go through the system's library, which takes a thread for each name and cannot be stopped: a name
//! server that hangs would hold up deliveries to everybody else. It asks the name servers that the system is set up with
//! and knows its hosts file.

use super::trouble::Trouble;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is believed at most, whatever its name server allows.
const BELIEVED: Duration = Duration::from_mins(5);

/// How often the system's settings are read again while name servers do not answer.
const READ_AGAIN: Duration = Duration::from_secs(10);

/// Looks up names.
pub struct Names {
    server: Option<SocketAddr>,
    asking: Mutex<(TokioResolver, Instant)>,
}

impl Names {
    /// Asks `server`, or those of the system.
    pub fn new(server: Option<SocketAddr>) -> anyhow::Result<Self> {
        let asking = Mutex::new((resolver(server)?, Instant::now()));
        Ok(Self { server, asking })
    }

    /// The addresses of `name`, at least one.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Trouble> {
        let found = self.current().lookup_ip(name).await;
        let addresses: Vec<IpAddr> = match found {
            Ok(found) => found.iter().collect(),
            Err(error) if error.is_no_records_found() => Vec::new(),
            Err(error) => {
                tracing::debug!(name, %error, "could not look up a name");
                self.read_again();
                return Err(Trouble::NamesDoNotAnswer(name.to_owned()));
            }
        };
        if addresses.is_empty() {
            return Err(Trouble::NoSuchHost(name.to_owned()));
        }
        Ok(addresses)
    }

    fn current(&self) -> TokioResolver {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// A laptop that was carried elsewhere has other name servers.
    fn read_again(&self) {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if asking.1.elapsed() < READ_AGAIN {
            return;
        }
        asking.1 = Instant::now();
        match resolver(self.server) {
            Ok(resolver) => asking.0 = resolver,
            Err(error) => tracing::debug!(%error, "the system's name servers cannot be read"),
        }
    }
}

fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let provider = TokioRuntimeProvider::default();
    let with = |server| TokioResolver::builder_with_config(only(server), provider.clone());
    let mut builder = match server {
        Some(server) => with(server),
        // Without settings the system's library asks this machine, too.
        None => TokioResolver::builder_tokio().unwrap_or_else(|error| {
            tracing::warn!(%error, "the system's name servers cannot be read");
            with(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53))
        }),
    };
    let options = builder.options_mut();
    // Both at once. Where neither is found, the first says why.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.positive_max_ttl = Some(BELIEVED);
    options.negative_max_ttl = Some(BELIEVED);
    builder.build()
}

fn only(server: SocketAddr) -> ResolverConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = server.port();
    }
    ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, connections)])
}
