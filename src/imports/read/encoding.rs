//! Which characters the bytes of a file stand for, told by content, and turning fields into text.
//!
//! A file that is ASCII so far needs no answer; the first other byte asks for one, and enough of what follows is then
//! looked at. UTF-8 is recognised by its own rules, everything else by what reads most like written language.

use super::plausibility::plausibility;
use super::splitter::Record;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, MACINTOSH, UTF_8, WINDOWS_1252};
use oem_cp::code_table::{DECODING_TABLE_CP437, DECODING_TABLE_CP850};
use serde::{Deserialize, Serialize};

/// How much is looked at, from the first byte that is not ASCII, to tell UTF-8 from the rest.
pub(super) const LOOK_AHEAD_BYTES: usize = 1 << 20;

/// How much of that is read as language; more would cost time and teach nothing.
const LANGUAGE_BYTES: usize = 64 << 10;

/// An encoding that extends ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) enum Encoding {
    /// One that the web knows, UTF-8 among them.
    Web(&'static encoding_rs::Encoding),
    /// A code page of DOS, which old inventory programs and consoles still write.
    Dos(CodePage),
}

/// The code pages of DOS for western languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodePage {
    Cp437,
    Cp850,
}

impl CodePage {
    fn table(self) -> &'static [char; 128] {
        match self {
            Self::Cp437 => &DECODING_TABLE_CP437,
            Self::Cp850 => &DECODING_TABLE_CP850,
        }
    }
}

impl Encoding {
    pub(super) const UTF_8: Self = Self::Web(UTF_8);

    /// Tells the encoding of bytes that are not all ASCII. `whole`: nothing follows them in the file.
    pub(super) fn of(sample: &[u8], whole: bool) -> Self {
        if is_mostly_utf8(sample, whole) {
            return Self::UTF_8;
        }
        let language = &sample[..sample.len().min(LANGUAGE_BYTES)];
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(language, whole && language.len() == sample.len());
        let guess = Self::Web(detector.guess(None, Utf8Detection::Deny));
        // Of equals the first wins: the guess, unless another reads better.
        let others = [
            Self::Web(WINDOWS_1252),
            Self::Dos(CodePage::Cp850),
            Self::Dos(CodePage::Cp437),
            Self::Web(MACINTOSH),
        ];
        let (mut best, mut best_score) = (guess, plausibility(&guess.decode_lossily(language)));
        for encoding in others {
            let score = plausibility(&encoding.decode_lossily(language));
            if score > best_score {
                (best, best_score) = (encoding, score);
            }
        }
        best
    }

    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Web(encoding) => encoding.name(),
            Self::Dos(CodePage::Cp437) => "CP437",
            Self::Dos(CodePage::Cp850) => "CP850",
        }
    }

    /// Appends the text of a field; false when its bytes are no text in this encoding.
    fn decode_into(self, field: &[u8], text: &mut String) -> bool {
        match self {
            Self::Dos(page) => {
                text.extend(field.iter().map(|&byte| decode_byte(byte, page.table())));
                true
            }
            Self::Web(encoding) => {
                let start = text.len();
                let mut decoder = encoding.new_decoder_without_bom_handling();
                let Some(room) = decoder.max_utf8_buffer_length_without_replacement(field.len()) else {
                    return false;
                };
                text.reserve(room);
                let (result, _) = decoder.decode_to_string_without_replacement(field, text, true);
                result == DecoderResult::InputEmpty && !holds_unassigned(&text[start..])
            }
        }
    }

    /// The text of a field that nobody will take for good: nothing of it gets lost, though it may read badly.
    pub(super) fn decode_anyway(self, field: &[u8]) -> String {
        let mut text = String::new();
        if self.decode_into(field, &mut text) {
            return text;
        }
        WINDOWS_1252.decode_without_bom_handling(field).0.into_owned()
    }

    fn decode_lossily(self, bytes: &[u8]) -> String {
        match self {
            Self::Web(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Dos(page) => bytes.iter().map(|&byte| decode_byte(byte, page.table())).collect(),
        }
    }
}

