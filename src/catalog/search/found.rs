//! What one segment tells of the grams that are asked for.

use super::grams::TermPlan;
use super::pages::{self, Fences, Posting};
use super::plan::{Number, Plan, word_pages};
use anyhow::{Context as _, Result};
use roaring::RoaringBitmap;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// How many of a term's trigrams are looked at, the rarest first: the others seldom rule anything out.
const MOST_TRIGRAMS: usize = 10;
/// With this few products left, reading long bitmaps to rule out more of them does not pay.
const FEW: u32 = 16;

/// Grams with their products, which are read when they decide something.
pub struct Found<'a> {
    /// By number: those that the segment has.
    grams: Vec<Option<Posting<'a>>>,
    /// By term: the words of descriptions that begin with it.
    words: Vec<Words<'a>>,
    /// Long bitmaps, by number.
    long: HashMap<i32, Arc<RoaringBitmap>>,
}

/// The words that begin with a term.
enum Words<'a> {
    Few(Vec<Posting<'a>>),
    /// None are asked for, or there are more than one wants to look at.
    NotListed,
}

impl<'a> Found<'a> {
    /// Reads what a segment's pages tell. Their numbers are what the plan wants of it ([`Plan::pages`]).
    pub fn read(plan: &Plan, fences: &Fences, numbers: &[i32], pages: &'a [Arc<Vec<u8>>]) -> Result<Self> {
        let page = |number: i32| {
            let page = numbers.binary_search(&number).ok().and_then(|at| pages.get(at));
            page.context("a page of the index is missing")
        };
        let mut grams = Vec::with_capacity(plan.grams.len());
        for gram in &plan.grams {
            let entry = pages::read(page(fences.page_of(gram))?).find(|entry| entry.gram == gram);
            grams.push(entry.map(|entry| entry.posting));
        }
        let mut words = Vec::with_capacity(plan.terms.len());
        for term in &plan.terms {
            words.push(match (&term.description_words, word_pages(term, fences)) {
                (Some((from, to)), Some(numbers)) => {
                    let mut few = Vec::new();
                    for number in numbers {
                        let entries = pages::read(page(number)?);
                        let inside = entries.filter(|entry| **from <= *entry.gram && *entry.gram < **to);
                        few.extend(inside.map(|entry| entry.posting));
                    }
                    Words::Few(few)
                }
                _ => Words::NotListed,
            });
        }
        Ok(Self {
            grams,
            words,
            long: HashMap::new(),
        })
    }

    /// Adds a long bitmap.
    pub fn add_long(&mut self, number: i32, bitmap: Arc<RoaringBitmap>) {
        self.long.insert(number, bitmap);
    }

    /// Whether the segment has nothing at all of a term, or of what every product must have.
    pub fn lacks_any(&self, plan: &Plan) -> bool {
        let has_term = |(at, term): (usize, &TermPlan<Number>)| {
            self.has_all(&term.inside)
                || self.has_all(term.name.as_slice())
                || self.has_all(&term.description_parts)
                || !self.alternatives(at, term).is_empty()
        };
        let has_facets = plan.facets.is_empty() || self.has_all(&plan.facets);
        !has_facets || !plan.terms.iter().enumerate().all(has_term)
    }

    /// Whether all of some grams are there; not where there are no grams.
    fn has_all(&self, grams: &[Number]) -> bool {
        !grams.is_empty() && grams.iter().all(|gram| self.grams[*gram].is_some())
    }

    /// The numbers of the long bitmaps that decide.
    pub fn long_numbers(&self, plan: &Plan) -> Vec<i32> {
        if self.lacks_any(plan) {
            return Vec::new();
        }
        let mut postings: Vec<Posting<'_>> = self.present(&plan.facets).collect();
        for (at, term) in plan.terms.iter().enumerate() {
            if let Some(inside) = self.rarest(&term.inside) {
                postings.extend(inside);
                postings.extend(self.present(&term.sku_beginning));
            }
            postings.extend(self.rarest(&term.description_parts).unwrap_or_default());
            postings.extend(self.present(&term.name));
            postings.extend(self.alternatives(at, term));
        }
        let mut numbers: Vec<i32> = postings.into_iter().filter_map(Posting::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// What is there of these grams.
    fn present<'b>(&self, grams: impl IntoIterator<Item = &'b Number>) -> impl Iterator<Item = Posting<'a>> {
        grams.into_iter().filter_map(|gram| self.grams[*gram])
    }

