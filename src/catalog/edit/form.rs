//! The form of a product, as browsers send it.
//!
//! Browsers change what they show: a line field drops line breaks, a text field makes them all alike. So a field counts
//! as changed only where it differs from what the browser was given to show.

use super::values::{NewProduct, Patch};
use crate::catalog::product::Product;
use serde::Deserialize;
use std::borrow::Cow;

/// What was typed. Every field may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProductForm {
    pub sku: String,
    pub name: String,
    pub description: String,
    /// `true` when the product is to be shown.
    pub active: String,
    /// The version that the form was filled from.
    pub version: String,
    /// After somebody else's change: `theirs` keeps a field as it is, anything else takes what was typed.
    pub pick_sku: String,
    pub pick_name: String,
    pub pick_description: String,
    pub pick_active: String,
    /// `mine` takes everything that was typed, whatever was picked.
    pub keep: String,
    /// `true` brings the product back first, should it have been deleted.
    pub restore: String,
}

/// What the form of a product's status says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatusForm {
    pub active: String,
    pub version: String,
}

impl ProductForm {
    /// The form of a product as it is.
    pub fn of(product: &Product) -> Self {
        Self {
            sku: in_line(&product.sku).into_owned(),
            name: in_line(&product.name).into_owned(),
            description: in_lines(&product.description).into_owned(),
            active: product.active.to_string(),
            version: product.version.to_string(),
            ..Self::default()
        }
    }

    /// The form of a product that is to be added.
    pub fn blank() -> Self {
        Self {
            active: true.to_string(),
            ..Self::default()
        }
    }

    /// Whether the product is to be shown.
    pub fn is_active(&self) -> bool {
        self.active == "true"
    }

    /// The version that the form was filled from.
    pub fn version(&self) -> Option<i32> {
        self.version.parse().ok()
    }

    /// The product that is to be added.
    pub fn new_product(&self) -> NewProduct {
        NewProduct {
            sku: self.sku.clone(),
            name: self.name.clone(),
            description: in_lines(&self.description).into_owned(),
            active: self.is_active(),
        }
    }

    /// The form with the current texts in those fields of which somebody else's were picked: when it is shown again, nothing
    /// else tells that they were.
    pub fn with_picks(self, current: &Product) -> Self {
        if self.keep == "mine" {
            return self;
        }
        let theirs = Self::of(current);
        let choose = |pick: &str, mine: String, theirs: String| if pick == "theirs" { theirs } else { mine };
        Self {
            sku: choose(&self.pick_sku, self.sku, theirs.sku),
            name: choose(&self.pick_name, self.name, theirs.name),
            description: choose(&self.pick_description, self.description, theirs.description),
            active: choose(&self.pick_active, self.active, theirs.active),
            ..self
        }
    }

    /// What is to change of a product that is `current`.
    pub fn patch(&self, current: &Product) -> Patch {
        let form = self.clone().with_picks(current);
        let description = in_lines(&form.description);
        Patch {
            sku: (form.sku.trim() != in_line(&current.sku)).then(|| form.sku.clone()),
            name: (form.name != in_line(&current.name)).then(|| form.name.clone()),
            description: (description != in_lines(&current.description)).then(|| description.into_owned()),
            active: (form.is_active() != current.active).then(|| form.is_active()),
            version: form.version(),
        }
    }
}

/// A text as a line field shows it.
fn in_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) {
        Cow::Owned(text.replace(['\r', '\n'], ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text as a field of several lines shows it.
fn in_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    fn product(sku: &str, name: &str, description: &str) -> Product {
        Product {
            id: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            import_id: None,
            import_line: None,
            version: 3,
            active: true,
            sku: sku.into(),
            sku_key: String::new(),
            name: name.into(),
            description: description.into(),
        }
    }

    /// As a browser sends a text field.
    fn sent(text: &str) -> String {
        text.replace('\n', "\r\n")
    }

    proptest! {
        #[test]
        fn a_form_sent_back_as_it_came_changes_nothing(
            sku in "[a-z\r\n]{0,6}", name in "[a-z \r\n]{0,9}", description in "[a-z \r\n]{0,20}",
        ) {
            let product = product(sku.trim(), &name, &description);
            let mut form = ProductForm::of(&product);
            form.description = sent(&form.description);
            let expected = Patch { version: Some(3), ..Patch::default() };
            prop_assert_eq!(form.patch(&product), expected);
        }
    }

    #[test]
    fn what_was_typed_is_taken_unless_theirs_was_picked() {
        let current = product("A-1", "Lamp", "one\r\ntwo");
        let mut form = ProductForm {
            sku: " B-1 ".into(),
            name: "Lamp".into(),
            description: "one\r\ntwo\r\nthree".into(),
            active: String::new(),
            version: "3".into(),
            ..ProductForm::default()
        };
        let patch = form.patch(&current);
        assert_eq!(patch.sku.as_deref(), Some(" B-1 "));
        assert_eq!((patch.name, patch.active), (None, Some(false)));
        assert_eq!(patch.description.as_deref(), Some("one\ntwo\nthree"));
        form.pick_sku = "theirs".into();
        assert_eq!(form.patch(&current).sku, None);
        let shown = form.clone().with_picks(&current);
        assert_eq!((shown.sku.as_str(), shown.active.as_str()), ("A-1", ""));
        form.keep = "mine".into();
        assert!(form.patch(&current).sku.is_some());
        assert_eq!(form.clone().with_picks(&current).sku, form.sku);
    }
}
