//! What a form sent after its browser's session had ended: nothing that somebody typed is lost.
//!
//! It travels through the page that asks for the password and stays in the browser, so that nothing is kept here for
//! strangers, and any process goes on with it. It is sent again only by a click of whoever has signed in.

use super::return_to::safe;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// As much as forms are taken of anyway, by axum's own limit. The longest description has 100,000 characters, of which
/// each is sent as 12 bytes at most.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// The form of the page that carries it: a third more, and all else besides.
pub const MOST_CARRIED_BYTES: usize = MOST_BYTES.div_ceil(3) * 4 + 64 * 1024;

/// A form's address and what it sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptForm {
    address: String,
    body: Bytes,
}

impl KeptForm {
    /// What a page's form sent, if it can be sent again. A mere button is not kept: nothing was typed there, and what it
    /// would do can no longer be seen.
    pub async fn of(request: Request) -> Option<Self> {
        let address = ours(request.uri().path_and_query()?.as_str())?;
        if !is_form(request.headers()) {
            return None;
        }
        let body = to_bytes(request.into_body(), MOST_BYTES).await.ok()?;
        (!body.is_empty()).then_some(Self { address, body })
    }

    /// What the page that asks for the password carried.
    pub fn carried(address: &str, text: &str) -> Option<Self> {
        let address = ours(address)?;
        let body = URL_SAFE_NO_PAD.decode(text).ok()?.into();
        (!text.is_empty()).then_some(Self { address, body })
    }

    /// The body in letters that neither HTML nor a form changes or makes longer.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.body)
    }

    /// Where it was sent: a path of this server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Names and values. A browser sends them as it did before: line ends of hidden fields become `\r\n`, and so were
    /// those of the first form.
    pub fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

fn ours(address: &str) -> Option<String> {
    (safe(address) == address).then(|| address.to_owned())
}

/// Whether it was sent as forms are that carry no file.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    const FORM: &str = "application/x-www-form-urlencoded";

    async fn kept(address: &str, kind: &str, body: impl Into<Body>) -> Option<KeptForm> {
        let request = Request::post(address).header(CONTENT_TYPE, kind);
        KeptForm::of(request.body(body.into()).unwrap()).await
    }

    #[tokio::test]
    async fn a_form_comes_out_as_it_went_in() {
        let body = "name=M%C3%B6bel+%22x%22&description=a%0D%0A%0D%0Ab&name=&%FF";
        let form = kept("/products/7?from=list", FORM, body).await.unwrap();
        assert_eq!(form.address(), "/products/7?from=list");
        assert_eq!(form.body, body);
        let text = form.text();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(text.bytes().all(is_plain), "{text}");
        assert_eq!(KeptForm::carried(form.address(), &text), Some(form.clone()));
        let fields = form.fields();
        assert_eq!(fields[0], ("name".to_owned(), "Möbel \"x\"".to_owned()));
        assert_eq!(fields[1].1, "a\r\n\r\nb");
        assert_eq!(fields.len(), 4);
    }

    #[tokio::test]
    async fn what_is_no_form_of_ours_is_not_kept() {
        assert!(
            kept("/products", &format!("{FORM}; charset=UTF-8"), "a=b")
                .await
                .is_some()
        );
        assert_eq!(kept("/products", FORM, "").await, None);
        assert_eq!(kept("/products", "multipart/form-data; boundary=x", "a=b").await, None);
        assert_eq!(kept("/sign-out", FORM, "a=b").await, None);
        assert_eq!(kept("//evil.example/", FORM, "a=b").await, None);
        assert!(kept("/products", FORM, vec![b'a'; MOST_BYTES]).await.is_some());
        assert_eq!(kept("/products", FORM, vec![b'a'; MOST_BYTES + 1]).await, None);
        let text = URL_SAFE_NO_PAD.encode("a=b");
        for (address, text) in [
            ("https://evil.example/", text.as_str()),
            ("", &text),
            ("/sign-in", &text),
            ("/products", ""),
            ("/products", "%%%"),
        ] {
            assert_eq!(KeptForm::carried(address, text), None, "{address} {text}");
        }
    }

    #[test]
    fn the_longest_form_fits_into_the_page_that_carries_it() {
        let form = KeptForm {
            address: "/products".to_owned(),
            body: vec![b'a'; MOST_BYTES].into(),
        };
        assert!(form.text().len() + 4_000 < MOST_CARRIED_BYTES);
    }
}
