//! Where a visitor wanted to go before being asked who it is.

use axum::http::Uri;

/// The page that every visit begins with.
pub const HOME: &str = "/products";
/// An address of ours is never longer.
const MOST_BYTES: usize = 4_000;

/// The wish, if it leads to a page of this server; else the first page. Browsers read `//` and `/\` as the beginning
/// of another host, and drop tabs and line ends before they look.
pub fn safe(wish: &str) -> &str {
    let is_visible = wish.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_path = wish.starts_with('/') && !wish.starts_with("//");
    let leads_in = !["/sign-in", "/sign-out"].contains(&wish.split('?').next().unwrap_or_default());
    if wish.len() <= MOST_BYTES && is_visible && is_path && leads_in {
        wish
    } else {
        HOME
    }
}

/// The sign-in page that leads back to this address.
pub fn sign_in_for(wish: &Uri) -> String {
    let wish = wish.path_and_query().map_or(HOME, |wish| wish.as_str());
    match safe(wish) {
        "/" | HOME => "/sign-in".to_owned(),
        wish => {
            let wish = form_urlencoded::byte_serialize(wish.as_bytes()).collect::<String>();
            format!("/sign-in?to={wish}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for ours in [
            "/",
            "/products",
            "/products?q=a%20b&status=active",
            "/imports/7",
            "/sign-in-sheet",
        ] {
            assert_eq!(safe(ours), ours);
        }
        for foreign in [
            "",
            "//evil.example/",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "evil.example",
            "javascript:alert(1)",
            "/products\\..\\..//evil.example",
            "/a b",
            "/sign-in?to=/sign-in",
            "/sign-out",
        ] {
            assert_eq!(safe(foreign), HOME, "{foreign:?}");
        }
        assert_eq!(safe(&format!("/{}", "a".repeat(MOST_BYTES))), HOME);
    }

    #[test]
    fn the_way_back_is_part_of_the_address() {
        assert_eq!(sign_in_for(&Uri::from_static("/")), "/sign-in");
        let back = sign_in_for(&Uri::from_static("/products?q=a&status=active"));
        assert_eq!(back, "/sign-in?to=%2Fproducts%3Fq%3Da%26status%3Dactive");
    }
}
