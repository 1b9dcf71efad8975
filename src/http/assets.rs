//! Style sheets, scripts, fonts and pictures, embedded in the binary by `build.rs`, text also compressed.
//!
//! They are served under a path that carries a hash of them all, so a browser may keep them for ever, and a page
//! of another version never mixes with them.

use super::compression::Coding;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The route that [`show`] serves: `/assets/{version}/{path}`.
pub const ROUTE: &str = "/assets/{version}/{*path}";

/// One embedded file.
pub struct Asset {
    /// Its path, such as `app.css`.
    pub path: &'static str,
    /// As it was written.
    pub bytes: &'static [u8],
    /// The same by gzip, unless its kind is compressed already.
    pub gzip: Option<&'static [u8]>,
    /// The same by Brotli.
    pub brotli: Option<&'static [u8]>,
}

/// The address of an asset.
pub fn url(path: &str) -> String {
    debug_assert!(find(path).is_some(), "no such asset: {path}");
    format!("/assets/{VERSION}/{path}")
}

/// Answers an asset. Another version's address answers this version's file, uncached: a page loaded before an
/// upgrade keeps working as well as it can.
pub async fn show(Path((version, path)): Path<(String, String)>, asked: HeaderMap) -> Response {
    let Some(asset) = find(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let caching = if version == VERSION {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(&path)),
        (header::CACHE_CONTROL, caching),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match asset.packed_for(&asked) {
        Some((coding, bytes)) => {
            let coding = [(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()))];
            (headers, coding, bytes).into_response()
        }
        None => (headers, asset.bytes).into_response(),
    }
}

impl Asset {
    /// The smallest form that was asked for.
    fn packed_for(&self, asked: &HeaderMap) -> Option<(Coding, &'static [u8])> {
        let forms = [(Coding::Brotli, self.brotli), (Coding::Gzip, self.gzip)];
        let mut readable = forms.into_iter().filter(|(coding, _)| coding.is_accepted(asked));
        readable.find_map(|(coding, bytes)| Some((coding, bytes?)))
    }
}

/// All assets.
pub fn all() -> &'static [Asset] {
    FILES
}

fn find(path: &str) -> Option<&'static Asset> {
    let found = FILES.binary_search_by_key(&path, |asset| asset.path).ok()?;
    Some(&FILES[found])
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    /// Scripts and styles may weigh this much altogether, by gzip, which is the larger of the two.
    const MOST_BYTES: usize = 60 * 1024;

    async fn get(version: &str, path: &str, offer: &'static str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let asked = [(header::ACCEPT_ENCODING, HeaderValue::from_static(offer))]
            .into_iter()
            .collect();
        let (parts, body) = show(Path((version.to_owned(), path.to_owned())), asked)
            .await
            .into_parts();
        (
            parts.status,
            parts.headers,
            to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        )
    }

    #[tokio::test]
    async fn this_version_is_kept_for_ever() {
        let (status, headers, _) = get(VERSION, "js/app.js", "").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    }

    #[tokio::test]
    async fn another_version_is_not_kept() {
        let (status, headers, _) = get("0000", "app.css", "").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }

    #[tokio::test]
    async fn unknown_paths_are_not_found() {
        for path in ["nothing.css", "../Cargo.toml", ""] {
            assert_eq!(get(VERSION, path, "").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn text_is_sent_as_small_as_the_browser_can_read() {
        let asset = find("app.css").unwrap();
        for (offer, coding, bytes) in [
            ("", None, Some(asset.bytes)),
            ("gzip", Some("gzip"), asset.gzip),
            ("gzip, deflate, br", Some("br"), asset.brotli),
        ] {
            let (_, headers, sent) = get(VERSION, asset.path, offer).await;
            let stated = headers
                .get(header::CONTENT_ENCODING)
                .map(|coding| coding.to_str().unwrap());
            assert_eq!(stated, coding, "{offer}");
            assert_eq!(Some(&sent[..]), bytes, "{offer}");
            assert_eq!(headers[header::VARY], "accept-encoding");
        }
        let (_, headers, _) = get(VERSION, "fonts/inter-latin.woff2", "gzip, br").await;
        assert!(!headers.contains_key(header::CONTENT_ENCODING));
    }

    #[test]
    fn pages_are_light() {
        let is_counted = |asset: &&Asset| {
            let kind = asset.path.rsplit('.').next();
            matches!(kind, Some("css" | "js")) && asset.path != "docs.css"
        };
        let weights: Vec<_> = FILES
            .iter()
            .filter(is_counted)
            .map(|asset| (asset.gzip.unwrap_or(asset.bytes).len(), asset.path))
            .collect();
        let sum: usize = weights.iter().map(|(bytes, _)| bytes).sum();
        assert!(weights.len() > 3 && weights.iter().any(|(_, path)| path.contains("tus")));
        assert!(sum <= MOST_BYTES, "{sum} bytes of script and style: {weights:?}");
    }

    #[test]
    fn every_asset_has_a_type() {
        for asset in FILES {
            let path = asset.path;
            assert!(!asset.bytes.is_empty(), "{path}");
            assert_ne!(content_type(path), "application/octet-stream", "{path}");
            assert!(find(path).is_some(), "{path}");
        }
    }

    #[test]
    fn style_sheets_are_one_file() {
        let css = std::str::from_utf8(find("app.css").unwrap().bytes).unwrap();
        assert!(!css.contains("@import"));
    }
}
