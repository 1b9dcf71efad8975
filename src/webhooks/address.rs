//! Where webhooks may go: out to others, and not into the network this program stands in.
//!
//! An address is checked in two places: as it is written, when it is saved, and as it was found, at every dialling. Both
//! read it with the same parser, which knows all spellings of an IPv4 address (decimal, octal, hexadecimal, shortened,
//! fullwidth), so that what was checked is what is dialled. `WEBHOOK_ALLOW_NETS` lifts the check for its networks alone.

use crate::config::AllowNets;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Characters of an address at most.
pub const URL_MAX_CHARS: usize = 2_000;

/// Why a webhook may not go to an address; its `Display` is for the person who entered it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line each of them shows says what it is")]
pub enum Refusal {
    Unreadable,
    TooLong,
    OtherScheme,
    Credentials,
    NoPort,
    /// The address, what is there, and the name that led to it.
    Address(IpAddr, Place, Option<String>),
}

/// What lies where webhooks may not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words each of them shows say what it is")]
pub enum Place {
    ThisMachine,
    PrivateNetwork,
    Segment,
    Metadata,
    Multicast,
    Disguised,
    Reserved,
}

/// What an address is, the first that fits. From the registries of special addresses that IANA keeps (RFC 6890), and
/// where the large hosting companies answer the machines they host.
const PLACES: [(IpNet, Place); 41] = [
    (v4([169, 254, 169, 254], 32), Place::Metadata),
    (v4([169, 254, 170, 2], 32), Place::Metadata),
    (v4([100, 100, 100, 200], 32), Place::Metadata),
    (v4([168, 63, 129, 16], 32), Place::Metadata),
    (v4([192, 0, 0, 192], 32), Place::Metadata),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), Place::Metadata),
    (v4([0, 0, 0, 0], 8), Place::ThisMachine),
    (v4([127, 0, 0, 0], 8), Place::ThisMachine),
    (v4([10, 0, 0, 0], 8), Place::PrivateNetwork),
    (v4([172, 16, 0, 0], 12), Place::PrivateNetwork),
    (v4([192, 168, 0, 0], 16), Place::PrivateNetwork),
    // A provider's own network, behind its translation of addresses.
    (v4([100, 64, 0, 0], 10), Place::PrivateNetwork),
    (v4([169, 254, 0, 0], 16), Place::Segment),
    (v4([224, 0, 0, 0], 4), Place::Multicast),
    (v4([192, 0, 0, 0], 24), Place::Reserved),
    // Documentation.
    (v4([192, 0, 2, 0], 24), Place::Reserved),
    (v4([198, 51, 100, 0], 24), Place::Reserved),
    (v4([203, 0, 113, 0], 24), Place::Reserved),
    // Benchmarks.
    (v4([198, 18, 0, 0], 15), Place::Reserved),
    // Name servers for private addresses, multicast tunnels, relays of 6to4.
    (v4([192, 31, 196, 0], 24), Place::Reserved),
    (v4([192, 52, 193, 0], 24), Place::Reserved),
    (v4([192, 88, 99, 0], 24), Place::Reserved),
    (v4([192, 175, 48, 0], 24), Place::Reserved),
    (v4([240, 0, 0, 0], 4), Place::Reserved),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 127), Place::ThisMachine),
    // IPv4 in IPv6: compatible, mapped, translated (SIIT, NAT64), 6to4, Teredo.
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), Place::Disguised),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), Place::Disguised),
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), Place::Disguised),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), Place::Disguised),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Place::Disguised),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Place::Disguised),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Place::Disguised),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Place::PrivateNetwork),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Place::PrivateNetwork),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Place::Segment),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Place::Multicast),
    // Protocols (benchmarks, ORCHID and the like) and documentation.
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Place::Reserved),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Place::Reserved),
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), Place::Reserved),
    (v6([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16), Place::Reserved),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Place::Reserved),
];

/// All public IPv6 addresses that have been given out.
const PUBLIC_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(parts: [u16; 8], prefix: u8) -> IpNet {
    let [a, b, c, d, ..] = parts;
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::new(a, b, c, d, parts[4], parts[5], parts[6], parts[7]),
        prefix,
    ))
}

/// Reads an address as it was entered, and refuses it where it can be told already that webhooks may not go there.
/// A name is not looked up: see [`super::Sender::check`].
pub fn check_url(text: &str, allowed: &AllowNets) -> Result<Url, Refusal> {
    let text = text.trim();
    if text.chars().count() > URL_MAX_CHARS {
        return Err(Refusal::TooLong);
    }
    let url = Url::parse(text).map_err(|_| Refusal::Unreadable)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::OtherScheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    if url.port() == Some(0) {
        return Err(Refusal::NoPort);
    }
    match url.host().ok_or(Refusal::Unreadable)? {
        Host::Ipv4(address) => check_address(address.into(), allowed)?,
        Host::Ipv6(address) => check_address(address.into(), allowed)?,
        Host::Domain(name) => check_name(name, allowed)?,
    }
    Ok(url)
}

