//! Which products may match, by segment: the bitmaps of a search's grams, combined.

use super::columns::Column;
use super::grams::{self, Span, TermPlan};
use super::pages::{self, Fences, Posting};
use super::reading::{Reading, Segment};
use super::terms::Terms;
use crate::catalog::Filter;
use anyhow::Result;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// How many of a term's trigrams are looked at, the rarest first: the others seldom rule anything out.
const MOST_TRIGRAMS: usize = 10;
/// With this few products left, reading long bitmaps to rule out more of them does not pay.
const FEW: u64 = 16;
/// A beginning whose words fill more pages than this is looked up by its first three characters.
const MOST_WORD_PAGES: i32 = 6;

/// What may match in one segment, by the relevance that it can have. Each set has the one before in it.
pub struct Candidates {
    /// The SKU begins with every term.
    pub by_sku: RoaringBitmap,
    /// Every term is in SKU or name.
    pub by_names: RoaringBitmap,
    /// All that may match.
    pub all: RoaringBitmap,
    /// Whether all of `all` do.
    pub is_exact: bool,
}

/// Everything that is asked of the index.
struct Plan {
    terms: Vec<TermPlan>,
    /// Grams that every product must have, whatever is searched for.
    facets: Vec<Vec<u8>>,
    /// From when on they were changed last, and before when, in microseconds since 1970.
    since: Option<i64>,
    before: Option<i64>,
}

/// What was found of it in one segment.
#[derive(Default)]
struct Found {
    grams: HashMap<Vec<u8>, Held>,
    /// By term: the words of descriptions that begin with it.
    words: HashMap<usize, Words>,
    /// What was changed in the time that is asked for, and maybe a little more.
    changed: Option<RoaringBitmap>,
    /// Long bitmaps, by number.
    long: HashMap<i32, Arc<RoaringBitmap>>,
}

/// The products of a gram.
enum Held {
    Here(RoaringBitmap),
    /// Among the long bitmaps: how many products, and its number.
    Long(u32, i32),
}

/// The words that begin with a term.
enum Words {
    Few(Vec<Held>),
    /// More than one wants to look at.
    Many,
}

type Pages = HashMap<(i64, i32), Arc<Vec<u8>>>;

/// Finds them, segment by segment.
pub async fn find(reading: &mut Reading<'_>, terms: &Terms, filter: &Filter) -> Result<Vec<Candidates>> {
    let plan = Plan::of(terms, filter);
    let mut found = look_up(reading, &plan).await?;
    if plan.since.is_some() || plan.before.is_some() {
        for (at, found) in found.iter_mut().enumerate() {
            found.changed = Some(reading.changed(at, plan.since, plan.before).await?);
        }
    }
    let segments = reading.segments.iter().zip(&found);
    Ok(segments.map(|(segment, found)| plan.combine(segment, found)).collect())
}

/// Looks the grams up in every segment: first their pages, then what is too long for these.
async fn look_up(reading: &mut Reading<'_>, plan: &Plan) -> Result<Vec<Found>> {
    let ids: Vec<i64> = reading.segments.iter().map(|segment| segment.id).collect();
    let fences: Vec<Arc<Fences>> = reading
        .segments
        .iter()
        .map(|segment| segment.gram_fences.clone())
        .collect();
    let numbers = ids.iter().zip(&fences).flat_map(|(id, fences)| {
        let numbers = plan.pages(fences).into_iter();
        numbers.map(|number| (*id, Column::Grams, number))
    });
    let numbers: Vec<(i64, Column, i32)> = numbers.collect();
    let read = reading.chunks(&numbers).await?;
    let pages: Pages = numbers.iter().map(|(id, _, number)| (*id, *number)).zip(read).collect();
    let found = ids
        .iter()
        .zip(&fences)
        .map(|(id, fences)| plan.read(*id, fences, &pages));
    let mut found = found.collect::<Result<Vec<Found>>>()?;
    let long = ids.iter().zip(&found).flat_map(|(id, found)| {
        let numbers = plan.long(found).into_iter();
        numbers.map(|number| (*id, number))
    });
    for ((id, number), bitmap) in reading.bitmaps(long.collect()).await? {
        if let Some(at) = ids.iter().position(|segment| *segment == id) {
            found[at].long.insert(number, bitmap);
        }
    }
    Ok(found)
}