impl From<Encoding> for String {
    fn from(encoding: Encoding) -> Self {
        encoding.name().to_owned()
    }
}

impl TryFrom<String> for Encoding {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "CP437" => Ok(Self::Dos(CodePage::Cp437)),
            "CP850" => Ok(Self::Dos(CodePage::Cp850)),
            other => encoding_rs::Encoding::for_label(other.as_bytes())
                .map(Self::Web)
                .ok_or_else(|| format!("unknown encoding {name}")),
        }
    }
}

fn decode_byte(byte: u8, table: &[char; 128]) -> char {
    if byte.is_ascii() {
        char::from(byte)
    } else {
        table[usize::from(byte & 0x7F)]
    }
}

/// The web gives every unassigned byte of an 8-bit encoding a control character (U+0080 to U+009F). No product has one.
fn holds_unassigned(text: &str) -> bool {
    memchr::memchr_iter(0xC2, text.as_bytes()).any(|at| text.as_bytes().get(at + 1).is_some_and(|&byte| byte < 0xA0))
}

/// Text of other encodings is almost never valid UTF-8 by chance, so where half of it is, it is UTF-8 with bytes that
/// somebody broke: better to reject those rows than to misread all the others.
fn is_mostly_utf8(sample: &[u8], whole: bool) -> bool {
    let (mut valid, mut invalid, mut seen) = (0_usize, 0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        seen += chunk.valid().len() + chunk.invalid().len();
        valid += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        let is_cut_off = !whole && seen == sample.len();
        invalid += usize::from(!chunk.invalid().is_empty() && !is_cut_off);
    }
    valid >= invalid
}

/// The text of a record, its fields one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) ends: &'a [usize],
}

impl<'a> Text<'a> {
    /// A field by its number.
    pub(super) fn field(self, number: usize) -> &'a str {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }

    /// Whether it comes from a line with nothing but blanks.
    pub(super) fn is_blank(self) -> bool {
        self.ends.len() == 1 && self.text.trim().is_empty()
    }
}

/// Decodes records, with buffers that serve for all of them.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    text: String,
    ends: Vec<usize>,
}

impl Decoder {
    /// The text of a record, or none when a field's bytes are no text. Without an encoding all must be ASCII.
    pub(super) fn decode<'a>(&'a mut self, record: Record<'a>, encoding: Option<Encoding>) -> Option<Text<'a>> {
        match encoding {
            Some(encoding) if encoding != Encoding::UTF_8 && !record.text.is_ascii() => {
                self.text.clear();
                self.ends.clear();
                for field in record.fields() {
                    if !encoding.decode_into(field, &mut self.text) {
                        return None;
                    }
                    self.ends.push(self.text.len());
                }
                Some(Text {
                    text: &self.text,
                    ends: &self.ends,
                })
            }
            _ => decode_utf8(record),
        }
    }
}