    /// The grams worth looking at, the rarest first; `None` when the segment lacks one of them, so that nothing matches.
    fn rarest(&self, grams: &[Number]) -> Option<Vec<Posting<'a>>> {
        let mut rarest: Vec<Posting<'a>> = grams.iter().map(|gram| self.grams[*gram]).collect::<Option<_>>()?;
        rarest.sort_by_key(|posting| posting.count());
        rarest.truncate(MOST_TRIGRAMS);
        if rarest.first().is_some_and(|rarest| rarest.count() <= FEW) {
            rarest.retain(|posting| posting.number().is_none());
        }
        Some(rarest)
    }

    fn bitmap(&self, posting: Posting<'a>) -> Result<Cow<'_, RoaringBitmap>> {
        if let Posting::Chunk(_, number) = posting {
            let bitmap = self.long.get(&number).context("a bitmap of the index is missing")?;
            return Ok(Cow::Borrowed(bitmap));
        }
        Ok(Cow::Owned(posting.bitmap()?.unwrap_or_default()))
    }

    /// The products that have a gram.
    pub fn having(&self, gram: Number) -> Result<Cow<'_, RoaringBitmap>> {
        self.grams[gram].map_or_else(|| Ok(Cow::default()), |posting| self.bitmap(posting))
    }

    /// The products that have all of some grams, and maybe some others; none where there are no grams.
    pub fn having_all(&self, grams: &[Number]) -> Result<Cow<'_, RoaringBitmap>> {
        let mut rarest = self.rarest(grams).unwrap_or_default().into_iter();
        let Some(first) = rarest.next() else {
            return Ok(Cow::default());
        };
        let mut common = self.bitmap(first)?;
        for posting in rarest {
            if common.is_empty() {
                break;
            }
            let next = self.bitmap(posting)?;
            common = Cow::Owned(match common {
                Cow::Owned(common) => common & &*next,
                Cow::Borrowed(common) => common & &*next,
            });
        }
        Ok(common)
    }

    /// Grams any of which a description may have for term number `at` of the plan.
    fn alternatives(&self, at: usize, term: &TermPlan<Number>) -> Vec<Posting<'a>> {
        let mut alternatives: Vec<Posting<'a>> = self.present(&term.description).collect();
        match &self.words[at] {
            Words::Few(words) => alternatives.extend(words),
            Words::NotListed => alternatives.extend(self.present(&term.description_beginning)),
        }
        alternatives
    }

    /// The products that may have term number `at` of the plan in their descriptions.
    pub fn described(&self, at: usize, term: &TermPlan<Number>) -> Result<Cow<'_, RoaringBitmap>> {
        let alternatives = self.alternatives(at, term);
        let parts = self.having_all(&term.description_parts)?;
        match (&*alternatives, parts.is_empty()) {
            ([], _) => return Ok(parts),
            ([only], true) => return self.bitmap(*only),
            _ => {}
        }
        let mut bitmaps = Vec::with_capacity(alternatives.len() + 1);
        for posting in alternatives {
            bitmaps.push(self.bitmap(posting)?);
        }
        bitmaps.push(parts);
        Ok(Cow::Owned(roaring::MultiOps::union(
            bitmaps.iter().map(|bitmap| &**bitmap),
        )))
    }

    /// Whether [`Found::described`] gives none too many.
    pub fn is_exact_in_description(&self, at: usize, term: &TermPlan<Number>) -> bool {
        let are_words_too_many = term.description_words.is_some() && matches!(self.words[at], Words::NotListed);
        term.is_exact_in_description && !are_words_too_many
    }
}
