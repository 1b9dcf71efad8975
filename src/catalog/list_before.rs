//! The way back to the list in which somebody pressed a button.

use axum::http::{HeaderMap, Uri, header};

const LIST: &str = "/products";

/// The address of the list, or of the product's page, that a form stood in, with its filter and page. Only ever one of
/// ours, whatever the header says.
pub fn list_before(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    let uri: Option<Uri> = referer.and_then(|referer| referer.parse().ok());
    let list = uri.filter(|uri| uri.path() == LIST || is_product(uri.path()));
    list.and_then(|uri| uri.path_and_query().map(ToString::to_string))
        .unwrap_or_else(|| LIST.to_owned())
}

fn is_product(path: &str) -> bool {
    path.strip_prefix("/products/")
        .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leads_to_a_list_or_a_product_and_nowhere_else() {
        for (referer, back) in [
            (
                "http://shop.example/products?q=lamp&cursor=x",
                "/products?q=lamp&cursor=x",
            ),
            (
                "http://shop.example/products/12?history=all",
                "/products/12?history=all",
            ),
            ("/products?status=active", "/products?status=active"),
            ("http://other.example//evil.example/products", LIST),
            ("http://shop.example/products/12/deletion", LIST),
            ("http://shop.example/products/", LIST),
            ("http://shop.example/imports", LIST),
            ("no address", LIST),
            ("", LIST),
        ] {
            let headers = [(header::REFERER, referer.parse().unwrap())].into_iter().collect();
            assert_eq!(list_before(&headers), back, "{referer}");
        }
        assert_eq!(list_before(&HeaderMap::new()), LIST);
    }
}