/// Names that mean this machine, whatever a name server says.
fn check_name(name: &str, allowed: &AllowNets) -> Result<(), Refusal> {
    let plain = name.strip_suffix('.').unwrap_or(name);
    if plain != "localhost" && !plain.ends_with(".localhost") {
        return Ok(());
    }
    let refused = |address| check_address(address, allowed).err();
    match (refused(Ipv4Addr::LOCALHOST.into()), refused(Ipv6Addr::LOCALHOST.into())) {
        (Some(refusal), Some(_)) => Err(refusal.of(name)),
        _ => Ok(()),
    }
}

/// Refuses an address that is not out in the world, unless its network is allowed.
pub fn check_address(address: IpAddr, allowed: &AllowNets) -> Result<(), Refusal> {
    match place(address) {
        Some(place) if !allowed.contain(address) => Err(Refusal::Address(address, place, None)),
        _ => Ok(()),
    }
}

fn place(address: IpAddr) -> Option<Place> {
    let known = PLACES.iter().find(|(network, _)| network.contains(&address));
    let is_unused = matches!(address, IpAddr::V6(address) if !PUBLIC_V6.contains(&address));
    known.map(|(_, place)| *place).or(is_unused.then_some(Place::Reserved))
}

impl Refusal {
    /// The same of an address that was found under a name.
    #[must_use]
    pub fn of(self, host: &str) -> Self {
        match self {
            Self::Address(address, place, _) => Self::Address(address, place, Some(host.to_owned())),
            other => other,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Unreadable => "this is not an address; write it as https://example.com/webhook",
            Self::TooLong => "this address is too long: 2,000 characters at most",
            Self::OtherScheme => "the address must begin with https:// or http://",
            Self::Credentials => "leave the user name and password out of the address; extra headers keep them hidden",
            Self::NoPort => "there is no port 0; use a port from 1 to 65535, or leave it out",
            Self::Address(address, place, None) => return write!(formatter, "{address} {}", place.words()),
            Self::Address(address, place, Some(name)) => {
                return write!(formatter, "{name} leads to {address}, which {}", place.words());
            }
        };
        formatter.write_str(words)
    }
}

impl std::error::Error for Refusal {}

