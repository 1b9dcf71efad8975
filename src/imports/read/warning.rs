//! What went well but not right: things a person should know about although their rows were taken.
//!
//! So far one: SKUs that a spreadsheet took for numbers, rounded, and wrote as `1.23E+12`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How many examples a warning keeps.
const EXAMPLES_MAX: usize = 5;

/// Something in the file that its sender should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is about.
    pub kind: WarningKind,
    /// How many rows it concerns.
    pub count: u64,
    /// The first few of them.
    pub examples: Vec<Example>,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A spreadsheet turned SKUs into rounded numbers.
    MangledSku,
}

/// A place in the file and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The line on which the row begins.
    pub line: u64,
    /// The value in question.
    pub value: String,
}

impl Warning {
    pub(super) fn new(kind: WarningKind) -> Self {
        Self {
            kind,
            count: 0,
            examples: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, line: u64, value: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(Example {
                line,
                value: value.to_owned(),
            });
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            WarningKind::MangledSku => {
                let (rows, they_were) = if self.count == 1 {
                    ("1 SKU looks like a number", "It was imported as it stands")
                } else {
                    (
                        &*format!("{} SKUs look like numbers", self.count),
                        "They were imported as they stand",
                    )
                };
                write!(
                    f,
                    "{rows} that a spreadsheet has shortened, so digits are probably lost. {they_were}: "
                )?;
            }
        }
        for (number, Example { line, value }) in self.examples.iter().enumerate() {
            write!(f, "{}“{value}” on line {line}", if number == 0 { "" } else { ", " })?;
        }
        let more = if self.count > self.examples.len() as u64 {
            " and more"
        } else {
            ""
        };
        write!(
            f,
            "{more}. To get the whole numbers, format the SKU column as text in the \
             spreadsheet before the numbers are entered or loaded into it, save it as CSV again and upload that file."
        )
    }
}

/// Whether a SKU looks like `1.23E+12`.
pub(super) fn is_mangled(sku: &str) -> bool {
    if memchr::memchr(b'+', sku.as_bytes()).is_none() {
        return false;
    }
    let Some((mantissa, exponent)) = sku.split_once("E+").or_else(|| sku.split_once("e+")) else {
        return false;
    };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    whole.len() == 1 && is_number(whole) && is_number(fraction) && is_number(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mangled_skus_are_recognised() {
        for sku in ["1.23E+12", "1,23E+12", "9E+15", "4.00639E+12", "1.2e+3"] {
            assert!(is_mangled(sku), "{sku}");
        }
        for sku in [
            "1.23E12",
            "12.3E+12",
            "E+12",
            "1.E+12",
            "1.2.3E+12",
            "AE+12",
            "1.23E+",
            "1E+1x",
            "SKU-1E+5",
            "",
        ] {
            assert!(!is_mangled(sku), "{sku}");
        }
    }

    #[test]
    fn it_says_what_happened_where_and_what_to_do() {
        let mut warning = Warning::new(WarningKind::MangledSku);
        for line in 2..9 {
            warning.add(line, "1.23E+12");
        }
        let text = warning.to_string();
        assert!(text.starts_with("7 SKUs look like numbers"), "{text}");
        assert!(
            text.contains("“1.23E+12” on line 2, ") && text.contains("on line 6 and more. "),
            "{text}"
        );
        assert!(text.contains("format the SKU column as text"), "{text}");
    }
}
