//! What a search asks of every segment: grams, each once, and which of them decide about what.

use super::grams::{self, TermPlan};
use super::pages::Fences;
use super::terms::Term;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A beginning whose words fill more pages than this is looked up by its first three characters.
const MOST_WORD_PAGES: i32 = 6;

/// A gram's place among [`Plan::grams`].
pub type Number = usize;

/// Grams to be looked up together.
pub struct Plan {
    /// Every gram that is asked for by name, in the order of bytes.
    pub grams: Vec<Vec<u8>>,
    /// What each term asks for.
    pub terms: Vec<TermPlan<Number>>,
    /// Grams that every product must have, whatever is searched for.
    pub facets: Vec<Number>,
}

impl Plan {
    /// What some terms ask for, and grams that products must have besides. Only where classes of relevance are asked for it
    /// matters whether a SKU begins with a term.
    pub fn of(terms: &[&Term], facets: Vec<Vec<u8>>, has_classes: bool) -> Self {
        let mut numbers: BTreeMap<Vec<u8>, Number> = facets.iter().map(|gram| (gram.clone(), 0)).collect();
        let mut plans = Vec::with_capacity(terms.len());
        for term in terms {
            let mut plan = grams::of_term(term);
            if !has_classes {
                plan.sku_beginning = None;
            }
            plans.push(plan.map(|gram| {
                numbers.insert(gram.clone(), 0);
                gram
            }));
        }
        for (number, (_, place)) in numbers.iter_mut().enumerate() {
            *place = number;
        }
        let number = |gram: Vec<u8>| numbers[&gram];
        Self {
            terms: plans.into_iter().map(|plan| plan.map(number)).collect(),
            facets: facets.into_iter().map(number).collect(),
            grams: numbers.into_keys().collect(),
        }
    }

    /// The pages of a segment that tell of them, in order.
    pub fn pages(&self, fences: &Fences) -> Vec<i32> {
        let mut pages: Vec<i32> = self.grams.iter().map(|gram| fences.page_of(gram)).collect();
        for term in &self.terms {
            pages.extend(word_pages(term, fences).into_iter().flatten());
        }
        pages.sort_unstable();
        pages.dedup();
        pages
    }
}

/// The pages of the words of descriptions that begin with a term; `None` where there are none to be looked at, or too many.
pub fn word_pages(term: &TermPlan<Number>, fences: &Fences) -> Option<RangeInclusive<i32>> {
    let (from, to) = term.description_words.as_ref()?;
    let (first, last) = (fences.page_of(from), fences.page_of(to));
    (last - first < MOST_WORD_PAGES).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::super::terms::Terms;
    use super::*;

    #[test]
    fn each_gram_is_asked_for_once() {
        let terms = Terms::of("lamp lam").terms;
        let terms: Vec<&Term> = terms.iter().collect();
        let active = grams::of_status(true);
        let plan = Plan::of(&terms, vec![active.clone()], true);
        assert!(plan.grams.is_sorted_by(|one, next| one < next), "{:?}", plan.grams);
        let asked = |term: &Term| grams::of_term(term).map(|gram| plan.grams.iter().position(|other| *other == gram));
        for (term, wanted) in terms.iter().zip(&plan.terms) {
            let asked = asked(term);
            assert!(asked.inside.into_iter().eq(wanted.inside.iter().copied().map(Some)));
            assert_eq!(asked.sku_beginning.flatten(), wanted.sku_beginning);
            assert_eq!(asked.description.flatten(), wanted.description);
        }
        // "lam" is in both, and both SKUs begin so.
        assert_eq!(plan.terms[1].inside.len(), 1);
        assert!(plan.terms[0].inside.contains(&plan.terms[1].inside[0]));
        assert_eq!(plan.terms[0].sku_beginning, plan.terms[1].sku_beginning);
        assert_eq!(
            plan.facets.iter().map(|facet| &plan.grams[*facet]).collect::<Vec<_>>(),
            [&active]
        );
        assert!(
            Plan::of(&terms, Vec::new(), false)
                .terms
                .iter()
                .all(|term| term.sku_beginning.is_none())
        );
    }

    #[test]
    fn words_on_many_pages_are_not_looked_at() {
        let term = Terms::of("lamps").terms;
        let plan = Plan::of(&[&term[0]], Vec::new(), false);
        let (from, to) = plan.terms[0].description_words.clone().unwrap();
        // Fences of pages that begin with words beginning so.
        let fences = |pages: u8| {
            let mut bytes = Vec::new();
            for page in 0..pages {
                bytes.push(from.len() as u8 + 1);
                bytes.extend(&from);
                bytes.push(b'a' + page);
            }
            bytes.push(to.len() as u8);
            bytes.extend(&to);
            Fences::read(bytes).unwrap()
        };
        assert_eq!(word_pages(&plan.terms[0], &fences(3)), Some(0..=3));
        assert_eq!(word_pages(&plan.terms[0], &fences(6)), None);
        assert!(plan.pages(&fences(3)).is_sorted_by(|one, next| one < next));
        assert!(plan.pages(&fences(3)).ends_with(&[0, 1, 2, 3]));
    }
}
