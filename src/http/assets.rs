//! Style sheets, scripts, fonts and pictures, embedded in the binary by `build.rs`.
//!
//! They are served under a path that carries a hash of them all, so a browser may keep them for ever, and a page
//! of another version never mixes with them.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The route that [`show`] serves: `/assets/{version}/{path}`.
pub const ROUTE: &str = "/assets/{version}/{*path}";

/// The address of an asset, such as `app.css`.
pub fn url(path: &str) -> String {
    debug_assert!(find(path).is_some(), "no such asset: {path}");
    format!("/assets/{VERSION}/{path}")
}

/// Answers an asset. Another version's address answers this version's file, uncached: a page loaded before an
/// upgrade keeps working as well as it can.
pub async fn show(Path((version, path)): Path<(String, String)>) -> Response {
    let Some(bytes) = find(&path) else {
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
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}

/// All assets: path and bytes.
pub fn all() -> &'static [(&'static str, &'static [u8])] {
    FILES
}

fn find(path: &str) -> Option<&'static [u8]> {
    let found = FILES.binary_search_by_key(&path, |(name, _)| name).ok()?;
    Some(FILES[found].1)
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
    use axum::http::HeaderMap;

    async fn get(version: &str, path: &str) -> (StatusCode, HeaderMap) {
        let response = show(Path((version.to_owned(), path.to_owned()))).await;
        (response.status(), response.headers().clone())
    }

    #[tokio::test]
    async fn this_version_is_kept_for_ever() {
        let (status, headers) = get(VERSION, "js/app.js").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    }

    #[tokio::test]
    async fn another_version_is_not_kept() {
        let (status, headers) = get("0000", "app.css").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }

    #[tokio::test]
    async fn unknown_paths_are_not_found() {
        for path in ["nothing.css", "../Cargo.toml", ""] {
            assert_eq!(get(VERSION, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn every_asset_has_a_type() {
        for (path, bytes) in FILES {
            assert!(!bytes.is_empty(), "{path}");
            assert_ne!(content_type(path), "application/octet-stream", "{path}");
            assert!(find(path).is_some(), "{path}");
        }
    }

    #[test]
    fn style_sheets_are_one_file() {
        let css = std::str::from_utf8(find("app.css").unwrap()).unwrap();
        assert!(!css.contains("@import"));
    }
}
