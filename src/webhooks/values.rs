//! What somebody wants a webhook to be, and whether it may be that.

use super::address::URL_MAX_CHARS;
use super::sending::check_header;
use super::view::capital;
use crate::http::FieldError;
use crate::http::format::number;
use std::collections::BTreeMap;

/// The longest description, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 500;
/// The longest value of an extra header, in characters.
pub const HEADER_MAX_CHARS: usize = 4_000;
/// Extra headers at most.
pub const MOST_HEADERS: usize = 20;

/// Something that a webhook can tell.
#[derive(Debug)]
pub struct Event {
    /// Its name in the API and in what is sent.
    pub name: &'static str,
    /// As a choice of a form.
    pub label: &'static str,
    /// In a list of such.
    pub short: &'static str,
    /// After "when a product is", or after "when".
    pub when: &'static str,
    /// As something that has happened.
    pub happened: &'static str,
}

/// A product's field by which changes can be chosen.
#[derive(Debug)]
pub struct Field {
    /// Its name in the API and in what is sent.
    pub name: &'static str,
    /// Its name on pages.
    pub label: &'static str,
}

/// All that can be told.
pub const EVENTS: [Event; 5] = [
    Event {
        name: "product.created",
        label: "A product is added",
        short: "added",
        when: "added",
        happened: "Product added",
    },
    Event {
        name: "product.updated",
        label: "A product is changed",
        short: "changed",
        when: "changed",
        happened: "Product changed",
    },
    Event {
        name: "product.deleted",
        label: "A product is deleted",
        short: "deleted",
        when: "deleted",
        happened: "Product deleted",
    },
    Event {
        name: "catalog.cleared",
        label: "All products are deleted at once",
        short: "all deleted",
        when: "all products are deleted at once",
        happened: "All products deleted",
    },
    Event {
        name: "catalog.restored",
        label: "All products are brought back",
        short: "all brought back",
        when: "they are all brought back",
        happened: "All products brought back",
    },
];

/// The fields by which changes can be chosen.
pub const FIELDS: [Field; 3] = [
    Field {
        name: "name",
        label: "name",
    },
    Field {
        name: "description",
        label: "description",
    },
    Field {
        name: "active",
        label: "status",
    },
];

/// All that can be chosen about a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it is told.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it is told.
    pub events: Vec<String>,
    /// Only changes of these fields are told; none means all.
    pub only_fields: Vec<String>,
    /// Headers that are sent besides, each once, whatever the letters' case.
    pub headers: BTreeMap<String, String>,
    /// Whether it is told at all.
    pub enabled: bool,
}

/// What is to change; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the fields are those of the settings")]
pub struct Patch {
    pub url: Option<String>,
    pub description: Option<String>,
    pub events: Option<Vec<String>>,
    pub only_fields: Option<Vec<String>>,
    /// Headers with their new value; without one they go.
    pub headers: BTreeMap<String, Option<String>>,
    pub enabled: Option<bool>,
}

impl Event {
    /// Whether it is about one product.
    pub fn is_of_product(&self) -> bool {
        self.name.starts_with("product.")
    }
}

/// What has happened, in words; a name that is not known stands for itself.
pub fn happened(name: &str) -> &str {
    if name == "webhook.test" {
        return "Test";
    }
    let known = EVENTS.iter().find(|event| event.name == name);
    known.map_or(name, |event| event.happened)
}

impl Default for Settings {
    fn default() -> Self {
        let of_products = EVENTS.iter().filter(|event| event.is_of_product());
        Self {
            url: String::new(),
            description: String::new(),
            events: of_products.map(|event| event.name.to_owned()).collect(),
            only_fields: Vec::new(),
            headers: BTreeMap::new(),
            enabled: true,
        }
    }
}

