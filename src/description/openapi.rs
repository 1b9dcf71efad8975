//! The OpenAPI 3.1 document: every context's part, and what all requests have in common.

use crate::http::Problem;
use crate::{catalog, imports, webhooks};
use std::sync::LazyLock;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, RefBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, Response, Schema, ServerBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

const ABOUT: &str = "Everything the pages do, for programs. Times are RFC 3339 in UTC, ids are opaque strings, sizes \
    are bytes. Where the pages ask for a password, send it as `Authorization: Bearer …` with each request. A problem is told as `application/problem+json` (RFC 9457): `detail` says what happened and the way \
    out, `errors` names the fields at fault.\n\nA request that changes something is refused when a browser says that \
    it comes from another site, and every request that names a host which is not this server's. Fields may be added \
    to answers; none is renamed or goes.";

/// What the way to show a password is called.
const PASSWORD: &str = "password";

/// What any request may be answered.
pub(super) const SHARED: [(&str, &str); 6] = [
    ("400", "The request cannot be understood."),
    ("401", "The server asks for a password, and it is missing or wrong."),
    ("403", "It comes from another site, or names another host."),
    (
        "429",
        "Too many wrong passwords came lately; `Retry-After` says when to try again.",
    ),
    ("500", "A bug; the server's log says more."),
    (
        "503",
        "The database cannot be reached, takes too long or has no room left; `Retry-After` says when to try again.",
    ),
];

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(gather);

/// The description of the whole API.
pub fn document() -> &'static OpenApi {
    &DOCUMENT
}

fn gather() -> OpenApi {
    let mut document = catalog::description();
    document.merge(imports::description());
    document.merge(webhooks::description());
    document.info = InfoBuilder::new()
        .title("Product Importer")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .build();
    document.servers = Some(vec![ServerBuilder::new().url("/api/v1").build()]);
    let components = document.components.get_or_insert_with(Components::new);
    add_problem(components);
    let password = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme(PASSWORD, SecurityScheme::Http(password));
    // Only where one is set.
    document.security = Some(vec![
        SecurityRequirement::default(),
        SecurityRequirement::new(PASSWORD, [""; 0]),
    ]);
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(complete);
    }
    document
}

fn add_problem(components: &mut Components) {
    let mut problem = Problem::schema();
    if let RefOr::T(Schema::Object(problem)) = &mut problem {
        problem.properties.extend(members());
    }
    let mut schemas = vec![(Problem::name().into_owned(), problem)];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

/// Members that some problems have besides those of all: what is in the way of changing a product.
fn members() -> [(String, RefOr<Schema>); 2] {
    let product = ObjectBuilder::new().schema_type(Type::Object).description(Some(
        "With 409: the product that has the SKU, by its `id`, `sku`, `name`, `url` and `page`.",
    ));
    let current = RefBuilder::new()
        .ref_location_from_schema_name("Product")
        .description(Some(
            "With 409: the product as it is now, where it has changed meanwhile.",
        ));
    [
        ("product".to_owned(), product.into()),
        ("current".to_owned(), current.build().into()),
    ]
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
    ];
    methods.into_iter().flatten()
}

/// What is said in headers and addresses is left out rather than null.
fn without_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        && let SchemaType::Array(types) = &schema.schema_type
        && let Some(kind) = types.iter().find(|kind| **kind != Type::Null)
    {
        schema.schema_type = SchemaType::Type(kind.clone());
    }
}

/// Adds what any request may be answered, and how every problem is told.
fn complete(operation: &mut Operation) {
    operation.parameters.iter_mut().flatten().for_each(without_null);
    let responses = &mut operation.responses.responses;
    for (status, description) in SHARED {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| Response::new(description).into());
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && status.as_str() >= "400"
            && response.content.is_empty()
        {
            let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
            response
                .content
                .insert("application/problem+json".to_owned(), problem.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn told() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    /// Every operation of the document, with its method and path.
    fn each(document: &Value) -> impl Iterator<Item = (String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
    }

    #[test]
    fn every_operation_is_told_well() {
        let document = told();
        assert_eq!(document["openapi"], "3.1.0");
        let mut names = BTreeSet::new();
        for (place, operation) in each(&document) {
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(summary.len() > 5 && !summary.ends_with('.'), "{place}: {summary:?}");
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{place}: {name} twice");
            let tag = &operation["tags"][0];
            let tags = document["tags"].as_array().unwrap();
            assert!(
                tags.iter().any(|known| known["name"] == *tag),
                "{place}: {tag} is not explained"
            );
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert_ne!(response["description"], "", "{place} {status}");
                let is_problem = response["content"].get("application/problem+json").is_some();
                assert_eq!(is_problem, status.as_str() >= "400", "{place} {status}");
            }
        }
    }

    #[test]
    fn every_field_of_an_answer_is_explained() {
        let document = told();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            for (field, about) in schema["properties"].as_object().into_iter().flatten() {
                let is_explained = ["\"description\"", "\"$ref\""]
                    .iter()
                    .any(|key| about.to_string().contains(key));
                assert!(is_explained, "{name}.{field}: {about}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = told();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let place = reference.split('"').next().unwrap();
            assert!(document.pointer(place).is_some(), "{place}");
        }
    }
}
