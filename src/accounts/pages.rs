//! The page that asks for the password.

use crate::http::assets;
use askama::Template;

/// `/sign-in`.
#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
pub struct SignInPage {
    /// Where it leads.
    pub to: String,
    /// Why it is shown again.
    pub fault: Option<String>,
}

impl SignInPage {
    /// The address of an asset.
    pub fn asset(&self, path: &str) -> String {
        assets::url(path)
    }
}

/// A while, in the words of a sentence.
pub fn in_words(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;

    #[test]
    fn it_asks_and_says_what_was_wrong() {
        let mut page = SignInPage {
            to: "/products?q=\"><script>".into(),
            fault: None,
        };
        let html = page.render().unwrap();
        assert_no_inline_code(&html);
        assert!(
            !html.contains("aria-invalid") && !html.contains("\"><script>"),
            "{html}"
        );
        page.fault = Some("That is not the password.".into());
        let html = page.render().unwrap();
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("That is not the password."));
    }

    #[test]
    fn whiles_are_told_in_minutes() {
        assert_eq!(in_words(1), "a minute");
        assert_eq!(in_words(61), "2 minutes");
        assert_eq!(in_words(900), "15 minutes");
    }
}
