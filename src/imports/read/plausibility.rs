//! How much a text reads like something a person wrote, judged by what stands around its characters beyond ASCII.
//!
//! The same bytes read as `Größe` in one encoding and as `Gr”áe` in another. Letters belong in words and keep to the
//! case around them, quotation marks stand at the edges of words, and hardly anybody draws boxes in a product name.

/// The sum over all characters beyond ASCII; higher reads better.
pub(super) fn plausibility(text: &str) -> i64 {
    let mut score = 0;
    let (mut before_previous, mut previous) = (' ', ' ');
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if !character.is_ascii() {
            let next = rest.peek().copied().unwrap_or(' ');
            score += score_of(
                character,
                Around {
                    before_previous,
                    previous,
                    next,
                },
            );
        }
        (before_previous, previous) = (previous, character);
    }
    score
}

#[derive(Clone, Copy)]
struct Around {
    before_previous: char,
    previous: char,
    next: char,
}

impl Around {
    fn has_letter_before(self) -> bool {
        is_letter(self.previous)
    }

    fn has_letter_after(self) -> bool {
        is_letter(self.next)
    }

    fn touches_digit(self) -> bool {
        self.previous.is_ascii_digit() || self.next.is_ascii_digit()
    }
}

/// Letters of words; not the marks that Unicode calls letters (`ˆ`, `ª`) nor currencies that look like one.
fn is_letter(character: char) -> bool {
    character.is_alphabetic() && !matches!(character, 'ª' | 'º' | 'µ' | 'ƒ' | '\u{2B0}'..='\u{2FF}')
}

fn score_of(character: char, around: Around) -> i64 {
    match character {
        '\u{80}'..='\u{9F}' | '\u{FFFD}' | '\u{2500}'..='\u{25A0}' => -3,
        '\u{300}'..='\u{1FFF}' | '\u{2E80}'.. => score_of_letter(character, around),
        _ if is_letter(character) => score_of_letter(character, around),
        '’' | '–' | '—' | '\u{A0}' if around.has_letter_before() && around.has_letter_after() => 1,
        '“' | '‘' | '„' | '«' if !around.has_letter_before() && around.has_letter_after() => 1,
        '”' | '’' | '»' | '…' | '™' | '®' | '²' | '³' if around.has_letter_before() && !around.has_letter_after() => {
            1
        }
        '€' | '£' | '¥' | '°' | '½' | '¼' | '¾' | '²' | '³' | '×' | '–' | '\u{A0}' if around.touches_digit() => {
            1
        }
        _ if around.has_letter_before() && around.has_letter_after() => -2,
        // A low or opening mark behind a letter closes nothing.
        '‚' | '„' | '“' | '¡' | '¿' | '¢' | '¤' if around.has_letter_before() => -1,
        _ => 0,
    }
}

fn score_of_letter(letter: char, around: Around) -> i64 {
    // Accents that are written after their letter.
    if matches!(letter, '\u{300}'..='\u{36F}') {
        return if around.has_letter_before() { 1 } else { -1 };
    }
    // Scripts do not mix within a word.
    if letter > '\u{24F}' {
        return if around.previous.is_ascii_alphabetic() || around.next.is_ascii_alphabetic() {
            -1
        } else {
            1
        };
    }
    if around.touches_digit() {
        return -1;
    }
    if !around.has_letter_before() && !around.has_letter_after() {
        return 0;
    }
    if fits_the_case_around(letter, around) { 1 } else { -2 }
}

fn fits_the_case_around(letter: char, around: Around) -> bool {
    let shouted_before = around.previous.is_uppercase() && around.before_previous.is_uppercase();
    if letter.is_uppercase() {
        let begins_a_word = !around.has_letter_before();
        return begins_a_word || (around.previous.is_uppercase() && !around.next.is_lowercase());
    }
    !(shouted_before || around.next.is_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_beats_what_they_do_not() {
        for (written, misread) in [
            ("Größe", "Gr”áe"),
            ("CAFÉ", "CAFê"),
            ("don’t", "donÆt"),
            ("L’eau", "LÆeau"),
            ("Müller", "MÅller"),
            ("20 m²", "20 m▓"),
            ("España", "Espa¤a"),
            ("5 €/5€", "5 Ç/5Ç"),
            ("чашка", "·aøkà"),
        ] {
            assert!(plausibility(written) > plausibility(misread), "{written} {misread}");
        }
    }

    #[test]
    fn ascii_says_nothing() {
        assert_eq!(plausibility("Plain Text, 100% \"ASCII\""), 0);
    }
}
