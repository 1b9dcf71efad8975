//! The pages about webhooks: one template struct a page.
//!
//! They hold what a page shows and nothing that fetches it; the words are in [`super::view`] and the templates.

use super::address::URL_MAX_CHARS;
use super::form::WebhookForm;
use super::health::Health;
use super::log::LogView;
use super::snippets::SNIPPETS;
use super::values::{DESCRIPTION_MAX_CHARS, EVENTS, FIELDS, HEADER_MAX_CHARS};
use super::view::{Standing, WebhookView};
use crate::http::FieldError;
use crate::http::format::filters;
use crate::http::pages::{Layout, Pager, Section};
use askama::Template;

/// `/webhooks`: all of them, and how they are doing.
#[derive(Template)]
#[template(path = "webhooks/index.html", blocks = ["main"])]
pub struct WebhooksPage {
    /// The frame.
    pub layout: Layout,
    webhooks: Vec<WebhookView>,
    pager: Pager,
}

/// `/webhooks/new`.
#[derive(Template)]
#[template(path = "webhooks/new.html")]
pub struct NewWebhookPage {
    /// The frame.
    pub layout: Layout,
    form: FormView,
}

/// `/webhooks/{id}/edit`.
#[derive(Template)]
#[template(path = "webhooks/edit.html")]
pub struct EditWebhookPage {
    /// The frame.
    pub layout: Layout,
    webhook: WebhookView,
    form: FormView,
}

/// `/webhooks/{id}`: one webhook, its secret and what it was told.
#[derive(Template)]
#[template(path = "webhooks/show.html", blocks = ["main"])]
pub struct WebhookPage {
    /// The frame.
    pub layout: Layout,
    webhook: WebhookView,
    log: LogView,
    secret: Option<String>,
}

/// `/webhooks/{id}/deletion`: asks whether it is really to go.
#[derive(Template)]
#[template(path = "webhooks/deletion.html")]
pub struct DeletionPage {
    /// The frame.
    pub layout: Layout,
    question: DeletionQuestion,
}

/// The question alone, as it stands in a dialog.
#[derive(Clone, Debug, Template)]
#[template(path = "webhooks/_deletion_question.html")]
pub struct DeletionQuestion {
    webhook: WebhookView,
}

/// The form of a webhook with what is wrong in it.
#[derive(Clone, Debug)]
pub struct FormView {
    typed: WebhookForm,
    saved_headers: Vec<String>,
    faults: Vec<FieldError>,
    action: String,
    submit: &'static str,
    leave: String,
}

/// A header's row in the form.
pub struct HeaderRow {
    name: String,
    value: String,
    is_saved: bool,
}

impl WebhooksPage {
    /// A page of the list.
    pub fn new(webhooks: Vec<WebhookView>, pager: Pager) -> Self {
        Self {
            layout: Layout::new(Section::Webhooks, "Webhooks"),
            webhooks,
            pager,
        }
    }
}

impl NewWebhookPage {
    /// The form, blank or as it was typed.
    pub fn new(typed: WebhookForm) -> Self {
        Self {
            layout: Layout::new(Section::Webhooks, "New webhook"),
            form: FormView {
                typed,
                saved_headers: Vec::new(),
                faults: Vec::new(),
                action: "/webhooks".into(),
                submit: "Create webhook",
                leave: "/webhooks".into(),
            },
        }
    }

    /// The same with what is wrong.
    #[must_use]
    pub fn with_faults(self, faults: Vec<FieldError>) -> Self {
        let mut page = self;
        page.form.faults = faults;
        page.layout.title = "Not saved: new webhook".into();
        page
    }
}

impl EditWebhookPage {
    /// The form of a webhook as it is, or as it was typed.
    pub fn new(webhook: WebhookView, typed: WebhookForm) -> Self {
        Self {
            layout: Layout::new(Section::Webhooks, format!("Edit {}", webhook.name())),
            form: FormView {
                typed,
                saved_headers: webhook.header_names.clone(),
                faults: Vec::new(),
                action: webhook.address(),
                submit: "Save",
                leave: webhook.address(),
            },
            webhook,
        }
    }

    /// The same with what is wrong.
    #[must_use]
    pub fn with_faults(self, faults: Vec<FieldError>) -> Self {
        let mut page = self;
        page.form.faults = faults;
        page.layout.title = format!("Not saved: {}", page.webhook.name());
        page
    }
}

impl WebhookPage {
    /// The page of a webhook with a part of its deliveries.
    pub fn new(webhook: WebhookView, log: LogView) -> Self {
        let layout = Layout::new(Section::Webhooks, webhook.name());
        Self {
            layout,
            webhook,
            log,
            secret: None,
        }
    }

    /// The same with its secret in plain sight.
    #[must_use]
    pub fn showing(self, secret: String) -> Self {
        Self {
            secret: Some(secret),
            ..self
        }
    }
}

