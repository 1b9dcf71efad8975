//! Answers made small on their way: pages, fragments and JSON by gzip, for whoever can read it.
//!
//! Only a body that is there as a whole is compressed. Streams go out as they are: an event that waits in a
//! compressor is late, and a CSV is read by programs that would rather begin at once.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

/// What is smaller fits into one packet anyway.
const WORTH_IT_BYTES: u64 = 1_200;
const TYPES: [&str; 4] = [
    "text/html",
    "application/json",
    "application/problem+json",
    "application/openapi+json",
];

/// A way to make bytes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// The smallest; browsers offer it on HTTPS and on this machine.
    Brotli,
    /// What everybody reads.
    Gzip,
}

impl Coding {
    /// Its name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// Whether `Accept-Encoding` allows it: named or meant by `*`, and not with a weight of nothing.
    pub fn is_accepted(self, headers: &HeaderMap) -> bool {
        let offered = headers.get_all(ACCEPT_ENCODING).iter();
        let offered = offered
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut by_star = false;
        for offer in offered {
            let (name, parameters) = offer.split_once(';').unwrap_or((offer, ""));
            let allowed = weight(parameters) > 0.0;
            match name.trim() {
                name if name.eq_ignore_ascii_case(self.name()) => return allowed,
                "*" => by_star = allowed,
                _ => {}
            }
        }
        by_star
    }
}

fn weight(parameters: &str) -> f32 {
    let weight = parameters.trim().strip_prefix("q=");
    weight.map_or(1.0, |number| number.trim().parse().unwrap_or(0.0))
}

/// The middleware.
pub async fn compress(request: Request, next: Next) -> Response {
    let accepts = Coding::Gzip.is_accepted(request.headers());
    let mut response = next.run(request).await;
    if !is_compressible(&response) {
        return response;
    }
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("accept-encoding"));
    let is_worth_it = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|size| size >= WORTH_IT_BYTES);
    if accepts && is_worth_it {
        return compressed(response).await;
    }
    response
}

fn is_compressible(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    TYPES.contains(&kind) && !headers.contains_key(CONTENT_ENCODING) && response.status() != StatusCode::PARTIAL_CONTENT
}

async fn compressed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // The body is whole and in memory: neither can reading it fail, nor writing into a Vec.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let Ok(packed) = gzip(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts
        .headers
        .insert(CONTENT_ENCODING, HeaderValue::from_static(Coding::Gzip.name()));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

/// The quickest level: a list of 50 products shrinks to a fifth in a fraction of a millisecond.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn;
    use axum::response::Html;
    use axum::routing::get;
    use flate2::read::GzDecoder;
    use std::io::Read as _;
    use tower::ServiceExt as _;

    fn offering(offer: &'static str) -> HeaderMap {
        [(ACCEPT_ENCODING, HeaderValue::from_static(offer))]
            .into_iter()
            .collect()
    }

    #[test]
    fn an_offer_is_read_with_its_weights() {
        for (offer, gzip, brotli) in [
            ("gzip, deflate, br, zstd", true, true),
            ("GZIP;q=0.5", true, false),
            ("gzip;q=0, *", false, true),
            ("*;q=0", false, false),
            ("identity", false, false),
            ("", false, false),
        ] {
            let headers = offering(offer);
            assert_eq!(Coding::Gzip.is_accepted(&headers), gzip, "{offer}");
            assert_eq!(Coding::Brotli.is_accepted(&headers), brotli, "{offer}");
        }
        assert!(!Coding::Gzip.is_accepted(&HeaderMap::new()));
    }

    async fn ask(path: &str, offer: &'static str) -> anyhow::Result<(HeaderMap, Vec<u8>)> {
        let long = || "half a million products ".repeat(200);
        let streamed = || async move {
            let pieces = ["event: progress\n\n"; 500].map(Ok::<_, std::io::Error>);
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            ([(CONTENT_TYPE, "text/event-stream")], body)
        };
        let router = Router::new()
            .route("/long", get(move || async move { Html(long()) }))
            .route("/short", get(|| async { Html("short") }))
            .route("/stream", get(streamed))
            .layer(from_fn(compress));
        let request = Request::get(path).header(ACCEPT_ENCODING, offer).body(Body::empty())?;
        let (parts, body) = router.oneshot(request).await?.into_parts();
        Ok((parts.headers, to_bytes(body, 100_000).await?.to_vec()))
    }

    #[tokio::test]
    async fn what_is_long_and_wanted_is_compressed() -> anyhow::Result<()> {
        let (plain_headers, plain) = ask("/long", "identity").await?;
        let (headers, packed) = ask("/long", "gzip").await?;
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        assert!(packed.len() * 5 < plain.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&packed[..]).read_to_end(&mut unpacked)?;
        assert_eq!(unpacked, plain);
        for headers in [plain_headers, headers] {
            assert_eq!(headers[VARY], "accept-encoding");
        }
        Ok(())
    }

    #[tokio::test]
    async fn what_is_short_or_streamed_is_not() -> anyhow::Result<()> {
        for path in ["/short", "/stream"] {
            let (headers, _) = ask(path, "gzip, br").await?;
            assert!(!headers.contains_key(CONTENT_ENCODING), "{path}");
        }
        Ok(())
    }
}
