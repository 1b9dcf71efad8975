//! Keeps other sites out: a page elsewhere must not be able to use a visitor's browser against this server.
//!
//! A request that changes something is refused when the browser says that another site sent it; any request is
//! refused when it names a host that is not ours, which is how DNS rebinding looks from here. Programs that send
//! neither header pass.

use super::Error;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Who we are, so that others can be told apart. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct SiteGuard(Arc<Identity>);

#[derive(Debug)]
struct Identity {
    public: Option<Site>,
    any_host: bool,
}

/// A host and port as in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Site {
    host: String,
    port: u16,
}

impl SiteGuard {
    /// A guard for a server that is reached as loopback or as `public_url`'s host; as anything when `any_host` (a
    /// password protects it then, or the operator said that its metrics are open).
    pub fn new(public_url: Option<&str>, any_host: bool) -> Self {
        Self(Arc::new(Identity {
            public: public_url.and_then(Site::of_url),
            any_host,
        }))
    }

    /// Refuses `request` or lets it pass.
    pub fn check(&self, request: &Request) -> Result<(), Error> {
        let host = stated_host(request);
        if let Some(host) = host.as_deref()
            && !self.is_ours(host)
        {
            return Err(Error::Forbidden(format!(
                "This server does not answer to the name “{host}”. Open it by its own address, \
                 or name that address in PUBLIC_URL."
            )));
        }
        let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
        if changes && self.is_foreign(request.headers(), host.as_deref()) {
            return Err(Error::Forbidden(
                "Another site sent this request, so it was refused. Open this program's own page and try there.".into(),
            ));
        }
        Ok(())
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host).to_lowercase();
        self.0.any_host || is_loopback(&name) || self.0.public.as_ref().is_some_and(|public| public.host == name)
    }

    /// Whether the browser says that another site sent the request. `Sec-Fetch-Site` is the browser's own verdict
    /// and holds behind proxies that rewrite `Host`; browsers without it at least send `Origin`.
    fn is_foreign(&self, headers: &HeaderMap, host: Option<&str>) -> bool {
        if let Some(verdict) = headers.get("sec-fetch-site") {
            return verdict != "same-origin" && verdict != "none";
        }
        let Some(origin) = headers.get(ORIGIN) else {
            return false;
        };
        let Some((https, origin)) = origin.to_str().ok().and_then(origin_of) else {
            return true;
        };
        let asked = host.and_then(|host| Site::of_authority(host, https));
        asked.as_ref() != Some(&origin) && self.0.public.as_ref() != Some(&origin)
    }
}

/// The middleware: `axum::middleware::from_fn_with_state(guard, site_guard::refuse_foreign)`.
pub async fn refuse_foreign(State(guard): State<SiteGuard>, request: Request, next: Next) -> Response {
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Site {
    fn of_url(url: &str) -> Option<Self> {
        origin_of(url).map(|(_, site)| site)
    }

    fn of_authority(authority: &str, https: bool) -> Option<Self> {
        let authority: Authority = authority.parse().ok()?;
        let port = authority.port_u16().unwrap_or(if https { 443 } else { 80 });
        Some(Self {
            host: authority.host().to_lowercase(),
            port,
        })
    }
}

/// Whether an origin is `https`, and its host and port.
fn origin_of(url: &str) -> Option<(bool, Site)> {
    let uri: Uri = url.parse().ok()?;
    let https = uri.scheme_str()? == "https";
    Some((https, Site::of_authority(uri.authority()?.as_str(), https)?))
}

/// The host a request is meant for: in its first line (as to a proxy) or in `Host`.
fn stated_host(request: &Request) -> Option<String> {
    let in_line = request.uri().authority().map(ToString::to_string);
    in_line.or_else(|| {
        request
            .headers()
            .get(HOST)
            .map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned())
    })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Names that never leave the machine. A literal is only taken as browsers write it.
fn is_loopback(name: &str) -> bool {
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    if let Some(literal) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| IpAddr::V6(address).to_canonical().is_loopback());
    }
    name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn passes(guard: &SiteGuard, method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/products");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
            .body(Body::empty())
            .is_ok_and(|request| guard.check(&request).is_ok())
    }

    #[test]
    fn only_our_hosts_are_answered() {
        let guard = SiteGuard::new(Some("https://shop.example"), false);
        let ours = [
            "localhost:8080",
            "127.0.0.1",
            "127.8.0.1:1",
            "[::1]:8080",
            "a.localhost",
            "shop.example",
            "SHOP.example:8443",
        ];
        for host in ours {
            assert!(passes(&guard, "GET", &[("host", host)]), "{host}");
        }
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "",
            "[::2]",
            "evil.example:80:80",
        ];
        for host in foreign {
            assert!(!passes(&guard, "GET", &[("host", host)]), "{host}");
        }
        assert!(passes(&SiteGuard::new(None, true), "GET", &[("host", "evil.example")]));
    }

    #[test]
    fn the_browsers_verdict_decides() {
        let guard = SiteGuard::new(None, false);
        for (site, expected) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
        ] {
            assert_eq!(
                passes(&guard, "POST", &[("host", "localhost"), ("sec-fetch-site", site)]),
                expected,
                "{site}"
            );
            assert!(
                passes(&guard, "GET", &[("host", "localhost"), ("sec-fetch-site", site)]),
                "{site}"
            );
        }
    }

    #[test]
    fn an_origin_must_be_the_host_or_the_public_address() {
        let guard = SiteGuard::new(Some("https://shop.example"), false);
        let host = ("host", "localhost:8080");
        for (origin, expected) in [
            ("http://localhost:8080", true),
            ("https://shop.example", true),
            ("http://localhost:8081", false),
            ("http://shop.example", false),
            ("http://evil.example", false),
            ("null", false),
        ] {
            assert_eq!(
                passes(&guard, "DELETE", &[host, ("origin", origin)]),
                expected,
                "{origin}"
            );
        }
        assert!(passes(&guard, "POST", &[host]), "programs send no Origin");
        assert!(passes(
            &guard,
            "POST",
            &[("host", "shop.example:443"), ("origin", "https://shop.example")]
        ));
    }
}