impl DeletionPage {
    /// The page of a question.
    pub fn new(question: DeletionQuestion) -> Self {
        let title = format!("Delete {}", question.webhook.name());
        Self {
            layout: Layout::new(Section::Webhooks, title),
            question,
        }
    }
}

impl DeletionQuestion {
    /// Asks about a webhook.
    pub fn new(webhook: WebhookView) -> Self {
        Self { webhook }
    }
}

impl FormView {
    fn fault(&self, field: &str) -> Option<&str> {
        let fault = self.faults.iter().find(|fault| fault.field == field)?;
        Some(&fault.message)
    }

    /// Whether the field is the first to be put right.
    fn is_first_fault(&self, field: &str) -> bool {
        self.faults.first().is_some_and(|fault| fault.field == field)
    }

    fn is_new(&self) -> bool {
        self.action == "/webhooks"
    }

    fn has_event(&self, name: &str) -> bool {
        self.typed.events.contains(name)
    }

    fn has_field(&self, name: &str) -> bool {
        self.typed.only_fields.contains(name)
    }

    /// Whether the part that most people leave alone is to be seen.
    fn has_more(&self) -> bool {
        self.typed.headers.iter().any(|(name, _)| !name.is_empty()) || self.fault("headers").is_some()
    }

    /// The headers and a blank row.
    fn header_rows(&self) -> Vec<HeaderRow> {
        let typed = self
            .typed
            .headers
            .iter()
            .filter(|(name, value)| !(name.is_empty() && value.is_empty()));
        let is_saved = |name: &str| self.saved_headers.iter().any(|saved| saved.eq_ignore_ascii_case(name));
        let rows = typed.map(|(name, value)| HeaderRow {
            is_saved: is_saved(name),
            name: name.clone(),
            value: value.clone(),
        });
        let blank = HeaderRow {
            name: String::new(),
            value: String::new(),
            is_saved: false,
        };
        rows.chain([blank]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;
    use crate::webhooks::health::Hour;
    use crate::webhooks::log::pages::RetryView;
    use crate::webhooks::log::view::State;
    use crate::webhooks::log::view::tests::delivery;
    use crate::webhooks::view::tests::view;
    use chrono::DateTime;

    fn shows(html: &str, parts: &[&str]) {
        assert_no_inline_code(html);
        for part in parts {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    fn failing() -> WebhookView {
        let mut webhook = WebhookView {
            failing_since: Some(DateTime::UNIX_EPOCH),
            last_attempt_at: Some(DateTime::UNIX_EPOCH),
            last_error: Some("refused the connection".into()),
            header_names: vec!["X-Api-Key".into()],
            previous_secret_until: Some(DateTime::UNIX_EPOCH),
            ..view()
        };
        webhook.health.waiting = 12;
        webhook.health.hours[23] = Hour {
            delivered: 1_200,
            failed: 3,
        };
        webhook
    }

    #[test]
    fn without_any_the_page_tells_what_they_are_for() {
        let html = WebhooksPage::new(Vec::new(), Pager::default()).render().unwrap();
        shows(
            &html,
            &[
                "No other system is told yet",
                "href=\"/webhooks/new\"",
                "aria-current=\"page\">Webhooks",
            ],
        );
        assert!(!html.contains("<table"));
    }

    #[test]
    fn the_list_shows_how_each_is_doing() {
        let html = WebhooksPage::new(vec![view(), failing()], Pager::default())
            .render()
            .unwrap();
        shows(
            &html,
            &[
                "Web shop &#60;b&#62;",
                "https://shop.example.com/hooks/products?shop=2",
                "Added, changed, deleted",
                "Nothing sent yet",
                "Refused the connection",
                "aria-label=\"Last 24 hours: 1,200 arrived, 3 failed\"",
                "badge--warn\">Failing",
                "badge--good\">On",
            ],
        );
        let pager = Pager {
            previous: Some("/webhooks".into()),
            next: Some("/webhooks?before=3".into()),
        };
        shows(
            &WebhooksPage::new(vec![view()], pager).render().unwrap(),
            &["/webhooks?before=3"],
        );
    }

    #[test]
    fn a_new_one_asks_for_little_and_tells_what_is_wrong() {
        let html = NewWebhookPage::new(WebhookForm::blank()).render().unwrap();
        shows(
            &html,
            &[
                "action=\"/webhooks\"",
                "value=\"product.created\" checked",
                "value=\"catalog.cleared\">",
                "name=\"enabled\" value=\"true\" checked",
                "name=\"header_name\" value=\"\"",
                "autofocus",
            ],
        );
        let faults = ["url", "events", "headers"].map(|field| FieldError {
            field: field.into(),
            message: format!("Mend the <{field}>."),
        });
        let typed = WebhookForm {
            url: "ftp://\"x".into(),
            headers: vec![("X-Key".into(), "typed".into())],
            ..WebhookForm::default()
        };
        let html = NewWebhookPage::new(typed).with_faults(faults.into()).render().unwrap();
        shows(
            &html,
            &[
                "Mend the &#60;url&#62;.",
                "Mend the &#60;events&#62;.",
                "value=\"ftp://&#34;x\"",
                "value=\"typed\"",
                "<details open>",
                "Not saved: new webhook",
            ],
        );
    }

    #[test]
    fn an_edit_keeps_the_values_of_headers_to_itself() {
        let typed = WebhookForm {
            headers: vec![("x-api-key".into(), String::new())],
            ..WebhookForm::blank()
        };
        let html = EditWebhookPage::new(failing(), typed).render().unwrap();
        shows(
            &html,
            &[
                "action=\"/webhooks/7\"",
                "value=\"x-api-key\"",
                "•••••••• (type to replace)",
                ">Save<",
            ],
        );
        assert!(!html.contains("name=\"enabled\""));
    }

    fn page(webhook: WebhookView, log: LogView) -> String {
        WebhookPage::new(webhook, log).render().unwrap()
    }

    #[test]
    fn a_webhook_that_was_told_nothing_says_so() {
        let html = page(view(), LogView::default());
        shows(
            &html,
            &[
                "Nothing has been told yet",
                "It is told when a product is added, changed or deleted.",
                "whsec_••••••••••••••••",
                "action=\"/webhooks/7/tests\"",
                "data-events=\"/webhooks/7/events\"",
                "def verify(secret: str",
                "timingSafeEqual",
                "hmac::verify",
            ],
        );
        assert!(!html.contains("Try failed ones again"));
    }

    #[test]
    fn a_failing_one_says_why_and_what_comes_next() {
        let log = LogView {
            deliveries: vec![
                delivery(State::Pending, 2),
                delivery(State::Failed, 10),
                delivery(State::Delivered, 1),
            ],
            failed: 1,
            pager: Pager {
                previous: None,
                next: Some("/webhooks/7?before=9".into()),
            },
            ..LogView::default()
        };
        let html = page(failing(), log);
        shows(
            &html,
            &[
                "Messages do not arrive.",
                "Refused the connection",
                "Trying again",
                "2 attempts",
                "href=\"/webhooks/7/deliveries/31\"",
                "Try failed ones again",
                "X-Api-Key: ••••••••",
                "The secret before is used too.",
                "/webhooks/7?before=9",
                "href=\"/webhooks/7?state=failed\"",
            ],
        );
    }

    #[test]
    fn whatever_stops_a_webhook_is_told_with_the_way_out() {
        let paused = WebhookView {
            paused_at: Some(DateTime::UNIX_EPOCH),
            ..failing()
        };
        shows(
            &page(paused, LogView::default()),
            &["Paused: for three days", "12 messages wait", ">Switch on<"],
        );
        let gone = WebhookView {
            enabled: false,
            stopped_reason: Some("gone".into()),
            ..failing()
        };
        shows(
            &page(gone.clone(), LogView::default()),
            &["this address is gone (410)", "Edit the address"],
        );
        let off = WebhookView {
            stopped_reason: None,
            ..gone
        };
        shows(&page(off, LogView::default()), &["Switched off.", ">Switch on<"]);
    }

    #[test]
    fn trying_again_shows_how_far_it_is() {
        let retry = |is_over, is_cancelled| LogView {
            retry: Some(RetryView {
                id: 3,
                since: DateTime::UNIX_EPOCH,
                expected: 1_204,
                done: 120,
                is_over,
                is_cancelled,
            }),
            ..LogView::default()
        };
        let html = page(view(), retry(false, false));
        shows(
            &html,
            &[
                "Trying again: 120 of 1,204",
                "/webhooks/7/retries/3/cancellation",
                "value=\"120\"",
            ],
        );
        let html = page(view(), retry(true, true));
        shows(&html, &["Stopped after 120 of 1,204"]);
        assert!(!html.contains("/cancellation"));
    }

    #[test]
    fn a_secret_is_shown_only_when_it_is_asked_for() {
        let html = WebhookPage::new(view(), LogView::default())
            .showing("whsec_shown".into())
            .render()
            .unwrap();
        shows(&html, &["whsec_shown", ">Hide<"]);
    }

    #[test]
    fn deleting_asks_first() {
        let html = DeletionPage::new(DeletionQuestion::new(failing())).render().unwrap();
        shows(
            &html,
            &[
                "Delete “<bdi>Web shop &#60;b&#62;</bdi>”?",
                "what waits for it is dropped",
                "/webhooks/7/deletion",
            ],
        );
    }
}
