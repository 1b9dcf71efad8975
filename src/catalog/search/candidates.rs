//! Which products may match, by segment: the bitmaps of a search's grams, combined.

use super::grams::{self, Span, TermPlan};
use super::read_queries as queries;
use super::reading::Reading;
use super::terms::Terms;
use crate::catalog::Filter;
use anyhow::Result;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::sync::Arc;

/// So many of a term's rarest trigrams are looked at: the others seldom tell more.
const MOST_TRIGRAMS: usize = 6;
/// A beginning that more words have than this is looked up by its first three characters.
const MOST_WORDS: i64 = 512;
const MOST_HOURS: i64 = 100_000;

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

type Bitmaps = HashMap<(i64, Vec<u8>), Arc<RoaringBitmap>>;
type Counts = HashMap<(i64, Vec<u8>), i32>;

/// Everything that is asked of the index.
struct Plan {
    terms: Vec<TermPlan>,
    /// Grams that every product must have, whatever is searched for.
    facets: Vec<Vec<u8>>,
    /// The hours of the last change.
    hours: Option<Span>,
    /// Whether the hours are all of them inside what is asked for.
    is_exact_in_time: bool,
}

/// What was found of it in each segment.
#[derive(Default)]
struct Found {
    counts: Counts,
    /// By segment and term.
    words: HashMap<(i64, usize), Vec<Vec<u8>>>,
    hours: HashMap<i64, Vec<Vec<u8>>>,
    bitmaps: Bitmaps,
}

/// Finds them, segment by segment.
pub async fn find(reading: &mut Reading<'_>, terms: &Terms, filter: &Filter) -> Result<Vec<Candidates>> {
    let plan = Plan::of(terms, filter);
    let found = look_up(reading, &plan).await?;
    let segments = reading.segments.iter();
    Ok(segments
        .map(|segment| {
            let mut candidates = plan.combine(segment.id, segment.products, &found);
            for set in [&mut candidates.by_sku, &mut candidates.by_names, &mut candidates.all] {
                *set -= &segment.left_out;
            }
            candidates
        })
        .collect())
}

async fn look_up(reading: &mut Reading<'_>, plan: &Plan) -> Result<Found> {
    let ids: Vec<i64> = reading.segments.iter().map(|segment| segment.id).collect();
    let mut found = Found::default();
    if ids.is_empty() {
        return Ok(found);
    }
    let grams = plan.grams();
    if !grams.is_empty() {
        let counts = queries::count_grams(&mut reading.transaction, &ids, &grams).await?;
        found.counts = counts
            .into_iter()
            .map(|row| ((row.segment_id, row.gram), row.products))
            .collect();
    }
    let (terms, spans): (Vec<usize>, Vec<&Span>) = plan.word_spans().unzip();
    if !spans.is_empty() {
        for (span, segment, gram) in queries::grams_in(&mut reading.transaction, &ids, &spans, MOST_WORDS + 1).await? {
            found
                .words
                .entry((segment, terms[span as usize]))
                .or_default()
                .push(gram);
        }
    }
    if let Some(hours) = &plan.hours {
        for (_, segment, gram) in queries::grams_in(&mut reading.transaction, &ids, &[hours], MOST_HOURS).await? {
            found.hours.entry(segment).or_default().push(gram);
        }
    }
    let wanted = ids.iter().flat_map(|id| plan.wanted(*id, &found)).collect();
    found.bitmaps = reading.bitmaps(wanted).await?;
    Ok(found)
}