impl Patch {
    /// The settings with the change.
    pub fn applied_to(self, settings: Settings) -> Settings {
        let mut headers = settings.headers;
        for (name, value) in self.headers {
            headers.retain(|known, _| !known.eq_ignore_ascii_case(&name));
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        Settings {
            url: self.url.unwrap_or(settings.url),
            description: self.description.unwrap_or(settings.description),
            events: self.events.unwrap_or(settings.events),
            only_fields: self.only_fields.unwrap_or(settings.only_fields),
            headers,
            enabled: self.enabled.unwrap_or(settings.enabled),
        }
    }
}

impl Settings {
    /// The settings without blanks around them and in their usual order, or what is wrong with them. `refusal` says why
    /// messages may not go to the address.
    ///
    /// # Errors
    /// The fields at fault.
    pub fn checked(self, refusal: Option<String>) -> Result<Self, Vec<FieldError>> {
        let settings = Self {
            url: self.url.trim().to_owned(),
            description: self.description.trim().to_owned(),
            ..self
        };
        let mut faults = Vec::new();
        let mut tell = |field: &str, message: Option<String>| {
            faults.extend(message.map(|message| FieldError {
                field: field.to_owned(),
                message,
            }));
        };
        tell("url", url_fault(&settings.url, refusal));
        tell("description", description_fault(&settings.description));
        tell("events", events_fault(&settings.events));
        tell("only_fields", fields_fault(&settings.only_fields));
        tell("headers", headers_fault(&settings.headers));
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(settings.in_order())
    }

    fn in_order(self) -> Self {
        let chosen = |names: &[String], known: &'static str| names.iter().any(|name| name == known);
        Self {
            events: in_order_of(EVENTS.iter().map(|event| event.name), |name| chosen(&self.events, name)),
            only_fields: in_order_of(FIELDS.iter().map(|field| field.name), |name| {
                chosen(&self.only_fields, name)
            }),
            ..self
        }
    }
}

fn in_order_of(known: impl Iterator<Item = &'static str>, is_chosen: impl Fn(&'static str) -> bool) -> Vec<String> {
    known.filter(|name| is_chosen(name)).map(str::to_owned).collect()
}

fn url_fault(url: &str, refusal: Option<String>) -> Option<String> {
    if url.is_empty() {
        return Some("Give the address that is to be told, such as https://shop.example.com/hooks.".into());
    }
    let chars = url.chars().count();
    if chars > URL_MAX_CHARS {
        return Some(too_long("address", chars, URL_MAX_CHARS));
    }
    if url.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Some(
            "The address holds a blank or an invisible character. Copy it again, without what stands around it.".into(),
        );
    }
    refusal
}

fn description_fault(description: &str) -> Option<String> {
    if description.contains('\0') {
        return Some("The description holds a NUL, an invisible character that no text may hold. Type it anew.".into());
    }
    let chars = description.chars().count();
    (chars > DESCRIPTION_MAX_CHARS).then(|| too_long("description", chars, DESCRIPTION_MAX_CHARS))
}

fn too_long(what: &str, chars: usize, most: usize) -> String {
    let (chars, most) = (number(chars as i64), number(most as i64));
    format!("The {what} has {chars} characters; it may have {most}.")
}

fn events_fault(events: &[String]) -> Option<String> {
    if events.is_empty() {
        return Some("Choose at least one thing to be told about.".into());
    }
    let unknown = events
        .iter()
        .find(|name| EVENTS.iter().all(|event| event.name != *name))?;
    let known: Vec<&str> = EVENTS.iter().map(|event| event.name).collect();
    Some(format!(
        "There is no event “{unknown}”. Choose of {}.",
        known.join(", ")
    ))
}

fn fields_fault(fields: &[String]) -> Option<String> {
    let unknown = fields
        .iter()
        .find(|name| FIELDS.iter().all(|field| field.name != *name))?;
    let known: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    Some(format!(
        "Changes cannot be chosen by “{unknown}”. Choose of {}.",
        known.join(", ")
    ))
}

