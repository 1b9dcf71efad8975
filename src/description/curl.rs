//! A request as a command that can be tried at once.

use serde_json::Value;
use std::fmt::Write as _;

/// Stands for an id where a command needs one.
const ID: &str = "7";

/// The command for `curl`. Words of the address that have an example are said in requests that only look.
pub fn command(method: &str, path: &str, told: &Value, host: &str) -> String {
    let flags = match method {
        "get" if answers_a_stream(told) => "-N ",
        "get" => "",
        "head" => "-I ",
        "post" if told["requestBody"].is_object() => "",
        other => return with_rest(&format!("curl -X {} ", other.to_uppercase()), path, told, host),
    };
    with_rest(&format!("curl {flags}"), path, told, host)
}

fn with_rest(start: &str, path: &str, told: &Value, host: &str) -> String {
    let mut command = format!(
        "{start}{}",
        quoted(&format!("{host}{}{}", path.replace("{id}", ID), query(told)))
    );
    let parameters = told["parameters"].as_array().into_iter().flatten();
    for header in parameters.filter(|parameter| parameter["in"] == "header" && parameter["required"] == true) {
        let name = header["name"].as_str().unwrap_or_default();
        let value = plain(&header["example"]);
        let _ = write!(command, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
    }
    let mut bodies = told["requestBody"]["content"].as_object().into_iter().flatten();
    if let Some((media_type, content)) = bodies.find(|(media_type, _)| !media_type.starts_with("multipart/")) {
        let _ = write!(command, " \\\n  -H {}", quoted(&format!("Content-Type: {media_type}")));
        let _ = write!(command, " \\\n  {}", data(media_type, content));
    }
    command
}

fn data(media_type: &str, content: &Value) -> String {
    match (media_type, content.get("example")) {
        ("application/json", Some(example)) => format!("-d {}", quoted(&example.to_string())),
        ("application/json", None) => "-d @-".into(),
        ("text/csv", _) => "--data-binary @products.csv".into(),
        _ => "--data-binary @piece".into(),
    }
}

/// The first word that is worth showing.
fn query(told: &Value) -> String {
    let mut words = told["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query");
    let shown = words.find(|word| word.get("example").is_some());
    shown.map_or_else(String::new, |word| {
        format!(
            "?{}={}",
            plain(&word["name"]),
            plain(&word["example"]).replace(' ', "%20")
        )
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn answers_a_stream(told: &Value) -> bool {
    told["responses"]["200"]["content"].get("text/event-stream").is_some()
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_goes_as_it_is_and_a_quote_is_kept() {
        let told = json!({"requestBody": {"content": {"multipart/form-data": {}, "text/csv": {}}}});
        let command = command("post", "/imports", &told, "localhost");
        assert_eq!(
            command,
            "curl 'localhost/imports' \\\n  -H 'Content-Type: text/csv' \\\n  --data-binary @products.csv"
        );
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