impl Plan {
    fn of(terms: &Terms, filter: &Filter) -> Self {
        let mut facets = Vec::new();
        facets.extend(filter.status.as_active().map(grams::of_status));
        facets.extend(filter.import_id.map(grams::of_import));
        let micros = |time: chrono::DateTime<chrono::Utc>| time.timestamp_micros();
        let (since, before) = (filter.changed_since.map(micros), filter.changed_before.map(micros));
        let is_whole_hour = |time: Option<i64>| time.is_none_or(grams::is_whole_hour);
        Self {
            terms: terms.terms.iter().map(grams::of_term).collect(),
            facets,
            hours: (since.is_some() || before.is_some()).then(|| grams::of_hours(since, before)),
            is_exact_in_time: is_whole_hour(since) && is_whole_hour(before),
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
            term.sku.iter().chain(&term.inside).chain(alone)
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

    /// The bitmaps that decide in a segment.
    fn wanted(&self, segment: i64, found: &Found) -> Vec<(i64, Vec<u8>)> {
        let mut grams: Vec<&Vec<u8>> = self.facets.iter().collect();
        for (number, term) in self.terms.iter().enumerate() {
            grams.extend(found.rarest(segment, &term.inside).unwrap_or_default());
            grams.extend(found.rarest(segment, &term.sku).unwrap_or_default());
            grams.extend(term.name.iter().chain(&term.description));
            match found.words_of(segment, number) {
                Words::Few(words) => grams.extend(words),
                Words::Many => grams.extend(&term.description_beginning),
            }
        }
        grams.extend(found.hours.get(&segment).into_iter().flatten());
        grams.sort_unstable();
        grams.dedup();
        grams.into_iter().map(|gram| (segment, gram.clone())).collect()
    }

    /// Combines a segment's bitmaps.
    fn combine(&self, segment: i64, products: u32, found: &Found) -> Candidates {
        let mut every = RoaringBitmap::new();
        every.insert_range(0..products);
        let mut candidates = Candidates {
            by_sku: every.clone(),
            by_names: every.clone(),
            all: every,
            is_exact: self.is_exact_in_time || self.hours.is_none(),
        };
        for (number, term) in self.terms.iter().enumerate() {
            candidates.narrow(segment, number, term, found);
        }
        let mut facets: Vec<RoaringBitmap> = Vec::new();
        facets.extend(self.facets.iter().map(|gram| found.bitmap(segment, gram)));
        if self.hours.is_some() {
            let hours = found.hours.get(&segment).into_iter().flatten();
            facets.push(found.union(segment, hours));
        }
        for facet in &facets {
            candidates.by_sku &= facet;
            candidates.by_names &= facet;
            candidates.all &= facet;
        }
        candidates
    }
}

impl Candidates {
    /// Leaves only what one more term lets through.
    fn narrow(&mut self, segment: i64, number: usize, term: &TermPlan, found: &Found) {
        self.by_sku &= found.intersection(segment, &term.sku);
        let mut names = found.intersection(segment, &term.inside);
        names |= found.union(segment, &term.name);
        let mut all = found.union(segment, &term.description);
        let mut is_exact = term.is_exact_in_names && term.is_exact_in_description;
        match found.words_of(segment, number) {
            Words::Few(words) => all |= found.union(segment, words),
            Words::Many => {
                all |= found.union(segment, &term.description_beginning);
                is_exact = false;
            }
        }
        all |= &names;
        self.by_names &= names;
        self.all &= all;
        self.is_exact &= is_exact;
    }
}

/// The words of descriptions that begin with a term.
enum Words<'a> {
    Few(&'a [Vec<u8>]),
    /// More than one wants to look at.
    Many,
}

impl Found {
    /// Those of the grams that are worth looking at; none where a segment lacks one of them.
    fn rarest<'a>(&self, segment: i64, grams: &'a [Vec<u8>]) -> Option<Vec<&'a Vec<u8>>> {
        let count = |gram: &'a Vec<u8>| Some((*self.counts.get(&(segment, gram.clone()))?, gram));
        let mut counted = grams.iter().map(count).collect::<Option<Vec<_>>>()?;
        counted.sort_unstable();
        Some(counted.into_iter().map(|(_, gram)| gram).take(MOST_TRIGRAMS).collect())
    }

    fn words_of(&self, segment: i64, term: usize) -> Words<'_> {
        match self.words.get(&(segment, term)) {
            None => Words::Few(&[]),
            Some(words) if words.len() as i64 > MOST_WORDS => Words::Many,
            Some(words) => Words::Few(words),
        }
    }

    fn bitmap(&self, segment: i64, gram: &[u8]) -> RoaringBitmap {
        let found = self.bitmaps.get(&(segment, gram.to_vec()));
        found.map_or_else(RoaringBitmap::new, |bitmap| bitmap.as_ref().clone())
    }

    fn intersection(&self, segment: i64, grams: &[Vec<u8>]) -> RoaringBitmap {
        let mut rarest = self.rarest(segment, grams).unwrap_or_default().into_iter();
        let Some(first) = rarest.next() else {
            return RoaringBitmap::new();
        };
        rarest.fold(self.bitmap(segment, first), |mut all, gram| {
            if let Some(bitmap) = self.bitmaps.get(&(segment, gram.clone())) {
                all &= bitmap.as_ref();
            }
            all
        })
    }

    fn union<'a>(&self, segment: i64, grams: impl IntoIterator<Item = &'a Vec<u8>>) -> RoaringBitmap {
        let bitmaps = grams
            .into_iter()
            .filter_map(|gram| self.bitmaps.get(&(segment, gram.clone())));
        roaring::MultiOps::union(bitmaps.map(AsRef::<RoaringBitmap>::as_ref))
    }
}
