//! Where a request comes from, as far as that can be trusted: guesses are counted by it.
//!
//! A router in front of the program reaches it over a private network and adds the address it saw as the last entry of
//! `X-Forwarded-For`. Everything before that entry was written by whoever asks, and is not looked at; neither is the
//! header where the other end of the line has a public address, since then no router is in between.

use axum::extract::ConnectInfo;
use axum::http::Extensions;
use axum::http::HeaderMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// A visitor's address. Of an IPv6 address only the network counts, for one visitor has all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl Address {
    /// The address that a request comes from.
    pub fn of(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Self::seen(peer.to_canonical(), headers)
    }

    fn seen(peer: IpAddr, headers: &HeaderMap) -> Self {
        let forwarded = if is_private(peer) { last_hop(headers) } else { None };
        Self(network(forwarded.unwrap_or(peer)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

fn last_hop(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let hop = line.rsplit(',').next()?.trim();
    let plain = hop.parse::<IpAddr>().ok();
    let address = plain.or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_shared = address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64;
            address.is_loopback() || address.is_private() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn network(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        Address::seen(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_what_the_router_adds_counts() {
        for (peer, forwarded, expected) in [
            ("10.1.2.3", vec!["203.0.113.7"], "203.0.113.7"),
            ("10.1.2.3", vec!["1.1.1.1, 2.2.2.2,203.0.113.7"], "203.0.113.7"),
            ("10.1.2.3", vec!["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", vec!["203.0.113.7:4711"], "203.0.113.7"),
            ("::1", vec!["[2001:db8:1:2:3::4]:4711"], "2001:db8:1:2::"),
            ("fd00::1", vec!["::ffff:203.0.113.7"], "203.0.113.7"),
            ("100.64.0.9", vec!["203.0.113.7"], "203.0.113.7"),
            ("10.1.2.3", vec!["203.0.113.7, unknown"], "10.1.2.3"),
            ("10.1.2.3", vec![], "10.1.2.3"),
            ("198.51.100.9", vec!["203.0.113.7"], "198.51.100.9"),
            ("2001:db8::1", vec!["203.0.113.7"], "2001:db8::"),
        ] {
            assert_eq!(seen(peer, &forwarded), expected, "{peer} {forwarded:?}");
        }
    }
}
