//! Dialling: a receiver's addresses are found, each is checked, and just these are dialled.
//!
//! A name is looked up once for each dialling, and what was checked is handed to the dialling as numbers. So it does not
//! matter what its name server says a moment later.

use super::names::Names;
use super::trouble::{Step, Trouble};
use crate::config::AllowNets;
use crate::webhooks::address::check_address;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

/// How long one address is tried alone before the next is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// How many of a name's addresses are tried.
const ADDRESSES_MAX: usize = 6;

/// Connects to the receiver of `url`.
pub async fn dial(
    url: &Url,
    names: &Names,
    allowed: &AllowNets,
    (deadline, patience): (Instant, Duration),
) -> Result<TcpStream, Trouble> {
    let late = |step| move |_| Trouble::Late(step, patience);
    let found = timeout_at(deadline, addresses(url, names))
        .await
        .map_err(late(Step::LookUp))??;
    let checked = check(url, &found, allowed)?;
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = checked.into_iter().map(|address| SocketAddr::new(address, port));
    let connected = timeout_at(deadline, connect(addresses))
        .await
        .map_err(late(Step::Connect))?;
    let stream = connected.map_err(|error| Trouble::of_io(&error))?;
    // A delivery is one small packet; nothing is to wait for a second.
    stream.set_nodelay(true).map_err(|error| Trouble::of_io(&error))?;
    Ok(stream)
}

/// The addresses at which a receiver says it is.
pub async fn addresses(url: &Url, names: &Names) -> Result<Vec<IpAddr>, Trouble> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(vec![address.into()]),
        Some(Host::Ipv6(address)) => Ok(vec![address.into()]),
        Some(Host::Domain(name)) => names.addresses(name).await,
        None => Err(Trouble::NoSuchHost(url.to_string())),
    }
}

/// The addresses that may be dialled; when there are none, why.
pub fn check(url: &Url, found: &[IpAddr], allowed: &AllowNets) -> Result<Vec<IpAddr>, Trouble> {
    let mut fine = Vec::new();
    let mut refused = None;
    for &address in found {
        match check_address(address, allowed) {
            Ok(()) => fine.push(address),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        Some(refusal) if fine.is_empty() => Err(Trouble::Refused(match url.domain() {
            Some(name) => refusal.of(name),
            None => refusal,
        })),
        _ => Ok(in_turn(&fine)),
    }
}

/// New and old kind by turns, the new one first: where one kind does not get through, the other is next.
fn in_turn(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (mut new, mut old): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ipv6());
    new.truncate(ADDRESSES_MAX / 2);
    old.truncate(ADDRESSES_MAX - new.len());
    let longer = new.len().max(old.len());
    (0..longer)
        .flat_map(|place| [new.get(place).copied(), old.get(place).copied()])
        .flatten()
        .collect()
}

/// The first of the addresses that takes the connection.
async fn connect(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.peekable();
    let mut dialling = FuturesUnordered::new();
    let mut failed = None;
    loop {
        dialling.extend(waiting.next().map(TcpStream::connect));
        tokio::select! {
            Some(tried) = dialling.next() => match tried {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = Some(worse(failed, error)),
            },
            () = tokio::time::sleep(HEAD_START), if waiting.peek().is_some() => {}
            else => return Err(failed.unwrap_or_else(|| io::Error::from(io::ErrorKind::HostUnreachable))),
        }
    }
}

/// What is told of several failures: not that this machine has no way there, when another address said more.
fn worse(known: Option<io::Error>, new: io::Error) -> io::Error {
    match known {
        Some(known) if Trouble::of_io(&known) != Trouble::Unreachable => known,
        _ => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_addresses_take_turns_and_are_bounded() {
        let addresses = |texts: &[&str]| -> Vec<IpAddr> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        assert_eq!(
            in_turn(&addresses(&["1.1.1.1", "2.2.2.2", "2600::1"])),
            addresses(&["2600::1", "1.1.1.1", "2.2.2.2"])
        );
        let many: Vec<IpAddr> = (0..100).map(|last| IpAddr::from([9, 9, 9, last])).collect();
        assert_eq!(in_turn(&many).len(), ADDRESSES_MAX);
    }
}