impl Place {
    fn words(self) -> &'static str {
        match self {
            Self::ThisMachine => {
                "is this program's own machine; to let webhooks reach it, ask whoever runs this program (setting \
                 WEBHOOK_ALLOW_NETS)"
            }
            Self::PrivateNetwork => {
                "is in a private network; to let webhooks reach it, ask whoever runs this program (setting \
                 WEBHOOK_ALLOW_NETS)"
            }
            Self::Segment => {
                "is in this machine's own part of a network; to let webhooks reach it, ask whoever runs this program \
                 (setting WEBHOOK_ALLOW_NETS)"
            }
            Self::Metadata => "is where a hosting company tells secrets of this machine; webhooks may not go there",
            Self::Multicast => "is a group of machines; webhooks go to one",
            Self::Disguised => "is an address of the old kind (IPv4) in another form; webhooks do not go there",
            Self::Reserved => "is reserved; nobody can be reached there",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<Refusal> {
        check_url(url, &AllowNets::default()).err()
    }

    fn place_of(url: &str) -> Option<Place> {
        match refusal(url) {
            Some(Refusal::Address(_, place, _)) => Some(place),
            _ => None,
        }
    }

    #[test]
    fn hostile_addresses_in_every_spelling() {
        for (place, hosts) in [
            (
                Place::ThisMachine,
                "127.0.0.1 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0x7f.1 0X7F.0.0.1 017700000001 0177.0.0.1 \
                 0177.0.0x1 127.0.0.1. 127.1. ①②⑦.⓪.⓪.① １２７．０．０．１ 127。0。0。1 %31%32%37.0.0.1 0.0.0.0 0 0x0 0.1.2.3 \
                 [::1] [::] [0:0:0:0:0:0:0:1] [0000::0001] localhost LOCALHOST localhost. ｌｏｃａｌｈｏｓｔ api.localhost",
            ),
            (
                Place::PrivateNetwork,
                "10.0.0.1 10.255.255.255 167772161 0x0a000001 012.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 192.168.257 \
                 0xc0a80001 100.64.0.1 100.127.255.255 [fc00::1] [fd12:3456::1] [fdff:ffff::] [fec0::1]",
            ),
            (Place::Segment, "169.254.0.1 169.254.1 [fe80::1] [febf::1]"),
            (
                Place::Metadata,
                "169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 169.254.170.2 168.63.129.16 \
                 100.100.100.200 192.0.0.192 [fd00:ec2::254]",
            ),
            (Place::Multicast, "224.0.0.1 239.255.255.255 [ff02::1] [ff0e::1]"),
            (
                Place::Disguised,
                "[::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:8.8.8.8] [0:0:0:0:0:ffff:a00:1] [::127.0.0.1] [::808:808] \
                 [::ffff:0:127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::8.8.8.8] [64:ff9b:1::a00:1] [2002:7f00:1::] \
                 [2002:808:808::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            ),
            (
                Place::Reserved,
                "192.0.0.8 192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 198.19.255.255 192.88.99.1 240.0.0.1 \
                 255.255.255.255 4294967295 [100::1] [2001:2::1] [2001:20::1] [2001:db8::1] [3fff::1] [3ffe::1] [4000::1] \
                 [5f00::1] [1::1] [fe00::1]",
            ),
        ] {
            for host in hosts.split(' ').filter(|host| !host.is_empty()) {
                for url in [format!("http://{host}/"), format!("https://{host}:8443/a?b")] {
                    assert_eq!(place_of(&url), Some(place), "{url}");
                }
            }
        }
    }

    #[test]
    fn addresses_out_in_the_world_are_fine() {
        for url in [
            "https://example.com",
            "http://example.com:8080/hook?key=1#part",
            "https://example.com:1/",
            "https://93.184.215.14/",
            "http://1.1.1.1",
            "http://134744072/",
            "http://11.0.0.1",
            "http://172.32.0.1",
            "http://100.128.0.1",
            "http://169.253.255.255",
            "http://223.255.255.255",
            "https://[2606:4700:4700::1111]/",
            "https://[2a00:1450::1]",
            "https://bücher.example/",
            "https://localhost.example.com",
            "  https://example.com/  ",
        ] {
            assert_eq!(refusal(url), None, "{url}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_receiver_says_what_to_write() {
        for (url, expected) in [
            ("", Refusal::Unreadable),
            ("example.com/hook", Refusal::Unreadable),
            ("/hook", Refusal::Unreadable),
            ("http://", Refusal::Unreadable),
            ("http://1.2.3.4.5/", Refusal::Unreadable),
            ("http://256.1.1.1/", Refusal::Unreadable),
            ("http://[::1%25eth0]/", Refusal::Unreadable),
            ("http://a b/", Refusal::Unreadable),
            ("http://example.com:99999/", Refusal::Unreadable),
            ("ftp://example.com/", Refusal::OtherScheme),
            ("file:///etc/passwd", Refusal::OtherScheme),
            ("gopher://example.com:70/", Refusal::OtherScheme),
            ("javascript:alert(1)", Refusal::OtherScheme),
            ("unix:/run/docker.sock", Refusal::OtherScheme),
            ("https://user@example.com/", Refusal::Credentials),
            ("https://user:word@example.com/", Refusal::Credentials),
            ("https://:word@example.com/", Refusal::Credentials),
            ("https://example.com@127.0.0.1/", Refusal::Credentials),
            ("https://example.com:0/", Refusal::NoPort),
        ] {
            assert_eq!(refusal(url), Some(expected), "{url:?}");
        }
        let long = format!("https://example.com/{}", "a".repeat(URL_MAX_CHARS));
        assert_eq!(refusal(&long), Some(Refusal::TooLong));
    }

    #[test]
    fn spellings_that_other_parsers_understand_otherwise_are_read_in_one_way() {
        // A backslash, a tab or a line's end within an address: what is kept is what was checked.
        let read = |text: &str| check_url(text, &AllowNets::default()).map(|url| url.to_string());
        assert_eq!(
            read("http:\\\\example.com\\@127.0.0.1/"),
            Ok("http://example.com/@127.0.0.1/".to_owned())
        );
        assert_eq!(read("https://exa\tmple.com/\n"), Ok("https://example.com/".to_owned()));
        assert_eq!(place_of("http://127.0\t.0.1/"), Some(Place::ThisMachine));
        assert_eq!(place_of("http:127.0.0.1/"), Some(Place::ThisMachine));
        assert_eq!(place_of("http:////127.0.0.1/"), Some(Place::ThisMachine));
    }

    #[test]
    fn allowed_networks_lift_the_check_for_themselves_alone() {
        let allowed: AllowNets = "127.0.0.0/8,fd00:1::/32".parse().unwrap();
        let is_fine = |url: &str| check_url(url, &allowed).is_ok();
        for url in [
            "http://127.0.0.1:4000/",
            "http://2130706433/",
            "http://[fd00:1::5]/",
            "http://localhost/",
        ] {
            assert!(is_fine(url), "{url}");
        }
        for url in [
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://[fd00:2::5]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(!is_fine(url), "{url}");
        }
    }

    #[test]
    fn refusals_are_told_in_words() {
        let words = |url: &str| refusal(url).unwrap().to_string();
        assert_eq!(
            words("http://0x0a000001/"),
            "10.0.0.1 is in a private network; to let webhooks reach it, ask whoever runs this program (setting \
             WEBHOOK_ALLOW_NETS)"
        );
        assert!(
            words("http://localhost/").starts_with("localhost leads to 127.0.0.1, which is this program's own machine")
        );
    }
}
