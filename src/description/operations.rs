//! Requests as the page shows them.

use super::curl;
use super::openapi::SHARED;
use super::shapes::{Kind, Text, example};
use serde_json::Value;

/// One request: a method and an address.
pub struct Operation {
    /// Its name, and where it stands on the page.
    pub id: String,
    /// The group it belongs to.
    pub tag: String,
    /// `GET`.
    pub method: String,
    /// The whole path.
    pub path: String,
    /// A few words.
    pub summary: String,
    /// More of them.
    pub about: Vec<Text>,
    /// What can be said in the address and in headers.
    pub parameters: Vec<Parameter>,
    /// What can be sent.
    pub bodies: Vec<Body>,
    /// What can come back.
    pub answers: Vec<Answer>,
    /// The request as a command.
    pub curl: String,
}

/// Something said in the address or a header.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `header`, unless it stands in the address.
    pub is_header: bool,
    /// Whether it has to be there.
    pub is_required: bool,
    /// What it is.
    pub kind: Kind,
    /// What it means.
    pub about: Text,
}

/// One form of what is sent or answered.
pub struct Body {
    /// Its media type.
    pub media_type: String,
    /// What it is.
    pub kind: Kind,
    /// One of them.
    pub example: Option<String>,
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: String,
    /// When it comes.
    pub about: Text,
    /// Its forms; problems all look alike.
    pub bodies: Vec<Body>,
    /// The headers that matter.
    pub headers: Vec<String>,
}

/// Every request, those of a path together.
pub fn operations(document: &Value, host: &str) -> Vec<Operation> {
    let base = document["servers"][0]["url"].as_str().unwrap_or_default();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, told) in item.as_object().into_iter().flatten() {
            operations.push(Operation::of(method, &format!("{base}{path}"), told, host));
        }
    }
    operations
}

impl Operation {
    fn of(method: &str, path: &str, told: &Value, host: &str) -> Self {
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let parameters = told["parameters"].as_array().into_iter().flatten();
        let answers = told["responses"].as_object().into_iter().flatten();
        let own = answers.filter(|(status, answer)| !is_shared(status, answer));
        Self {
            id: text("operationId"),
            tag: told["tags"][0].as_str().unwrap_or_default().to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text("summary"),
            about: Text::paragraphs(&told["description"]),
            parameters: parameters.map(Parameter::of).collect(),
            bodies: bodies(&told["requestBody"]),
            answers: own.map(|(status, answer)| Answer::of(status, answer)).collect(),
            curl: curl::command(method, path, told, host),
        }
    }
}

/// Whether any request may be answered like that, which is told once.
fn is_shared(status: &str, answer: &Value) -> bool {
    SHARED
        .iter()
        .any(|shared| *shared == (status, answer["description"].as_str().unwrap_or_default()))
}

impl Parameter {
    fn of(told: &Value) -> Self {
        Self {
            name: told["name"].as_str().unwrap_or_default().to_owned(),
            is_header: told["in"] == "header",
            is_required: told["required"] == true,
            kind: Kind::of(&told["schema"]),
            about: Text::of(told["description"].as_str().unwrap_or_default()),
        }
    }
}

impl Answer {
    fn of(status: &str, told: &Value) -> Self {
        let headers = told["headers"].as_object().into_iter().flatten();
        Self {
            status: status.to_owned(),
            about: Text::of(told["description"].as_str().unwrap_or_default()),
            bodies: bodies(told),
            headers: headers.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Whether it tells of a problem.
    pub fn is_problem(&self) -> bool {
        self.status.as_str() >= "400"
    }
}

fn bodies(told: &Value) -> Vec<Body> {
    let content = told["content"].as_object().into_iter().flatten();
    content
        .map(|(media_type, content)| Body {
            media_type: media_type.clone(),
            kind: Kind::of(&content["schema"]),
            example: content.get("example").map(example),
        })
        .collect()
}
