//! Two people changed the same product: both versions, field by field, and which of them to begin with.

use super::form::ProductForm;
use crate::catalog::product::Product;

/// What a person and somebody else made of the same product.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The fields in which the two differ.
    pub fields: Vec<ConflictField>,
}

/// One field in both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictField {
    /// `name`, `sku`, `description` or `active`.
    pub field: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What the person typed, as a page shows it.
    pub mine: String,
    /// What it is now.
    pub theirs: String,
    /// Whether the person's is the one to begin with.
    pub picks_mine: bool,
}

impl Conflict {
    /// Puts what was typed beside what is there. `base` is the product from which the form was filled: a field that
    /// was left as it was begins with theirs.
    pub fn of(form: &ProductForm, current: &Product, base: Option<&Product>) -> Self {
        let now = current.version;
        let same_version = ProductForm {
            version: now.to_string(),
            ..form.clone()
        };
        let differs = same_version.patch(current);
        let typed = base.map(|base| same_version.patch(base));
        let theirs = ProductForm::of(current);
        let typed_sku = typed.as_ref().is_none_or(|typed| typed.sku.is_some());
        let typed_name = typed.as_ref().is_none_or(|typed| typed.name.is_some());
        let typed_description = typed.as_ref().is_none_or(|typed| typed.description.is_some());
        let typed_active = typed.as_ref().is_none_or(|typed| typed.active.is_some());
        let field = |field, label, mine: Option<String>, theirs: String, picks_mine| {
            mine.map(|mine| ConflictField {
                field,
                label,
                mine,
                theirs,
                picks_mine,
            })
        };
        let status = |active| if active { "Active" } else { "Inactive" }.to_owned();
        let fields = [
            field("name", "Name", differs.name, theirs.name, typed_name),
            field("sku", "SKU", differs.sku, theirs.sku, typed_sku),
            field(
                "description",
                "Description",
                differs.description,
                theirs.description,
                typed_description,
            ),
            field(
                "active",
                "Status",
                differs.active.map(status),
                status(current.active),
                typed_active,
            ),
        ];
        Self {
            fields: fields.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_field_left_as_it_was_begins_with_theirs() {
        let base = Product {
            id: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            import_id: None,
            import_line: None,
            version: 3,
            active: true,
            sku: "A-1".into(),
            sku_key: "a-1".into(),
            name: "Lamp".into(),
            description: "one\r\ntwo".into(),
        };
        let current = Product {
            version: 4,
            name: "Lantern".into(),
            description: "one".into(),
            ..base.clone()
        };
        let form = ProductForm {
            name: "Table lamp".into(),
            ..ProductForm::of(&base)
        };
        let conflict = Conflict::of(&form, &current, Some(&base));
        let picks = |conflict: &Conflict| -> Vec<(&str, bool)> {
            let fields = conflict.fields.iter();
            fields.map(|field| (field.field, field.picks_mine)).collect()
        };
        assert_eq!(picks(&conflict), [("name", true), ("description", false)]);
        assert_eq!(
            (&*conflict.fields[0].mine, &*conflict.fields[0].theirs),
            ("Table lamp", "Lantern")
        );
        let unknown = Conflict::of(&form, &current, None);
        assert_eq!(picks(&unknown), [("name", true), ("description", true)]);
    }
}
