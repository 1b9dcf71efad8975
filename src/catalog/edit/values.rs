//! What somebody wants a product to be, and whether it may be that: the same limits as for a row of a file.

use super::error::EditError;
use crate::catalog::product::{DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, Product};
use crate::catalog::sku::{SKU_MAX_CHARS, SkuKey};
use crate::http::FieldError;
use crate::http::format::number;

/// A product that is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewProduct {
    /// Unique without regard to case and blanks around it.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Whether it is shown.
    pub active: bool,
}

/// What is to change of a product; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// As it is to be shown.
    pub sku: Option<String>,
    /// What it is to be called.
    pub name: Option<String>,
    /// What it is to be described by.
    pub description: Option<String>,
    /// Whether it is to be shown.
    pub active: Option<bool>,
    /// The version that the change was made from; without it, the change goes over whatever is there.
    pub version: Option<i32>,
}

impl NewProduct {
    /// The product without blanks around its SKU and name, or what is wrong with it.
    pub fn checked(self) -> Result<Self, EditError> {
        let checked = Self {
            sku: self.sku.trim().to_owned(),
            name: self.name.trim().to_owned(),
            ..self
        };
        let values = [&checked.sku, &checked.name, &checked.description];
        match faults(values.map(|value| Some(value.as_str()))) {
            faults if faults.is_empty() => Ok(checked),
            faults => Err(EditError::Invalid(faults)),
        }
    }
}

impl Patch {
    /// The change without blanks around SKU and name, or what is wrong with it.
    pub fn checked(self) -> Result<Self, EditError> {
        let checked = Self {
            sku: self.sku.map(|sku| sku.trim().to_owned()),
            name: self.name.map(|name| name.trim().to_owned()),
            ..self
        };
        let values = [&checked.sku, &checked.name, &checked.description];
        match faults(values.map(Option::as_deref)) {
            faults if faults.is_empty() => Ok(checked),
            faults => Err(EditError::Invalid(faults)),
        }
    }

    /// The product with the change, its version and time still as they are.
    pub fn applied_to(&self, product: &Product) -> Product {
        let sku = self.sku.clone().unwrap_or_else(|| product.sku.clone());
        Product {
            sku_key: SkuKey::of(&sku).as_str().to_owned(),
            sku,
            name: self.name.clone().unwrap_or_else(|| product.name.clone()),
            description: self.description.clone().unwrap_or_else(|| product.description.clone()),
            active: self.active.unwrap_or(product.active),
            ..product.clone()
        }
    }
}

/// What is wrong with a SKU, a name and a description, as far as they are given.
fn faults([sku, name, description]: [Option<&str>; 3]) -> Vec<FieldError> {
    let blank = |value: Option<&str>| value.is_some_and(|value| value.trim().is_empty());
    let sku_fault = if blank(sku) {
        Some("Give it a SKU: the number or word by which you tell it from all others.".to_owned())
    } else {
        fault(sku, SKU_MAX_CHARS, "SKU")
    };
    let name_fault = if blank(name) {
        Some("Give it a name.".to_owned())
    } else {
        fault(name, NAME_MAX_CHARS, "name")
    };
    let description_fault = fault(description, DESCRIPTION_MAX_CHARS, "description");
    let fields = [
        ("sku", sku_fault),
        ("name", name_fault),
        ("description", description_fault),
    ];
    let at_fault = fields.into_iter().filter_map(|(field, message)| {
        Some(FieldError {
            field: field.to_owned(),
            message: message?,
        })
    });
    at_fault.collect()
}

fn fault(value: Option<&str>, max_chars: usize, what: &str) -> Option<String> {
    let value = value?;
    if value.contains('\0') {
        return Some(format!(
            "The {what} holds a NUL, an invisible character that no text may hold. Type it anew."
        ));
    }
    // A character takes at least a byte, so most values need no counting.
    let is_short = value.len() <= max_chars;
    let chars = if is_short { 0 } else { value.chars().count() };
    (chars > max_chars).then(|| {
        format!(
            "The {what} has {} characters; it may have {}.",
            number(chars as i64),
            number(max_chars as i64)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn faulty_fields(sku: &str, name: &str, description: &str) -> Vec<String> {
        let product = NewProduct {
            sku: sku.into(),
            name: name.into(),
            description: description.into(),
            active: true,
        };
        match product.checked() {
            Err(EditError::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn each_field_has_its_limits() {
        let none: [&str; 0] = [];
        assert_eq!(faulty_fields(" A-1 ", "Lamp", ""), none);
        assert_eq!(faulty_fields("", " \t", ""), ["sku", "name"]);
        let (sku, name) = ("é".repeat(SKU_MAX_CHARS), "é".repeat(NAME_MAX_CHARS));
        let description = "é".repeat(DESCRIPTION_MAX_CHARS);
        assert_eq!(faulty_fields(&format!("  {sku}  "), &name, &description), none);
        assert_eq!(
            faulty_fields(&format!("{sku}x"), &format!("{name}x"), &format!("{description}x")),
            ["sku", "name", "description"]
        );
        assert_eq!(faulty_fields("a\0b", "\0", "x\0"), ["sku", "name", "description"]);
    }

    #[test]
    fn what_is_left_out_is_not_checked() {
        let patch = Patch {
            active: Some(false),
            ..Patch::default()
        };
        assert_eq!(patch.clone().checked().unwrap(), patch);
        let blank = Patch {
            name: Some(String::new()),
            ..Patch::default()
        };
        assert!(blank.checked().is_err());
    }

    proptest! {
        #[test]
        fn what_passes_can_be_stored_and_found(sku in any::<String>(), name in any::<String>()) {
            let product = NewProduct { sku: sku.clone(), name, ..NewProduct::default() };
            if let Ok(checked) = product.checked() {
                prop_assert_eq!(checked.sku.as_str(), sku.trim());
                prop_assert!(!checked.sku.is_empty() && checked.sku.chars().count() <= SKU_MAX_CHARS);
                prop_assert!(![&checked.sku, &checked.name].iter().any(|value| value.contains('\0')));
                prop_assert!(!SkuKey::of(&checked.sku).as_str().is_empty());
            }
        }
    }
}