impl Plan {
    fn of(terms: &Terms, filter: &Filter) -> Self {
        let mut facets = Vec::new();
        facets.extend(filter.status.as_active().map(grams::of_status));
        facets.extend(filter.import_id.map(grams::of_import));
        let micros = |time: chrono::DateTime<chrono::Utc>| time.timestamp_micros();
        Self {
            terms: terms.terms.iter().map(grams::of_term).collect(),
            facets,
            since: filter.changed_since.map(micros),
            before: filter.changed_before.map(micros),
        }
    }

    /// Every gram that is asked for by name.
    fn grams(&self) -> Vec<&[u8]> {
        let of_terms = self.terms.iter().flat_map(|term| {
            let alone = term
                .name
                .iter()
                .chain(&term.description)
                .chain(&term.description_beginning);
            let together = term.sku.iter().chain(&term.inside).chain(&term.description_parts);
            together.chain(alone)
        });
        let mut grams: Vec<&[u8]> = of_terms.chain(&self.facets).map(Vec::as_slice).collect();
        grams.sort_unstable();
        grams.dedup();
        grams
    }

    fn word_spans(&self) -> impl Iterator<Item = (usize, &Span)> {
        let spans = self.terms.iter().map(|term| term.description_words.as_ref());
        spans.enumerate().filter_map(|(term, span)| Some((term, span?)))
    }

    /// The pages of a segment that tell of them.
    fn pages(&self, fences: &Fences) -> Vec<i32> {
        let mut pages: Vec<i32> = self.grams().into_iter().map(|gram| fences.page_of(gram)).collect();
        for (_, span) in self.word_spans() {
            pages.extend(pages_of(span, fences).into_iter().flatten());
        }
        pages.sort_unstable();
        pages.dedup();
        pages
    }

    /// Reads what a segment's pages tell.
    fn read(&self, segment: i64, fences: &Fences, pages: &Pages) -> Result<Found> {
        let page = |number: i32| pages.get(&(segment, number)).map_or(&[][..], |page| page.as_slice());
        let mut found = Found::default();
        for gram in self.grams() {
            let mut entries = pages::read(page(fences.page_of(gram)));
            if let Some(entry) = entries.find(|entry| entry.gram == gram) {
                found.grams.insert(gram.to_vec(), Held::read(entry.posting)?);
            }
        }
        for (term, span) in self.word_spans() {
            let words = match pages_of(span, fences) {
                Some(numbers) => {
                    let entries = numbers.flat_map(|number| pages::read(page(number)));
                    let inside = entries.filter(|entry| *span.0 <= *entry.gram && *entry.gram < *span.1);
                    Words::Few(inside.map(|entry| Held::read(entry.posting)).collect::<Result<_>>()?)
                }
                None => Words::Many,
            };
            found.words.insert(term, words);
        }
        Ok(found)
    }