fn headers_fault(headers: &BTreeMap<String, String>) -> Option<String> {
    if headers.len() > MOST_HEADERS {
        return Some(format!(
            "There are {} extra headers; there may be {MOST_HEADERS}.",
            headers.len()
        ));
    }
    headers.iter().find_map(|(name, value)| header_fault(name, value))
}

fn header_fault(name: &str, value: &str) -> Option<String> {
    if value.trim().is_empty() {
        return Some(format!("Give the header “{name}” a value, or take it out."));
    }
    let chars = value.chars().count();
    if chars > HEADER_MAX_CHARS {
        return Some(too_long(
            &format!("value of the header “{name}”"),
            chars,
            HEADER_MAX_CHARS,
        ));
    }
    if !value.is_ascii() {
        return Some(format!(
            "The value of the header “{name}” may only hold letters without accents, digits and signs."
        ));
    }
    let refusal = check_header(name, value).err()?;
    Some(format!("{}.", capital(&refusal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            url: " https://shop.example.com/hooks ".into(),
            ..Settings::default()
        }
    }

    fn faults(settings: Settings) -> Vec<String> {
        let checked = settings.checked(None);
        checked.err().into_iter().flatten().map(|fault| fault.field).collect()
    }

    #[test]
    fn what_is_right_is_put_in_order() {
        let settings = Settings {
            description: " For the shop\n".into(),
            events: ["product.deleted", "product.created", "product.deleted"]
                .map(str::to_owned)
                .into(),
            only_fields: ["active", "name"].map(str::to_owned).into(),
            ..settings()
        };
        let checked = settings.checked(None).unwrap();
        assert_eq!(
            (&*checked.url, &*checked.description),
            ("https://shop.example.com/hooks", "For the shop")
        );
        assert_eq!(checked.events, ["product.created", "product.deleted"]);
        assert_eq!(checked.only_fields, ["name", "active"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let settings = Settings {
            url: String::new(),
            description: "x".repeat(DESCRIPTION_MAX_CHARS + 1),
            events: Vec::new(),
            only_fields: vec!["sku".into()],
            headers: [("Host".to_owned(), "x".to_owned())].into(),
            ..settings()
        };
        assert_eq!(
            faults(settings),
            ["url", "description", "events", "only_fields", "headers"]
        );
        let refused = settings_of_header("X-Key", "k").checked(Some("This leads into your own network.".into()));
        assert_eq!(refused.unwrap_err()[0].message, "This leads into your own network.");
    }

    fn settings_of_header(name: &str, value: &str) -> Settings {
        Settings {
            headers: [(name.to_owned(), value.to_owned())].into(),
            ..settings()
        }
    }

    #[test]
    fn headers_must_be_some_that_can_be_sent() {
        for (name, value) in [("X-Api-Key", "abc 123"), ("authorization", "Bearer x")] {
            assert!(faults(settings_of_header(name, value)).is_empty(), "{name}");
        }
        for (name, value) in [
            ("", "x"),
            ("X Y", "x"),
            ("X-Key", " "),
            ("X-Key", "a\nb"),
            ("X-Key", "ä"),
            ("Webhook-Id", "x"),
            ("content-length", "1"),
        ] {
            assert_eq!(faults(settings_of_header(name, value)), ["headers"], "{name}: {value}");
        }
    }

    #[test]
    fn a_patch_leaves_alone_what_it_does_not_name() {
        let patch = Patch {
            headers: [
                ("x-key".to_owned(), Some("new".to_owned())),
                ("X-Other".to_owned(), None),
            ]
            .into(),
            enabled: Some(false),
            ..Patch::default()
        };
        let before = Settings {
            headers: [
                ("X-Key".to_owned(), "old".to_owned()),
                ("X-Other".to_owned(), "y".to_owned()),
            ]
            .into(),
            ..settings()
        };
        let after = patch.applied_to(before.clone());
        assert_eq!(after.headers, [("x-key".to_owned(), "new".to_owned())].into());
        assert_eq!((after.url, after.enabled), (before.url, false));
    }
}
