//! What is asked: many kinds of searches, with and without filters, in every order, the same for the same seed.

use super::narrowing::Narrowed;
use super::seen::{Product, Seen, words};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

const SORTS: [&str; 10] = [
    "relevance",
    "-relevance",
    "sku",
    "-sku",
    "name",
    "-name",
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
];
const ODD: [&str; 24] = [
    "%", "_", "\\", "%%", "a%b", "a_b", "100%", "\"", "'", "''; --", "\"5\"", "🎉", "❤️", "C:\\x", "(new)", "*", "a*",
    "<b>", "&", "™", "½", "—", "№", "\u{301}",
];

/// What kind of search it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    NoSearch,
    WholeSku,
    SkuBeginning,
    SkuMiddle,
    RareWord,
    CommonWord,
    SeveralWords,
    OneLetter,
    TwoLetters,
    OtherAccents,
    NothingFound,
    OddCharacters,
    DeepPages,
}

/// One search; with `pages` above one it goes on by the cursor.
#[derive(Clone)]
pub struct Question {
    pub kind: Kind,
    pub q: String,
    pub status: &'static str,
    pub sort: &'static str,
    pub changed_since: Option<String>,
    pub import: Option<String>,
    pub pages: usize,
}

impl Kind {
    pub const ALL: [Self; 13] = [
        Self::NoSearch,
        Self::WholeSku,
        Self::SkuBeginning,
        Self::SkuMiddle,
        Self::RareWord,
        Self::CommonWord,
        Self::SeveralWords,
        Self::OneLetter,
        Self::TwoLetters,
        Self::OtherAccents,
        Self::NothingFound,
        Self::OddCharacters,
        Self::DeepPages,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::NoSearch => "no search",
            Self::WholeSku => "whole SKU",
            Self::SkuBeginning => "SKU beginning",
            Self::SkuMiddle => "SKU middle",
            Self::RareWord => "rare word",
            Self::CommonWord => "common word",
            Self::SeveralWords => "several words",
            Self::OneLetter => "one letter",
            Self::TwoLetters => "two letters",
            Self::OtherAccents => "other accents",
            Self::NothingFound => "nothing found",
            Self::OddCharacters => "odd characters",
            Self::DeepPages => "deep pages",
        }
    }
}

/// `count` questions, each kind as often.
pub fn mix(seen: &Seen, narrowed: &Narrowed, count: usize, seed: u64) -> Vec<Question> {
    let mut mixing = Mixing {
        seen,
        narrowed,
        rng: ChaCha8Rng::seed_from_u64(seed),
    };
    let mut questions: Vec<Question> = (0..count)
        .map(|number| mixing.question(Kind::ALL[number % Kind::ALL.len()]))
        .collect();
    // Kinds that follow each other in turn would find each other's pages in memory.
    for place in (1..questions.len()).rev() {
        questions.swap(place, mixing.below(place + 1));
    }
    questions
}

struct Mixing<'a> {
    seen: &'a Seen,
    narrowed: &'a Narrowed,
    rng: ChaCha8Rng,
}

impl Mixing<'_> {
    fn below(&mut self, end: usize) -> usize {
        self.rng.random_range(0..end.max(1))
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn question(&mut self, kind: Kind) -> Question {
        let status = match self.below(10) {
            0 | 1 => "active",
            2 => "inactive",
            _ => "",
        };
        let sort = if self.happens(40) {
            ""
        } else {
            SORTS[self.below(SORTS.len())]
        };
        Question {
            kind,
            q: self.q(kind),
            status,
            sort,
            changed_since: self.happens(12).then(|| self.narrowed.changed_since.clone()),
            import: self.happens(12).then(|| {
                let import = self.below(self.narrowed.imports.len());
                self.narrowed.imports[import].clone()
            }),
            pages: if kind == Kind::DeepPages { 4 + self.below(9) } else { 1 },
        }
    }

    fn q(&mut self, kind: Kind) -> String {
        match kind {
            Kind::DeepPages if self.happens(50) => String::new(),
            Kind::NoSearch => String::new(),
            Kind::WholeSku => self.other_case(|product| product.sku.clone()),
            Kind::SkuBeginning => {
                let letters = 3 + self.below(5);
                self.other_case(|product| product.sku.chars().take(letters).collect())
            }
            Kind::SkuMiddle => self.sku_middle(),
            Kind::RareWord => pick(&self.seen.rare, &mut self.rng),
            Kind::CommonWord | Kind::DeepPages => pick(&self.seen.common, &mut self.rng),
            Kind::SeveralWords => self.several_words(),
            Kind::OneLetter => self.word_beginning(1),
            Kind::TwoLetters => self.word_beginning(2),
            Kind::OtherAccents => self.other_accents(),
            Kind::NothingFound => self.nothing(),
            Kind::OddCharacters => self.odd(),
        }
    }

    fn product(&mut self) -> &Product {
        let place = self.below(self.seen.products.len());
        &self.seen.products[place]
    }

    fn other_case(&mut self, text: impl FnOnce(&Product) -> String) -> String {
        let text = text(self.product());
        match self.below(4) {
            0 => text.to_uppercase(),
            1 => text.to_lowercase(),
            _ => text,
        }
    }

    fn sku_middle(&mut self) -> String {
        let sku: Vec<char> = self.product().sku.chars().collect();
        let letters = 3 + self.below(4);
        let start = self.below(sku.len().saturating_sub(letters));
        sku.iter().skip(start).take(letters).collect()
    }

    /// A word of a name or description.
    fn word(&mut self) -> String {
        let from_name = self.happens(50);
        let product = self.product();
        let text = if from_name { &product.name } else { &product.description };
        let found: Vec<String> = words(text).map(str::to_owned).collect();
        if found.is_empty() {
            return pick(&self.seen.common, &mut self.rng);
        }
        pick(&found, &mut self.rng)
    }

    fn word_beginning(&mut self, letters: usize) -> String {
        self.word().chars().take(letters).collect()
    }

    /// Two to four words of one product, in any order; the last may be half typed.
    fn several_words(&mut self) -> String {
        let count = 2 + self.below(3);
        let product = self.product();
        let text = format!("{} {}", product.name, product.description);
        let found: Vec<String> = words(&text).map(str::to_owned).collect();
        let mut chosen: Vec<String> = (0..count).map(|_| pick(&found, &mut self.rng)).collect();
        if self.happens(50)
            && let Some(last) = chosen.last_mut()
        {
            *last = last.chars().take(3).collect();
        }
        chosen.join(" ")
    }

    /// Accents left out, or put where there is none.
    fn other_accents(&mut self) -> String {
        let word = self.word();
        let bare: String = word.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
        if bare != word {
            return bare;
        }
        bare.replace('e', "é").replace('a', "à").replace('o', "ö")
    }

    fn nothing(&mut self) -> String {
        let number = self.below(1_000_000);
        match self.below(3) {
            0 => format!("zzqx{number}"),
            1 => format!("{} qqwwxx", self.word()),
            _ => format!("{}{number}xq", self.word()),
        }
    }

    fn odd(&mut self) -> String {
        match self.below(4) {
            0 => format!("{} {}", self.word(), ODD[self.below(ODD.len())]),
            1 => {
                let product = self.product();
                let text = format!("{} {}", product.name, product.description);
                text.chars().cycle().take(300).collect()
            }
            _ => ODD[self.below(ODD.len())].to_owned(),
        }
    }
}

fn pick(words: &[String], rng: &mut ChaCha8Rng) -> String {
    if words.is_empty() {
        return "a".to_owned();
    }
    words[rng.random_range(0..words.len())].clone()
}
