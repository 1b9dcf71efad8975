//! UTF-16 to UTF-8, chunk by chunk, and back from UTF-8 lengths to places in the file.
//!
//! What UTF-16 cannot mean (half of a surrogate pair, half of a code unit) comes out as bytes that are no UTF-8, so
//! that only the row it stands in is lost.

use serde::{Deserialize, Serialize};

/// Stands for the single byte that is left over at the end of a UTF-16 file of odd length.
const HALF_UNIT: u8 = 0xFF;

/// How many bytes make up a unit of the file's text, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    /// UTF-8 and all encodings that extend ASCII: passed on as they are.
    Bytes,
    Utf16Le,
    Utf16Be,
}

impl Form {
    /// How many bytes of the file became these bytes of text.
    pub(super) fn raw_len(self, text: &[u8]) -> u64 {
        if self == Self::Bytes {
            return text.len() as u64;
        }
        let count = |is_such: fn(u8) -> bool| text.iter().filter(|&&byte| is_such(byte)).count() as u64;
        let characters = count(|byte| !matches!(byte, 0x80..=0xBF));
        // Four bytes of UTF-8 were two units of UTF-16.
        let pairs = count(|byte| matches!(byte, 0xF0..=0xF4));
        2 * (characters + pairs) - count(|byte| byte == HALF_UNIT)
    }
}

/// Turns chunks of a file into text that extends ASCII.
#[derive(Debug)]
pub(super) struct Transcoder {
    form: Form,
    half_unit: Option<u8>,
    high_surrogate: Option<u16>,
}

impl Transcoder {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            half_unit: None,
            high_surrogate: None,
        }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// Appends the text of a chunk.
    pub(super) fn push(&mut self, raw: &[u8], text: &mut Vec<u8>) {
        let mut raw = raw;
        if self.form == Form::Bytes {
            text.extend_from_slice(raw);
            return;
        }
        if let (Some(first), Some((&second, rest))) = (self.half_unit, raw.split_first()) {
            self.half_unit = None;
            self.push_unit([first, second], text);
            raw = rest;
        }
        let (units, half) = raw.as_chunks::<2>();
        for &unit in units {
            self.push_unit(unit, text);
        }
        if let Some(&byte) = half.first() {
            self.half_unit = Some(byte);
        }
    }

    /// Appends what stands for a file that ended in the middle of a character.
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) {
        if let Some(high) = self.high_surrogate.take() {
            push_lone_surrogate(high, text);
        }
        if self.half_unit.take().is_some() {
            text.push(HALF_UNIT);
        }
    }

    fn push_unit(&mut self, bytes: [u8; 2], text: &mut Vec<u8>) {
        let unit = if self.form == Form::Utf16Le {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        };
        if self.high_surrogate.is_none() && unit < 0x80 {
            text.push(bytes[usize::from(self.form == Form::Utf16Be)]);
            return;
        }
        if let Some(high) = self.high_surrogate.take() {
            if let Some(Ok(pair)) = char::decode_utf16([high, unit]).next() {
                push_char(pair, text);
                return;
            }
            push_lone_surrogate(high, text);
        }
        match char::from_u32(u32::from(unit)) {
            Some(character) => push_char(character, text),
            None if unit < 0xDC00 => self.high_surrogate = Some(unit),
            None => push_lone_surrogate(unit, text),
        }
    }
}

fn push_char(character: char, text: &mut Vec<u8>) {
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The three bytes that UTF-8 would have for it, which no decoder accepts.
fn push_lone_surrogate(unit: u16, text: &mut Vec<u8>) {
    let [high, low] = unit.to_be_bytes();
    text.extend_from_slice(&[
        0xE0 | (high >> 4),
        0x80 | ((high & 0x0F) << 2) | (low >> 6),
        0x80 | (low & 0x3F),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn transcode(form: Form, chunks: &[&[u8]]) -> Vec<u8> {
        let (mut transcoder, mut text) = (Transcoder::new(form), Vec::new());
        for chunk in chunks {
            transcoder.push(chunk, &mut text);
        }
        transcoder.finish(&mut text);
        text
    }

    fn bytes_of(units: &[u16], form: Form) -> Vec<u8> {
        let to_bytes = |unit: &u16| {
            if form == Form::Utf16Le {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        units.iter().flat_map(to_bytes).collect()
    }

    #[test]
    fn half_characters_become_bytes_that_are_no_text() {
        for units in [
            &[0x61, 0xD83D, 0x62][..],
            &[0xDE00, 0x61],
            &[0xD83D],
            &[0xD83D, 0xD83D, 0xDE00],
        ] {
            let text = transcode(Form::Utf16Be, &[&bytes_of(units, Form::Utf16Be)]);
            assert!(std::str::from_utf8(&text).is_err(), "{units:x?}");
            assert_eq!(Form::Utf16Be.raw_len(&text), units.len() as u64 * 2, "{units:x?}");
        }
        let odd = transcode(Form::Utf16Le, &[b"a\0b"]);
        assert!(std::str::from_utf8(&odd).is_err());
        assert_eq!(Form::Utf16Le.raw_len(&odd), 3);
    }

    proptest! {
        #[test]
        fn any_text_survives_any_cut(text in any::<String>(), cut in any::<proptest::sample::Index>(), big in any::<bool>()) {
            let form = if big { Form::Utf16Be } else { Form::Utf16Le };
            let raw = bytes_of(&text.encode_utf16().collect::<Vec<_>>(), form);
            let (first, second) = raw.split_at(cut.index(raw.len() + 1));
            prop_assert_eq!(transcode(form, &[first, second]), text.as_bytes());
            prop_assert_eq!(form.raw_len(text.as_bytes()), raw.len() as u64);
        }
    }
}
