//! The form of a webhook, as browsers send it.
//!
//! The values of saved headers never come to the browser: a header whose name came back with no value is kept.

use super::values::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// What was typed and ticked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookForm {
    /// Where it is told.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// The names of the events that are ticked.
    pub events: BTreeSet<String>,
    /// The fields that are ticked.
    pub only_fields: BTreeSet<String>,
    /// Names and values of extra headers, in their order.
    pub headers: Vec<(String, String)>,
    /// Whether it is to be told at all.
    pub enabled: bool,
}

impl WebhookForm {
    /// Reads a form's body.
    pub fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match &*name {
                "url" => form.url = value,
                "description" => form.description = value,
                "events" => drop(form.events.insert(value)),
                "only_fields" => drop(form.only_fields.insert(value)),
                "header_name" => names.push(value),
                "header_value" => values.push(value),
                "enabled" => form.enabled = value == "true",
                _ => {}
            }
        }
        values.resize(names.len(), String::new());
        form.headers = names.into_iter().zip(values).collect();
        form
    }

    /// The form of a webhook that is to be added.
    pub fn blank() -> Self {
        Self::of(&Settings::default())
    }

    /// The form of settings as they are, without the headers' values.
    pub fn of(settings: &Settings) -> Self {
        Self {
            url: settings.url.clone(),
            description: settings.description.clone(),
            events: settings.events.iter().cloned().collect(),
            only_fields: settings.only_fields.iter().cloned().collect(),
            headers: settings
                .headers
                .keys()
                .map(|name| (name.clone(), String::new()))
                .collect(),
            enabled: settings.enabled,
        }
    }

    /// What is wished for, where `saved` are the headers as they are.
    pub fn settings(&self, saved: &BTreeMap<String, String>) -> Settings {
        let mut headers = BTreeMap::new();
        for (name, value) in &self.headers {
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() && value.is_empty() {
                continue;
            }
            let known = saved.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let kept = known.filter(|_| value.is_empty()).map(|(_, value)| value.clone());
            headers.retain(|other: &String, _| !other.eq_ignore_ascii_case(name));
            headers.insert(name.to_owned(), kept.unwrap_or_else(|| value.to_owned()));
        }
        Settings {
            url: self.url.clone(),
            description: self.description.replace("\r\n", "\n"),
            events: self.events.iter().cloned().collect(),
            only_fields: self.only_fields.iter().cloned().collect(),
            headers,
            enabled: self.enabled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_all_its_ticks_and_headers() {
        let form = WebhookForm::read(
            b"url=https%3A%2F%2Fa.example%2F&description=Shop&events=product.created&events=product.deleted\
              &only_fields=name&header_name=X-Key&header_value=k&header_name=&header_value=&enabled=true",
        );
        assert_eq!(form.url, "https://a.example/");
        assert_eq!(form.events.len(), 2);
        assert_eq!(
            form.headers,
            [("X-Key".into(), "k".into()), (String::new(), String::new())]
        );
        let settings = form.settings(&BTreeMap::new());
        assert_eq!(settings.headers, [("X-Key".to_owned(), "k".to_owned())].into());
        assert!(settings.enabled);
        assert!(!WebhookForm::read(b"url=x").enabled);
    }

    #[test]
    fn saved_headers_stay_hidden_and_are_kept_unless_something_else_is_typed() {
        let saved: BTreeMap<String, String> = [("X-Key", "secret"), ("X-Old", "old"), ("X-Gone", "gone")]
            .map(|(n, v)| (n.into(), v.into()))
            .into();
        let shown = WebhookForm::of(&Settings {
            headers: saved.clone(),
            ..Settings::default()
        });
        assert!(shown.headers.iter().all(|(_, value)| value.is_empty()));
        assert_eq!(shown.settings(&saved).headers, saved);
        let typed = WebhookForm::read(
            b"header_name=x-key&header_value=&header_name=X-Old&header_value=new&header_name=&header_value=",
        );
        let headers = typed.settings(&saved).headers;
        assert_eq!(
            headers,
            [("x-key", "secret"), ("X-Old", "new")]
                .map(|(n, v)| (n.into(), v.into()))
                .into()
        );
    }
}