    /// The long bitmaps that decide in a segment.
    fn long(&self, found: &Found) -> Vec<i32> {
        let mut held: Vec<&Held> = found.all(&self.facets).collect();
        for (number, term) in self.terms.iter().enumerate() {
            held.extend(found.rarest(&term.inside).unwrap_or_default());
            held.extend(found.rarest(&term.sku).unwrap_or_default());
            held.extend(found.rarest(&term.description_parts).unwrap_or_default());
            held.extend(found.all(term.name.iter().chain(&term.description)));
            match found.words.get(&number) {
                Some(Words::Few(words)) => held.extend(words),
                Some(Words::Many) => held.extend(found.all(&term.description_beginning)),
                None => {}
            }
        }
        let mut numbers: Vec<i32> = held.into_iter().filter_map(Held::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Combines a segment's bitmaps.
    fn combine(&self, segment: &Segment, found: &Found) -> Candidates {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..segment.products);
        for facet in &self.facets {
            all &= found.union(found.all([facet]));
        }
        if let Some(changed) = &found.changed {
            all &= changed;
        }
        // From a run, products would be taken one by one.
        all.remove_run_compression();
        all -= &segment.left_out;
        let mut candidates = Candidates {
            by_sku: all.clone(),
            by_names: all.clone(),
            all,
            is_exact: self.since.is_none() && self.before.is_none(),
        };
        for (number, term) in self.terms.iter().enumerate() {
            candidates.narrow(found, number, term);
        }
        candidates
    }
}

/// The pages of the words that begin with a term, unless they are many.
fn pages_of(span: &Span, fences: &Fences) -> Option<RangeInclusive<i32>> {
    let (first, last) = (fences.page_of(&span.0), fences.page_of(&span.1));
    (last - first < MOST_WORD_PAGES).then_some(first..=last)
}

impl Candidates {
    /// Leaves only what one more term lets through.
    fn narrow(&mut self, found: &Found, number: usize, term: &TermPlan) {
        self.by_sku &= found.intersection(&term.sku);
        let mut names = found.intersection(&term.inside);
        names |= found.union(found.all(&term.name));
        let mut all = found.union(found.all(&term.description));
        all |= found.intersection(&term.description_parts);
        let mut is_exact = term.is_exact_in_names && term.is_exact_in_description;
        match found.words.get(&number) {
            Some(Words::Few(words)) => all |= found.union(words),
            Some(Words::Many) => {
                all |= found.union(found.all(&term.description_beginning));
                is_exact = false;
            }
            None => {}
        }
        all |= &names;
        self.by_names &= names;
        self.all &= all;
        self.is_exact &= is_exact;
    }
}

impl Found {
    /// What is held of these grams.
    fn all<'a>(&'a self, grams: impl IntoIterator<Item = &'a Vec<u8>>) -> impl Iterator<Item = &'a Held> {
        grams.into_iter().filter_map(|gram| self.grams.get(gram))
    }

    /// The grams worth looking at, the rarest first; `None` when the segment lacks one of them, so that nothing matches.
    fn rarest(&self, grams: &[Vec<u8>]) -> Option<Vec<&Held>> {
        let held = grams.iter().map(|gram| self.grams.get(gram));
        let mut held = held.collect::<Option<Vec<&Held>>>()?;
        held.sort_by_key(|held| held.count());
        held.truncate(MOST_TRIGRAMS);
        if held.first().is_some_and(|rarest| rarest.count() <= FEW) {
            held.retain(|held| held.number().is_none());
        }
        Some(held)
    }

    fn bitmap<'a>(&'a self, held: &'a Held) -> Option<&'a RoaringBitmap> {
        match held {
            Held::Here(bitmap) => Some(bitmap),
            Held::Long(_, number) => self.long.get(number).map(AsRef::as_ref),
        }
    }

    fn intersection(&self, grams: &[Vec<u8>]) -> RoaringBitmap {
        let rarest = self.rarest(grams).unwrap_or_default();
        let mut bitmaps = rarest.into_iter().filter_map(|held| self.bitmap(held));
        let Some(first) = bitmaps.next() else {
            return RoaringBitmap::new();
        };
        bitmaps.fold(first.clone(), |mut all, bitmap| {
            all &= bitmap;
            all
        })
    }

    fn union<'a>(&'a self, held: impl IntoIterator<Item = &'a Held>) -> RoaringBitmap {
        roaring::MultiOps::union(held.into_iter().filter_map(|held| self.bitmap(held)))
    }
}

impl Held {
    fn read(posting: Posting<'_>) -> Result<Self> {
        Ok(match posting {
            Posting::Chunk(count, number) => Self::Long(count, number),
            Posting::List(_) | Posting::Bitmap(..) => Self::Here(posting.bitmap()?.unwrap_or_default()),
        })
    }

    fn count(&self) -> u64 {
        match self {
            Self::Here(bitmap) => bitmap.len(),
            Self::Long(count, _) => u64::from(*count),
        }
    }

    fn number(&self) -> Option<i32> {
        match self {
            Self::Here(_) => None,
            Self::Long(_, number) => Some(*number),
        }
    }
}
