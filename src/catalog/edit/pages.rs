//! The pages of one product: one template struct a page. Scripts ask for their block `main` alone.

use super::conflict::Conflict;
use super::error::EditError;
use super::form::ProductForm;
use super::history::History;
use super::queries::Deleted;
use super::story::{ChangeView, StepView};
use crate::catalog::product::{DESCRIPTION_MAX_CHARS, NAME_MAX_CHARS, Product};
use crate::catalog::sku::SKU_MAX_CHARS;
use crate::http::FieldError;
use crate::http::format::filters;
use crate::http::pages::{Layout, Section};
use crate::webhooks::Told;
use askama::Template;
use chrono::{DateTime, Utc};

/// `/products/new`.
#[derive(Template)]
#[template(path = "catalog/new.html", blocks = ["main"])]
pub struct NewProductPage {
    /// The frame.
    pub layout: Layout,
    form: FormView,
}

/// `/products/{id}`: a product's fields, where it came from, and its history.
#[derive(Template)]
#[template(path = "catalog/show.html", blocks = ["main"])]
pub struct ProductPage {
    /// The frame.
    pub layout: Layout,
    product: Product,
    form: FormView,
    conflict: Option<Conflict>,
    steps: Vec<StepView>,
    origin: Option<StepView>,
    is_complete: bool,
    shows_all: bool,
    told: Told,
}

/// `/products/{id}` of a product that was deleted a while ago.
#[derive(Template)]
#[template(path = "catalog/deleted.html", blocks = ["main"])]
pub struct DeletedPage {
    /// The frame.
    pub layout: Layout,
    product: Product,
    deleted_at: DateTime<Utc>,
    holder: Option<Holder>,
    typed: Option<FormView>,
}

/// The form of a product with what is wrong in it.
#[derive(Clone, Debug)]
pub struct FormView {
    typed: ProductForm,
    faults: Vec<FieldError>,
    holder: Option<Holder>,
    action: String,
    submit: &'static str,
}

/// The product that has a SKU which somebody else wants.
#[derive(Clone, Debug)]
pub struct Holder {
    id: i64,
    name: String,
}

impl From<&Product> for Holder {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id,
            name: product.name.clone(),
        }
    }
}

impl NewProductPage {
    /// The form, blank or as it was typed.
    pub fn new(typed: ProductForm) -> Self {
        Self {
            layout: Layout::new(Section::Products, "New product"),
            form: FormView::new(typed, "/products".into(), "Add product"),
        }
    }

    /// The same with what is wrong.
    #[must_use]
    pub fn with_faults(self, error: &EditError) -> Self {
        let mut page = self;
        page.form.tell(error);
        page.layout.title = "Not saved: new product".into();
        page
    }
}

impl ProductPage {
    /// The page of a product; `shows_all` when its history is not cut.
    pub fn new(product: Product, history: &History, shows_all: bool) -> Self {
        let steps: Vec<StepView> = history.steps.iter().map(StepView::from).collect();
        Self {
            layout: Layout::new(Section::Products, product.name.clone()),
            form: FormView::new(ProductForm::of(&product), address(&product), "Save"),
            conflict: None,
            origin: match steps.last() {
                Some(first) if history.is_complete => Some(first.clone()),
                _ => StepView::last_import(&product),
            },
            steps,
            is_complete: history.is_complete,
            shows_all,
            told: Told::default(),
            product,
        }
    }

    /// The same with the webhooks that were told of its changes.
    #[must_use]
    pub fn with_told(self, told: Told) -> Self {
        Self { told, ..self }
    }

    /// The same with what was typed and what is wrong with it.
    #[must_use]
    pub fn with_faults(self, typed: ProductForm, error: &EditError) -> Self {
        let mut page = self;
        page.form.typed = typed;
        page.form.tell(error);
        page.layout.title = format!("Not saved: {}", page.product.name);
        page
    }

    /// The same with what was typed beside what somebody else has made of it.
    #[must_use]
    pub fn with_conflict(self, typed: ProductForm, conflict: Conflict) -> Self {
        let mut page = self;
        page.form.typed = ProductForm {
            version: page.product.version.to_string(),
            ..typed
        };
        page.conflict = Some(conflict);
        page.layout.title = format!("Not saved: {}", page.product.name);
        page
    }
}

impl DeletedPage {
    /// The page of a deleted product; `taken_by` has its SKU now, and `typed` is what somebody was about to save in it.
    pub fn new(deleted: Deleted, taken_by: Option<&Product>, typed: Option<ProductForm>) -> Self {
        let title = format!("Deleted: {}", deleted.product.name);
        Self {
            layout: Layout::new(Section::Products, title),
            deleted_at: deleted.deleted_at,
            holder: taken_by.map(Holder::from),
            typed: typed.map(|typed| FormView::new(typed, address(&deleted.product), "Restore it with this")),
            product: deleted.product,
        }
    }
}

fn address(product: &Product) -> String {
    format!("/products/{}", product.id)
}

impl FormView {
    fn new(typed: ProductForm, action: String, submit: &'static str) -> Self {
        Self {
            typed,
            faults: Vec::new(),
            holder: None,
            action,
            submit,
        }
    }