fn decode_utf8(record: Record<'_>) -> Option<Text<'_>> {
    let text = simdutf8::basic::from_utf8(record.text).ok()?;
    // Half a character at the end of one field and half at the beginning of the next are a whole one only in here.
    record
        .ends
        .iter()
        .all(|&end| text.is_char_boundary(end))
        .then_some(Text {
            text,
            ends: record.ends,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{WINDOWS_1250, WINDOWS_1251};

    const FRENCH: &str = "Théière émaillée à fleurs, 2 poignées, garantie où que vous soyez, reçue en forêt";
    const GERMAN: &str = "Größe: für Männer, Öl und Äpfel, weiß, über 20 Stück, heiße Suppenschüssel";
    const SPANISH: &str = "Cuchara pequeña de cerámica, edición limitada, más información, según tamaño";
    const SWEDISH: &str = "Kökskniv för små händer, Ångström, slitstark och lätt att hålla ren, på lager";

    fn in_code_page(text: &str, page: CodePage) -> Vec<u8> {
        let byte_of = |character: char| {
            if character.is_ascii() {
                return character as u8;
            }
            let at = page
                .table()
                .iter()
                .position(|&other| other == character)
                .expect("in the code page");
            0x80 | u8::try_from(at).expect("128 entries")
        };
        text.chars().map(byte_of).collect()
    }

    #[test]
    fn western_text_is_told_apart_by_content() {
        for text in [FRENCH, GERMAN, SPANISH, SWEDISH] {
            let ansi = WINDOWS_1252.encode(text).0;
            assert_eq!(Encoding::of(&ansi, true).decode_anyway(&ansi), text);
            let dos = in_code_page(text, CodePage::Cp850);
            assert_eq!(Encoding::of(&dos, true), Encoding::Dos(CodePage::Cp850), "{text}");
            let mac = MACINTOSH.encode(text).0;
            assert_eq!(Encoding::of(&mac, true), Encoding::Web(MACINTOSH), "{text}");
            assert_eq!(Encoding::of(text.as_bytes(), true), Encoding::UTF_8);
        }
    }

    #[test]
    fn a_single_word_is_enough_where_it_is_plain() {
        for (bytes, text) in [
            (&b"Caf\xE9"[..], "Café"),
            (b"Caf\x82", "Café"),
            (b"M\x81ller", "Müller"),
            (b"M\xFCller", "Müller"),
            (b"Gr\x94\xE1e", "Größe"),
            (b"Espa\xA4a", "España"),
            (b"Espa\xF1a", "España"),
            (b"the customer\x92s cup", "the customer’s cup"),
            (b"a \x93good\x94 cup", "a “good” cup"),
            (b"wait\x85 5 \x80 or \xA35", "wait… 5 € or £5"),
            (b"Brand\x99 mug", "Brand™ mug"),
            (b"5\xA0kg, de\xA0la", "5\u{a0}kg, de\u{a0}la"),
        ] {
            assert_eq!(Encoding::of(bytes, true).decode_anyway(bytes), text);
        }
    }

    #[test]
    fn eastern_text_is_left_to_the_detector() {
        let czech = "Příliš žluťoučký kůň úpěl ďábelské ódy, šálek na čaj, křišťálová sklenice";
        let russian = "Чашка фарфоровая, белая, объём триста миллилитров, для чая и кофе";
        for (text, encoding) in [(czech, WINDOWS_1250), (russian, WINDOWS_1251)] {
            let bytes = encoding.encode(text).0;
            assert_eq!(Encoding::of(&bytes, true), Encoding::Web(encoding));
        }
    }

    #[test]
    fn utf8_with_broken_bytes_is_utf8() {
        assert_eq!(Encoding::of(b"\xC3\xA9t\xC3\xA9 \xFF", true), Encoding::UTF_8);
        assert_eq!(Encoding::of(b"\xC3\xA9 \xFF", true), Encoding::UTF_8);
        assert_eq!(Encoding::of(b"caf\xC3", false), Encoding::UTF_8);
        assert_ne!(Encoding::of(b"caf\xE9", true), Encoding::UTF_8);
    }

    #[test]
    fn unassigned_bytes_are_no_text() {
        assert!(!Encoding::Web(WINDOWS_1252).decode_into(b"a\x81b", &mut String::new()));
        assert!(Encoding::Web(WINDOWS_1252).decode_into(b"\xA0\xC2\x80", &mut String::new()));
        assert_eq!(Encoding::UTF_8.decode_anyway(b"a\xFFb"), "aÿb");
    }

    #[test]
    fn a_character_is_not_put_together_from_two_fields() {
        let mut decoder = Decoder::default();
        let halves = Record {
            text: b"a\xC3\xA9b",
            ends: &[2, 4],
        };
        assert!(decoder.decode(halves, Some(Encoding::UTF_8)).is_none());
    }

    #[test]
    fn names_lead_back_to_encodings() {
        for encoding in [
            Encoding::UTF_8,
            Encoding::Web(MACINTOSH),
            Encoding::Dos(CodePage::Cp437),
        ] {
            assert_eq!(Encoding::try_from(String::from(encoding)), Ok(encoding));
        }
        assert!(Encoding::try_from("EBCDIC".to_owned()).is_err());
    }
}
