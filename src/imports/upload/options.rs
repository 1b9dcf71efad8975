//! What can be said about an upload besides its bytes: the file's name and how it is to be imported.
//!
//! The same options come as tus metadata, as query parameters and as fields of a form.

use crate::http::{self, Error, FieldError};
use crate::imports::{Mode, NewStatus};
use utoipa::IntoParams;

const FILENAME: &str = "filename";
const MODE: &str = "mode";
const NEW_STATUS: &str = "new_status";
const FILENAME_MAX_CHARS: usize = 255;
const FILENAME_DEFAULT: &str = "products.csv";

/// How a file is called and imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The name it had where it came from, without folders.
    pub filename: String,
    /// What happens to products that exist.
    pub mode: Mode,
    /// The status of products that do not.
    pub new_status: NewStatus,
}

/// The options as words of an address; see [`OptionsDraft::set`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes what is read by name")]
pub struct OptionsQuery {
    /// What the file is called.
    #[param(required = false, example = "spring.csv")]
    filename: String,
    /// What happens to products that exist, and to those that do not.
    #[param(inline, required = false)]
    mode: Mode,
    /// The status of products that the import creates, where the file does not say.
    #[param(inline, required = false)]
    new_status: NewStatus,
}

/// Options as they were sent, not yet looked at.
#[derive(Clone, Debug, Default)]
pub struct OptionsDraft {
    filename: Option<String>,
    mode: Option<String>,
    new_status: Option<String>,
}

impl OptionsDraft {
    /// Whether `name` is an option.
    pub fn knows(name: &str) -> bool {
        [FILENAME, MODE, NEW_STATUS].contains(&name)
    }

    /// Takes note of a value. Other names are none of ours, and an empty value says nothing.
    pub fn set(&mut self, name: &str, value: String) {
        let place = match name {
            FILENAME => &mut self.filename,
            MODE => &mut self.mode,
            NEW_STATUS => &mut self.new_status,
            _ => return,
        };
        if !value.trim().is_empty() {
            *place = Some(value);
        }
    }

    /// Takes a file name that was not given as an option.
    pub fn set_filename_if_missing(&mut self, filename: &str) {
        self.filename.get_or_insert_with(|| filename.to_owned());
    }

    /// The options, or every one that is wrong.
    pub fn finish(self) -> http::Result<Options> {
        let mut errors = Vec::new();
        let mode = one_of(
            MODE,
            self.mode,
            Mode::Overwrite,
            Mode::from_word,
            "overwrite, create_only, update_only",
        );
        let new_status = one_of(
            NEW_STATUS,
            self.new_status,
            NewStatus::Active,
            NewStatus::from_word,
            "active, inactive",
        );
        let mode = mode.unwrap_or_else(|error| note(&mut errors, error, Mode::Overwrite));
        let new_status = new_status.unwrap_or_else(|error| note(&mut errors, error, NewStatus::Active));
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        Ok(Options {
            filename: clean(self.filename.as_deref().unwrap_or_default()),
            mode,
            new_status,
        })
    }
}

fn one_of<T>(
    field: &str,
    word: Option<String>,
    default: T,
    read: fn(&str) -> Option<T>,
    choices: &str,
) -> Result<T, FieldError> {
    let Some(word) = word else { return Ok(default) };
    read(word.trim()).ok_or_else(|| FieldError {
        field: field.into(),
        message: format!("“{word}” is not a {field}; choose one of: {choices}."),
    })
}

fn note<T>(errors: &mut Vec<FieldError>, error: FieldError, instead: T) -> T {
    errors.push(error);
    instead
}

/// A file name without folders and invisible characters, never empty.
fn clean(filename: &str) -> String {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = name.chars().filter(|&c| !c.is_control() && !is_invisible(c)).collect();
    let short: String = visible.trim().chars().take(FILENAME_MAX_CHARS).collect();
    if short.trim_matches('.').is_empty() {
        FILENAME_DEFAULT.into()
    } else {
        short
    }
}

/// Characters that make a name look like another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lose_folders_and_control_characters() {
        let long = "x".repeat(300);
        for (sent, kept) in [
            ("spring.csv", "spring.csv"),
            ("C:\\Users\\me\\spring.csv", "spring.csv"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb\0.csv", "ab.csv"),
            ("Frühling \u{202e}vsc.csv", "Frühling vsc.csv"),
            ("", "products.csv"),
            ("..", "products.csv"),
            ("folder/", "products.csv"),
            (long.as_str(), &long[..255]),
        ] {
            assert_eq!(clean(sent), kept, "{sent:?}");
        }
    }

    #[test]
    fn every_wrong_option_is_named() {
        let mut draft = OptionsDraft::default();
        draft.set("mode", "replace".into());
        draft.set("new_status", "on".into());
        draft.set("color", "red".into());
        let Err(Error::Invalid(errors)) = draft.finish() else {
            panic!("accepted")
        };
        assert_eq!(
            errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(),
            ["mode", "new_status"]
        );
    }

    #[test]
    fn nothing_said_means_the_defaults() -> http::Result<()> {
        let mut draft = OptionsDraft::default();
        draft.set("mode", String::new());
        let options = draft.finish()?;
        assert_eq!((options.mode, options.new_status), (Mode::Overwrite, NewStatus::Active));
        assert_eq!(options.filename, "products.csv");
        Ok(())
    }
}
