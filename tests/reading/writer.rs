//! Writes tables in every dialect that programs are known to write.

use super::naive::line_at;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Utf8 { mark: bool },
    Utf16 { big: bool, mark: bool },
    Windows1252,
    Cp850,
    MacRoman,
}

impl Coding {
    pub fn is_unicode(self) -> bool {
        matches!(self, Self::Utf8 { .. } | Self::Utf16 { .. })
    }
}

#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "every one is a way of writing the same table"
)]
pub struct Dialect {
    pub coding: Coding,
    pub delimiter: char,
    pub line_ends: Vec<&'static str>,
    pub quote_all: bool,
    pub declared: bool,
    pub ends_with_line_end: bool,
    pub blank_lines: bool,
}

pub fn dialect() -> impl Strategy<Value = Dialect> {
    let coding = prop_oneof![
        any::<bool>().prop_map(|mark| Coding::Utf8 { mark }),
        any::<(bool, bool)>().prop_map(|(big, mark)| Coding::Utf16 { big, mark }),
        Just(Coding::Windows1252),
        Just(Coding::Cp850),
        Just(Coding::MacRoman),
    ];
    let delimiter = prop::sample::select(vec![',', ';', '\t', '|']);
    let line_ends = prop::sample::select(vec![vec!["\n"], vec!["\r\n"], vec!["\r"], vec!["\r\n", "\n", "\r"]]);
    (coding, delimiter, line_ends, any::<[bool; 4]>()).prop_map(|(coding, delimiter, line_ends, flags)| Dialect {
        coding,
        delimiter,
        line_ends,
        quote_all: flags[0],
        declared: flags[1],
        ends_with_line_end: flags[2],
        blank_lines: flags[3],
    })
}

impl Dialect {
    /// The bytes of a file, and the line on which each record begins.
    pub fn write(&self, table: &[Vec<String>]) -> (Vec<u8>, Vec<u64>) {
        let (mut text, mut starts) = (String::new(), Vec::new());
        if self.declared {
            text.extend(["sep=", self.delimiter.encode_utf8(&mut [0; 4]), self.line_ends[0]]);
        }
        for (number, row) in table.iter().enumerate() {
            let line_end = self.line_ends[number % self.line_ends.len()];
            if self.blank_lines && number % 2 == 1 {
                text.push_str("  ");
                text.push_str(line_end);
                text.push_str(line_end);
            }
            starts.push(text.len());
            let cells: Vec<_> = row.iter().map(|cell| self.cell(cell)).collect();
            text.push_str(&cells.join(&self.delimiter.to_string()));
            if self.ends_with_line_end || number + 1 < table.len() {
                text.push_str(line_end);
            }
        }
        let lines = starts.into_iter().map(|start| line_at(&text, start)).collect();
        (encode(&text, self.coding), lines)
    }

    fn cell(&self, value: &str) -> String {
        let special = |character: char| matches!(character, '\r' | '\n') || character == self.delimiter;
        if self.quote_all || value.contains(special) || value.starts_with('"') {
            format!("\"{}\"", value.replace('"', "\"\""))
        } else {
            value.to_owned()
        }
    }
}

fn encode(text: &str, coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Utf8 { mark } => [if mark { "\u{feff}" } else { "" }, text].concat().into_bytes(),
        Coding::Utf16 { big, mark } => {
            let units = [if mark { "\u{feff}" } else { "" }, text]
                .concat()
                .encode_utf16()
                .collect::<Vec<_>>();
            units
                .iter()
                .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect()
        }
        Coding::Windows1252 => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
        Coding::MacRoman => encoding_rs::MACINTOSH.encode(text).0.into_owned(),
        Coding::Cp850 => text.chars().map(in_cp850).collect(),
    }
}

fn in_cp850(character: char) -> u8 {
    if character.is_ascii() {
        return character as u8;
    }
    *oem_cp::code_table::ENCODING_TABLE_CP850
        .get(&character)
        .expect("a character of CP850")
}

impl Coding {
    /// Text that a file in this encoding can hold; in 8-bit encodings words that a person would write, since an
    /// encoding cannot be told from noise.
    pub fn value(self) -> BoxedStrategy<String> {
        let marks = "[ ,;|\t\"\r\n]{0,2}";
        if self.is_unicode() {
            return prop_oneof![3 => "[a-z0-9 ,;|\t\"\r\n]{0,8}", 2 => "\\PC{0,6}", 1 => "[é€😀\u{2028}\u{a0}\"\n]{0,4}"].boxed();
        }
        let words = vec![
            "Größe",
            "Café",
            "España",
            "Théière",
            "Müller",
            "små",
            "cup",
            "red",
            "12",
            "",
        ];
        prop::collection::vec((prop::sample::select(words), marks), 0..4)
            .prop_map(|parts| parts.into_iter().map(|(word, mark)| word.to_owned() + &mark).collect())
            .boxed()
    }
}
