//! Schemas as people read them: `list of Product`, `active | inactive`, `number or null`.

use serde_json::Value;

/// A paragraph, cut where code begins and ends.
pub struct Text(pub Vec<Piece>);

/// A stretch of text or code.
pub struct Piece {
    /// Whether it stood between backticks.
    pub is_code: bool,
    /// The letters.
    pub text: String,
}

/// What a value is.
pub struct Kind {
    /// In words.
    pub text: String,
    /// The shape it is explained at.
    pub anchor: Option<String>,
}

/// Something with fields, or one of some words.
pub struct Shape {
    /// Its name.
    pub name: String,
    /// Where it stands on the page.
    pub anchor: String,
    /// What it is.
    pub about: Vec<Text>,
    /// The words it may be.
    pub words: Vec<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// One of them.
    pub example: Option<String>,
}

/// A field of a [`Shape`].
pub struct Field {
    /// Its name.
    pub name: String,
    /// What its value is.
    pub kind: Kind,
    /// What it means.
    pub about: Text,
}

impl Text {
    /// One paragraph.
    pub fn of(text: &str) -> Self {
        let pieces = text.split('`').enumerate().map(|(place, text)| Piece {
            is_code: place % 2 == 1,
            text: text.to_owned(),
        });
        Self(pieces.filter(|piece| !piece.text.is_empty()).collect())
    }

    /// The paragraphs of a description.
    pub fn paragraphs(description: &Value) -> Vec<Self> {
        let text = description.as_str().unwrap_or_default();
        text.split("\n\n")
            .filter(|text| !text.is_empty())
            .map(Self::of)
            .collect()
    }
}

impl Kind {
    /// What a schema asks for.
    pub fn of(schema: &Value) -> Self {
        Self {
            text: words(schema),
            anchor: name_within(schema).map(anchor),
        }
    }
}

/// Everything that answers refer to by name.
pub fn shapes(document: &Value) -> Vec<Shape> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    schemas.map(|(name, schema)| Shape::of(name, schema)).collect()
}

/// An example as it is sent: JSON on lines of its own, text as it is.
pub fn example(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

impl Shape {
    fn of(name: &str, schema: &Value) -> Self {
        let fields = schema["properties"].as_object().into_iter().flatten();
        Self {
            name: name.to_owned(),
            anchor: anchor(name),
            about: Text::paragraphs(&schema["description"]),
            words: words_of(schema).collect(),
            fields: fields
                .map(|(name, schema)| Field {
                    name: name.clone(),
                    kind: Kind::of(schema),
                    about: Text::of(about(schema)),
                })
                .collect(),
            example: schema.get("example").map(example),
        }
    }
}

/// A description may stand beside a reference to something that may be null.
fn about(schema: &Value) -> &str {
    let here = schema["description"].as_str();
    here.or_else(|| {
        let choices = schema["oneOf"].as_array()?;
        choices.iter().find_map(|choice| choice["description"].as_str())
    })
    .unwrap_or_default()
}

fn words(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(last) {
        return name.to_owned();
    }
    if schema["enum"].is_array() {
        return joined(words_of(schema), " | ");
    }
    for choices in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choices].as_array() {
            return joined(choices.iter().map(words), " or ");
        }
    }
    match &schema["type"] {
        Value::Array(types) => joined(types.iter().map(|kind| one(kind, schema)), " or "),
        kind => one(kind, schema),
    }
}

fn words_of(schema: &Value) -> impl Iterator<Item = String> {
    let words = schema["enum"].as_array().into_iter().flatten();
    words.filter_map(Value::as_str).map(str::to_owned)
}

fn one(kind: &Value, schema: &Value) -> String {
    match kind.as_str().unwrap_or("anything") {
        "array" => format!("list of {}", words(&schema["items"])),
        "integer" => "number".into(),
        "string" if schema["format"] == "date-time" => "time".into(),
        "string" if schema["format"] == "binary" => "file".into(),
        "string" => "text".into(),
        "boolean" => "true | false".into(),
        other => other.into(),
    }
}

fn joined(words: impl Iterator<Item = String>, between: &str) -> String {
    words.collect::<Vec<_>>().join(between)
}

/// The shape that a schema is, is a list of, or may be.
fn name_within(schema: &Value) -> Option<&str> {
    let own = schema["$ref"].as_str().and_then(last);
    own.or_else(|| schema["items"]["$ref"].as_str().and_then(last))
        .or_else(|| {
            let choices = schema["oneOf"].as_array()?;
            choices.iter().find_map(|choice| last(choice["$ref"].as_str()?))
        })
}

fn last(reference: &str) -> Option<&str> {
    reference.rsplit('/').next()
}

fn anchor(name: &str) -> String {
    format!("shape-{}", name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_are_read_aloud() {
        for (schema, expected) in [
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/Product"}}),
                "list of Product",
            ),
            (json!({"type": ["integer", "null"]}), "number or null"),
            (
                json!({"enum": ["active", "inactive"], "type": "string"}),
                "active | inactive",
            ),
            (
                json!({"oneOf": [{"$ref": "#/x/Columns"}, {"type": "null"}]}),
                "Columns or null",
            ),
            (json!({"type": "string", "format": "date-time"}), "time"),
        ] {
            assert_eq!(words(&schema), expected);
        }
    }

    #[test]
    fn backticks_are_code() {
        let Text(pieces) = Text::of("Go on with `next_cursor`.");
        let told: Vec<_> = pieces
            .iter()
            .map(|piece| (piece.is_code, piece.text.as_str()))
            .collect();
        assert_eq!(told, [(false, "Go on with "), (true, "next_cursor"), (false, ".")]);
    }
}
