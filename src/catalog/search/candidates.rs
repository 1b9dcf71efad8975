//! Which products may match, by segment: the bitmaps of a search's grams, combined.

use super::grams::{self, Span, TermPlan};
use super::read_queries as queries;
use super::reading::{Reading, Segment};
use super::terms::Terms;
use crate::catalog::Filter;
use anyhow::Result;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::sync::Arc;

/// So many of a term's rarest trigrams are looked at: the others seldom tell more.
const MOST_TRIGRAMS: usize = 10;
/// A beginning that more words have than this is looked up by its first three characters.
const MOST_WORDS: i64 = 512;

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
    /// From when on they were changed last, and before when, in microseconds since 1970.
    since: Option<i64>,
    before: Option<i64>,
}

/// What was found of it in each segment.
#[derive(Default)]
struct Found {
    counts: Counts,
    /// By segment and term.
    words: HashMap<(i64, usize), Vec<Vec<u8>>>,
    /// By segment: what was changed in the time that is asked for, and maybe a little more.
    changed: HashMap<i64, RoaringBitmap>,
    bitmaps: Bitmaps,
}

/// Finds them, segment by segment.
pub async fn find(reading: &mut Reading<'_>, terms: &Terms, filter: &Filter) -> Result<Vec<Candidates>> {
    let plan = Plan::of(terms, filter);
    let found = look_up(reading, &plan).await?;
    let segments = reading.segments.iter();
    Ok(segments.map(|segment| plan.combine(segment, &found)).collect())
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
    if plan.since.is_some() || plan.before.is_some() {
        for (at, id) in ids.iter().enumerate() {
            let changed = reading.changed(at, plan.since, plan.before).await?;
            found.changed.insert(*id, changed);
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

    /// The bitmaps that decide in a segment.
    fn wanted(&self, segment: i64, found: &Found) -> Vec<(i64, Vec<u8>)> {
        let mut grams: Vec<&Vec<u8>> = self.facets.iter().collect();
        for (number, term) in self.terms.iter().enumerate() {
            grams.extend(found.rarest(segment, &term.inside).unwrap_or_default());
            grams.extend(found.rarest(segment, &term.sku).unwrap_or_default());
            grams.extend(found.rarest(segment, &term.description_parts).unwrap_or_default());
            grams.extend(term.name.iter().chain(&term.description));
            match found.words_of(segment, number) {
                Words::Few(words) => grams.extend(words),
                Words::Many => grams.extend(&term.description_beginning),
            }
        }
        grams.sort_unstable();
        grams.dedup();
        grams.into_iter().map(|gram| (segment, gram.clone())).collect()
    }

    /// Combines a segment's bitmaps.
    fn combine(&self, segment: &Segment, found: &Found) -> Candidates {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..segment.products);
        for facet in &self.facets {
            all &= found.bitmap(segment.id, facet);
        }
        if let Some(changed) = found.changed.get(&segment.id) {
            all &= changed;
        }
        all -= &segment.left_out;
        let mut candidates = Candidates {
            by_sku: all.clone(),
            by_names: all.clone(),
            all,
            is_exact: self.since.is_none() && self.before.is_none(),
        };
        for (number, term) in self.terms.iter().enumerate() {
            candidates.narrow(segment.id, number, term, found);
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
        all |= found.intersection(segment, &term.description_parts);
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
