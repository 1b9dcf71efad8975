//! The page that asks for the password, and the one that sends what had to wait for it.

use super::kept_form::KeptForm;
use super::return_to::HOME;
use askama::Template;

/// `/sign-in`.
#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
pub struct SignInPage {
    /// Where it leads.
    pub to: String,
    /// What a form sent there that was not taken, as [`KeptForm::text`].
    pub kept: Option<String>,
    /// Why it is shown again.
    pub fault: Option<String>,
}

/// After the right password, where a form waits for it.
#[derive(Template)]
#[template(path = "accounts/send_again.html")]
pub struct SendAgainPage {
    pub form: KeptForm,
}

impl SignInPage {
    /// The page for whoever wants to go there.
    pub fn leading_to(place: &str) -> Self {
        Self {
            to: place.to_owned(),
            kept: None,
            fault: None,
        }
    }

    /// The page for whoever sent this form and is not signed in.
    pub fn keeping(form: &KeptForm) -> Self {
        Self {
            kept: Some(form.text()),
            ..Self::leading_to(form.address())
        }
    }

    /// The page once more, for this reason.
    #[must_use]
    pub fn because(self, fault: impl Into<String>) -> Self {
        Self {
            fault: Some(fault.into()),
            ..self
        }
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
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn it_asks_and_says_what_was_wrong() {
        let mut page = SignInPage::leading_to("/products?q=\"><script>");
        let html = page.render().unwrap();
        assert_no_inline_code(&html);
        assert!(
            !html.contains("aria-invalid") && !html.contains("\"><script>") && !html.contains("signed out"),
            "{html}"
        );
        page.fault = Some("That is not the password.".into());
        let html = page.render().unwrap();
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("That is not the password."));
    }

    #[test]
    fn what_a_form_sent_is_carried_and_waits_for_a_click() {
        let text = URL_SAFE_NO_PAD.encode("name=%22%3E%3Cscript%3E&description=a%0D%0A%3Cb%3E");
        let form = KeptForm::carried("/products/7?q='\"", &text).unwrap();
        let html = SignInPage::keeping(&form).render().unwrap();
        assert!(html.contains("You were signed out") && html.contains(&format!("value=\"{text}\"")));
        assert!(html.contains("value=\"/products/7?q=&#39;&#34;\""), "{html}");

        let html = SendAgainPage { form }.render().unwrap();
        assert_no_inline_code(&html);
        assert!(
            html.contains("action=\"/products/7?q=&#39;&#34;\" method=\"post\""),
            "{html}"
        );
        assert!(
            html.contains("name=\"name\" value=\"&#34;&#62;&#60;script&#62;\""),
            "{html}"
        );
        assert!(html.contains("value=\"a\r\n&#60;b&#62;\""), "{html}");
        assert!(html.contains("<button ") && html.contains("href=\"/products\""));
    }

    #[test]
    fn whiles_are_told_in_minutes() {
        assert_eq!(in_words(1), "a minute");
        assert_eq!(in_words(61), "2 minutes");
        assert_eq!(in_words(900), "15 minutes");
    }
}
