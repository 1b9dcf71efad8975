//! Made-up words of several scripts: syllables put together until there are enough.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use std::collections::HashSet;

/// What words of a language are made of, and how its texts look.
pub struct Language {
    onsets: &'static [&'static str],
    nuclei: &'static [&'static str],
    codas: &'static [&'static str],
    syllables: (usize, usize),
    words: usize,
    /// How many products of 100 have it.
    pub products: u32,
    /// What stands between words.
    pub glue: &'static str,
    /// What ends a sentence.
    pub stop: &'static str,
}

/// Latin first: foreign words are taken from it. 122,000 words altogether.
pub const LANGUAGES: [Language; 6] = [
    Language {
        onsets: &[
            "b", "br", "c", "ch", "d", "dr", "f", "g", "gl", "h", "j", "k", "kr", "l", "m", "n", "ñ", "p", "pl", "qu",
            "r", "s", "st", "š", "t", "tr", "v", "w", "z", "ž", "ç", "",
        ],
        nuclei: &[
            "a", "e", "i", "o", "u", "a", "e", "i", "o", "é", "è", "ê", "á", "ä", "ö", "ü", "ô", "ø", "å", "ı",
            "e\u{301}",
        ],
        codas: &["", "", "", "n", "r", "s", "l", "m", "ß", "x", "nd", "rt"],
        syllables: (1, 4),
        words: 60_000,
        products: 55,
        glue: " ",
        stop: ".",
    },
    Language {
        onsets: &[
            "β", "γ", "δ", "ζ", "θ", "κ", "λ", "μ", "ν", "ξ", "π", "ρ", "σ", "τ", "φ", "χ", "ψ", "",
        ],
        nuclei: &[
            "α", "ε", "η", "ι", "ο", "υ", "ω", "ά", "έ", "ή", "ί", "ό", "ύ", "ώ", "ϊ", "ΐ",
        ],
        codas: &["", "", "", "ν", "ς"],
        syllables: (2, 4),
        words: 12_000,
        products: 9,
        glue: " ",
        stop: ";",
    },
    Language {
        onsets: &[
            "б", "в", "г", "д", "ж", "з", "к", "л", "м", "н", "п", "р", "с", "т", "ф", "х", "ц", "ч", "ш", "щ", "",
        ],
        nuclei: &["а", "е", "ё", "и", "й", "о", "у", "ы", "э", "ю", "я"],
        codas: &["", "", "ть", "н", "к", "в"],
        syllables: (2, 4),
        words: 20_000,
        products: 13,
        glue: " ",
        stop: ".",
    },
    Language {
        onsets: &[
            "ب", "ت", "ث", "ج", "ح", "خ", "د", "ر", "ز", "س", "ش", "ص", "ط", "ع", "غ", "ف", "ق", "ك", "ل", "م", "ن",
            "ه",
        ],
        nuclei: &["ا", "و", "ي", "", "َ", "ِ", "ُ", "أ", "إ", "ى"],
        codas: &["", "", "", "ة", "ن"],
        syllables: (2, 4),
        words: 12_000,
        products: 8,
        glue: " ",
        stop: ".",
    },
    Language {
        onsets: &[
            "क", "ख", "ग", "घ", "च", "ज", "ट", "ड", "त", "द", "न", "प", "ब", "म", "य", "र", "ल", "व", "श", "स", "ह",
            "ज़", "ड़",
        ],
        nuclei: &["", "ा", "ि", "ी", "ु", "ू", "े", "ै", "ो", "ौ", "ं"],
        codas: &["", "", "", "्र", "न"],
        syllables: (2, 4),
        words: 8_000,
        products: 6,
        glue: " ",
        stop: "।",
    },
    Language {
        onsets: &[
            "日", "本", "語", "中", "国", "電", "車", "食", "品", "新", "青", "茶", "器", "木", "金", "ア", "カ", "サ",
            "タ", "ナ", "ガ", "パ", "あ", "か", "さ", "た",
        ],
        nuclei: &["", "物", "い", "う", "ン", "ー", "工", "ス", "ト", "山", "が", "ﾄ"],
        codas: &[""],
        syllables: (2, 4),
        words: 10_000,
        products: 9,
        glue: "",
        stop: "。",
    },
];

/// The words of a language, the commonest first.
pub struct Vocabulary(Vec<String>);

impl Vocabulary {
    pub fn new(language: &Language, rng: &mut ChaCha8Rng) -> Self {
        let mut words = Vec::with_capacity(language.words);
        let mut seen = HashSet::with_capacity(language.words);
        while words.len() < language.words {
            let word = language.word(rng);
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
        Self(words)
    }

    /// A word by Zipf's law: the logarithm of its rank is evenly spread.
    pub fn word(&self, rng: &mut ChaCha8Rng) -> &str {
        let rank = (self.0.len() as f64).powf(rng.random::<f64>()) as usize - 1;
        &self.0[rank.min(self.0.len() - 1)]
    }

    /// Any word, all alike.
    pub fn any(&self, number: usize) -> &str {
        &self.0[number % self.0.len()]
    }
}

impl Language {
    fn word(&self, rng: &mut ChaCha8Rng) -> String {
        let mut word = String::new();
        for _ in 0..rng.random_range(self.syllables.0..=self.syllables.1) {
            for part in [self.onsets, self.nuclei, self.codas] {
                word.push_str(part[rng.random_range(0..part.len())]);
            }
        }
        word
    }
}
