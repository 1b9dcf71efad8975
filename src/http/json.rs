//! JSON that a request sends, read field by field, so that everything wrong with it is told at once and by name.

use super::{Error, FieldError};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The object in a request's body.
#[derive(Debug, Default)]
pub struct JsonFields {
    left: Map<String, Value>,
    faults: Vec<FieldError>,
}

impl<S: Send + Sync> FromRequest<S> for JsonFields {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::UnsupportedType(
                "Send JSON, and say so: Content-Type: application/json.".into(),
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                Error::TooLarge("That is more than a request like this may send.".into())
            } else {
                Error::Malformed("The request broke off before all of it had arrived.".into())
            }
        })?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(left)) => Ok(Self {
                left,
                faults: Vec::new(),
            }),
            Ok(_) => Err(Error::Malformed(
                "Send a JSON object: names and values in braces.".into(),
            )),
            Err(error) => Err(Error::Malformed(format!("This is not JSON: {error}."))),
        }
    }
}

impl JsonFields {
    /// Takes a text, if it is there.
    pub fn text(&mut self, field: &str) -> Option<String> {
        match self.left.remove(field)? {
            Value::String(text) => Some(text),
            _ => self.fault(field, "This must be a text in quotation marks."),
        }
    }

    /// Takes a yes or no, if it is there.
    pub fn flag(&mut self, field: &str) -> Option<bool> {
        match self.left.remove(field)? {
            Value::Bool(flag) => Some(flag),
            _ => self.fault(field, "This must be true or false."),
        }
    }

    /// Takes a whole number, if it is there.
    pub fn whole_number(&mut self, field: &str) -> Option<i32> {
        let value = self.left.remove(field)?;
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        number.or_else(|| self.fault(field, "This must be a whole number."))
    }

    /// Takes a list of texts, if it is there.
    pub fn texts(&mut self, field: &str) -> Option<Vec<String>> {
        let value = self.left.remove(field)?;
        let texts: Option<Vec<String>> = value.as_array().and_then(|values| values.iter().map(text_of).collect());
        texts.or_else(|| self.fault(field, "This must be a list of texts."))
    }

    /// The same, empty where it is null.
    pub fn texts_or_null(&mut self, field: &str) -> Option<Vec<String>> {
        if self.left.get(field).is_some_and(Value::is_null) {
            self.left.remove(field);
            return Some(Vec::new());
        }
        self.texts(field)
    }

    /// Takes an object of texts by name, if it is there; `None` stands for null, where that is a value.
    pub fn texts_by_name(&mut self, field: &str, may_be_null: bool) -> Option<BTreeMap<String, Option<String>>> {
        let value = self.left.remove(field)?;
        let of = |(name, value): (&String, &Value)| {
            let text = text_of(value);
            (text.is_some() || (may_be_null && value.is_null())).then(|| (name.clone(), text))
        };
        let texts = value.as_object().and_then(|values| values.iter().map(of).collect());
        texts.or_else(|| self.fault(field, "This must be an object of texts: names and values in braces."))
    }

    /// Takes a field as it is, if it is there.
    pub fn value(&mut self, field: &str) -> Option<Value> {
        self.left.remove(field)
    }

    /// Says what was wrong with the fields taken, and that others are not known.
    pub fn finish(mut self) -> Result<(), Error> {
        let unknown = self.left.keys().map(|field| FieldError {
            field: field.clone(),
            message: format!("There is no field “{field}” that could be set."),
        });
        self.faults.extend(unknown);
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.faults))
        }
    }

    fn fault<T>(&mut self, field: &str, message: &str) -> Option<T> {
        self.faults.push(FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
        });
        None
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// `application/json`, or a kind of JSON such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = named.and_then(|named| named.split(';').next()).unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    async fn read(content_type: &str, body: &'static str) -> Result<JsonFields, Error> {
        let request = Request::post("/").header(header::CONTENT_TYPE, content_type);
        JsonFields::from_request(request.body(Body::from(body)).unwrap(), &()).await
    }

    #[tokio::test]
    async fn all_that_is_wrong_is_told_at_once() {
        let mut fields = read(
            "application/json; charset=utf-8",
            r#"{"sku":1,"active":"yes","price":2,"name":"x"}"#,
        )
        .await
        .unwrap();
        assert_eq!(fields.text("name").as_deref(), Some("x"));
        assert_eq!((fields.text("sku"), fields.flag("active")), (None, None));
        assert_eq!(fields.whole_number("version"), None);
        let Err(Error::Invalid(faults)) = fields.finish() else {
            panic!("nothing was wrong")
        };
        let names: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(names, ["sku", "active", "price"]);
    }

    #[tokio::test]
    async fn only_objects_in_json_are_read() {
        for (content_type, body, status) in [
            ("text/plain", "{}", 415),
            ("", "{}", 415),
            ("application/json", "{", 400),
            ("application/json", "[]", 400),
            ("application/json", "", 400),
        ] {
            assert_eq!(
                read(content_type, body).await.unwrap_err().status(),
                status,
                "{content_type} {body}"
            );
        }
        assert!(read("application/merge-patch+json", "{}").await.is_ok());
    }
}