    fn tell(&mut self, error: &EditError) {
        match error {
            EditError::Invalid(faults) => self.faults.clone_from(faults),
            EditError::Taken { by } => {
                self.faults = vec![FieldError {
                    field: "sku".into(),
                    message: EditError::taken_words(by),
                }];
                self.holder = Some(by.as_ref().into());
            }
            _ => {}
        }
    }

    fn fault(&self, field: &str) -> Option<&str> {
        let fault = self.faults.iter().find(|fault| fault.field == field)?;
        Some(&fault.message)
    }

    /// Whether the field is the first to be put right.
    fn is_first_fault(&self, field: &str) -> bool {
        let order = ["name", "sku", "description"];
        order.into_iter().find(|name| self.fault(name).is_some()) == Some(field)
    }

    fn is_new(&self) -> bool {
        self.typed.version.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::{FieldChange, Origin, Step};
    use super::super::record::Action;
    use super::*;
    use crate::http::pages::assert_no_inline_code;

    fn product() -> Product {
        Product {
            id: 7,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            import_id: Some(12),
            import_line: Some(1345),
            version: 2,
            active: false,
            sku: "LAMP-1".into(),
            sku_key: "lamp-1".into(),
            name: "Lamp <b>".into(),
            description: "\nTwo\nlines".into(),
        }
    }

    fn step(version: i32, action: Action, line: i64, changes: Vec<FieldChange>) -> Step {
        Step {
            version,
            at: Some(DateTime::UNIX_EPOCH),
            action,
            origin: Origin::Import {
                id: 12,
                line: Some(line),
            },
            changes,
        }
    }

    fn history() -> History {
        let change = FieldChange {
            field: "name",
            from: "Lampe".into(),
            to: "Lamp <b>".into(),
        };
        History {
            steps: vec![
                step(2, Action::Changed, 1345, vec![change]),
                step(1, Action::Created, 7, Vec::new()),
            ],
            is_complete: true,
        }
    }

    fn shows(html: &str, all: &[&str]) {
        for shown in all {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        assert_no_inline_code(html);
    }

    #[test]
    fn a_product_shows_its_fields_and_its_story() {
        let page = ProductPage::new(product(), &history(), true);
        let html = page.render().unwrap();
        shows(
            &html,
            &[
                "value=\"Lamp &#60;b&#62;\"",
                "name=\"version\" value=\"2\"",
                "\n\nTwo\nlines</textarea>",
                "href=\"/imports/12\"",
                "line 1,345",
                "Lampe",
            ],
        );
        let fragment = page.as_main().render().unwrap();
        assert!(!fragment.contains("<html") && fragment.contains("LAMP-1"));
    }

    #[test]
    fn a_product_whose_story_is_cut_still_shows_its_import() {
        let html = ProductPage::new(product(), &History::default(), true).render().unwrap();
        shows(
            &html,
            &[
                "Where it came from",
                "Last imported by",
                "href=\"/imports/12\"",
                "line 1,345",
            ],
        );
        let by_hand = Product {
            import_id: None,
            ..product()
        };
        let html = ProductPage::new(by_hand, &History::default(), true).render().unwrap();
        assert!(!html.contains("Where it came from"));
    }

    #[test]
    fn a_taken_sku_names_and_links_who_has_it() {
        let typed = ProductForm {
            sku: "lamp-1".into(),
            name: "Typed".into(),
            ..ProductForm::blank()
        };
        let error = EditError::Taken {
            by: Box::new(product()),
        };
        let html = NewProductPage::new(typed).with_faults(&error).render().unwrap();
        shows(
            &html,
            &[
                "aria-invalid=\"true\"",
                "href=\"/products/7\"",
                "value=\"Typed\"",
                "has this SKU already",
            ],
        );
    }

    #[test]
    fn a_conflict_shows_both_versions() {
        let typed = ProductForm {
            name: "Mine".into(),
            version: "1".into(),
            ..ProductForm::of(&product())
        };
        let conflict = Conflict::of(&typed, &product(), None);
        let page = ProductPage::new(product(), &History::default(), true).with_conflict(typed, conflict);
        let html = page.render().unwrap();
        shows(
            &html,
            &[
                "name=\"pick_name\" value=\"mine\" checked",
                "value=\"theirs\"",
                "name=\"version\" value=\"2\"",
                "Mine",
                "Lamp &#60;b&#62;",
            ],
        );
    }

    #[test]
    fn a_deleted_product_offers_to_come_back() {
        let deleted = Deleted {
            product: product(),
            deleted_at: DateTime::UNIX_EPOCH,
        };
        let html = DeletedPage::new(deleted.clone(), None, None).render().unwrap();
        shows(&html, &["action=\"/products/7/restoration\"", "Lamp &#60;b&#62;"]);
        let typed = ProductForm {
            name: "Mine".into(),
            ..ProductForm::of(&product())
        };
        let html = DeletedPage::new(deleted.clone(), None, Some(typed)).render().unwrap();
        shows(
            &html,
            &[
                "action=\"/products/7\"",
                "value=\"Mine\"",
                "data-limit=\"1000\"",
                "name=\"restore\" value=\"true\"",
            ],
        );
        let other = Product { id: 9, ..product() };
        let html = DeletedPage::new(deleted, Some(&other), None).render().unwrap();
        shows(&html, &["href=\"/products/9\""]);
        assert!(!html.contains("/products/7/restoration"));
    }
}
