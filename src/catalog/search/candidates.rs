//! Which products may match, by segment: the bitmaps of a search's grams, combined.

use super::changed::Changed;
use super::columns::Column;
use super::found::Found;
use super::grams::{self, TermPlan};
use super::plan::{Number, Plan};
use super::reading::{Reading, Segment};
use super::terms::{Class, Term, Terms};
use crate::catalog::Filter;
use anyhow::Result;
use roaring::RoaringBitmap;
use std::borrow::Cow;

/// So many terms are looked up together, the longest first. Of most segments nothing is left after a few, so that of many
/// terms the others need not be looked up there.
const TERMS_TOGETHER: usize = 4;

/// What may match in one segment.
pub struct Candidates {
    pub all: RoaringBitmap,
    /// Whether all of them do.
    pub is_exact: bool,
    classes: Option<Classes>,
}

/// What may match, by the class that it may be of; one product may be in several. As the index has it: a product that an
/// import has moved to another class since is in no list by relevance until that is indexed.
#[derive(Default)]
struct Classes {
    sku: RoaringBitmap,
    name: RoaringBitmap,
    description: RoaringBitmap,
}

/// What is left of a segment, as far as it has been looked at.
struct Narrowed {
    /// `None` while nothing has been asked for: all of it.
    all: Option<RoaringBitmap>,
    is_exact: bool,
    /// `None` where nobody asks.
    by_class: Option<ByClass>,
}

/// The same by where the terms are. Sets are `None` before the first term.
#[derive(Default)]
struct ByClass {
    /// The SKU may begin with every term.
    by_sku: Option<RoaringBitmap>,
    /// Every term may be in SKU or name.
    by_names: Option<RoaringBitmap>,
    /// Some term may be in SKU or name, and not at the beginning of the SKU.
    beyond_sku: RoaringBitmap,
    /// Some term may be in the description, and neither in SKU nor name.
    beyond_names: RoaringBitmap,
}

/// Finds them, segment by segment; with classes where somebody is going to ask for [`Candidates::of_class`].
pub async fn find(
    reading: &mut Reading<'_>,
    terms: &Terms,
    filter: &Filter,
    has_classes: bool,
) -> Result<Vec<Candidates>> {
    let of_segment = |segment: &Segment| Narrowed {
        all: Changed::by_ends(segment, filter).and_then(|changed| changed.ordinals),
        is_exact: true,
        by_class: has_classes.then(ByClass::default),
    };
    let mut narrowed: Vec<Narrowed> = reading.segments.iter().map(of_segment).collect();
    let mut longest_first: Vec<&Term> = terms.terms.iter().collect();
    longest_first.sort_by_key(|term| std::cmp::Reverse(term.chars));
    // An import is in few segments. A status is in all of them, and has the largest bitmaps.
    let mut facets: Vec<Vec<u8>> = filter.import_id.map(grams::of_import).into_iter().collect();
    for together in longest_first.chunks(TERMS_TOGETHER) {
        let plan = Plan::of(together, std::mem::take(&mut facets), has_classes);
        look_up(reading, &plan, &mut narrowed).await?;
    }
    facets.extend(filter.status.as_active().map(grams::of_status));
    if !facets.is_empty() {
        look_up(reading, &Plan::of(&[], facets, has_classes), &mut narrowed).await?;
    }
    if filter.changed_since.is_some() || filter.changed_before.is_some() {
        for at in remaining(&narrowed) {
            let changed = reading.changed(at, filter).await?;
            if let Some(ordinals) = changed.ordinals {
                narrow(&mut narrowed[at].all, Cow::Owned(ordinals));
            }
            narrowed[at].is_exact &= changed.is_exact;
        }
    }
    let segments = reading.segments.iter().zip(narrowed);
    Ok(segments.map(|(segment, narrowed)| narrowed.finish(segment)).collect())
}

/// The segments of which something is left.
fn remaining(narrowed: &[Narrowed]) -> Vec<usize> {
    (0..narrowed.len()).filter(|at| !narrowed[*at].is_empty()).collect()
}

/// Looks grams up in every segment of which something is left, first their pages, then what is too long for these, and
/// leaves what they let through.
async fn look_up(reading: &mut Reading<'_>, plan: &Plan, narrowed: &mut [Narrowed]) -> Result<()> {
    let remaining = remaining(narrowed);
    let segments = remaining.iter().map(|at| &reading.segments[*at]);
    let segments = segments.map(|segment| {
        (
            segment.id,
            segment.gram_fences.clone(),
            plan.pages(&segment.gram_fences),
        )
    });
    let segments: Vec<_> = segments.collect();
    let wanted = segments.iter().flat_map(|(id, _, numbers)| {
        let numbers = numbers.iter();
        numbers.map(|number| (*id, Column::Grams, *number))
    });
    let pages = reading.chunks(&wanted.collect::<Vec<_>>()).await?;
    let (mut rest, mut found, mut long) = (&pages[..], Vec::new(), Vec::new());
    for (id, fences, numbers) in &segments {
        let (pages, others) = rest.split_at(numbers.len());
        rest = others;
        let read = Found::read(plan, fences, numbers, pages)?;
        long.extend(read.long_numbers(plan).into_iter().map(|number| (*id, number)));
        found.push(read);
    }
    for ((id, number), bitmap) in reading.bitmaps(long).await? {
        if let Some(at) = segments.iter().position(|(segment, ..)| *segment == id) {
            found[at].add_long(number, bitmap);
        }
    }
    for (at, found) in remaining.into_iter().zip(&found) {
        narrowed[at].narrow(plan, found)?;
    }
    Ok(())
}

/// Leaves of a set only what is in another one.
fn narrow(set: &mut Option<RoaringBitmap>, to: Cow<'_, RoaringBitmap>) {
    *set = Some(match set.take() {
        Some(set) => set & &*to,
        None => to.into_owned(),
    });
}

impl Narrowed {
    fn is_empty(&self) -> bool {
        self.all.as_ref().is_some_and(RoaringBitmap::is_empty)
    }

    /// Leaves only what a plan lets through.
    fn narrow(&mut self, plan: &Plan, found: &Found<'_>) -> Result<()> {
        if found.lacks_any(plan) {
            self.all = Some(RoaringBitmap::new());
        }
        for facet in &plan.facets {
            if self.is_empty() {
                return Ok(());
            }
            narrow(&mut self.all, found.having(*facet)?);
        }
        for (at, term) in plan.terms.iter().enumerate() {
            if self.is_empty() {
                return Ok(());
            }
            self.narrow_to_term(found, at, term)?;
        }
        Ok(())
    }

    fn narrow_to_term(&mut self, found: &Found<'_>, at: usize, term: &TermPlan<Number>) -> Result<()> {
        let inside = found.having_all(&term.inside)?;
        let sku = match (&self.by_class, term.sku_beginning) {
            (Some(_), Some(beginning)) if !inside.is_empty() => &*inside & &*found.having(beginning)?,
            _ => RoaringBitmap::new(),
        };
        let names = match term.name {
            Some(name) => union(inside, found.having(name)?),
            None => inside,
        };
        let description = found.described(at, term)?;
        if let Some(by_class) = &mut self.by_class {
            by_class.narrow(&sku, &names, &description, term.is_exact_in_names);
        }
        self.is_exact &= term.is_exact_in_names && found.is_exact_in_description(at, term);
        narrow(&mut self.all, union(names, description));
        Ok(())
    }

    fn finish(self, segment: &Segment) -> Candidates {
        let mut all = self.all.unwrap_or_else(|| {
            let mut all = RoaringBitmap::new();
            all.insert_range(0..segment.products);
            // To take products out of a run goes one by one.
            all.remove_run_compression();
            all
        });
        all -= &*segment.left_out;
        // Where the index is damaged there is nothing to be read of these.
        all.remove_range(segment.products..);
        Candidates {
            is_exact: self.is_exact || all.is_empty(),
            classes: self.by_class.map(|by_class| by_class.finish(&all)),
            all,
        }
    }
}

impl ByClass {
    /// Leaves only what one more term lets through.
    ///
    /// What certainly has the term in the better place is not looked for in the others. Where grams alone do not decide,
    /// nothing is certain.
    fn narrow(&mut self, sku: &RoaringBitmap, names: &RoaringBitmap, description: &RoaringBitmap, is_exact: bool) {
        if is_exact {
            self.beyond_sku |= names - sku;
            self.beyond_names |= description - names;
        } else {
            self.beyond_sku |= names;
            self.beyond_names |= description;
        }
        narrow(&mut self.by_sku, Cow::Borrowed(sku));
        narrow(&mut self.by_names, Cow::Borrowed(names));
    }

    /// The classes of those that are left.
    fn finish(self, all: &RoaringBitmap) -> Classes {
        Classes {
            // Without a term nothing is looked for by class, or nothing is left.
            sku: self.by_sku.unwrap_or_default() & all,
            name: (self.by_names.unwrap_or_default() & self.beyond_sku) & all,
            description: self.beyond_names & all,
        }
    }
}

impl Candidates {
    /// Where products of a class are, or of any; nowhere those of the very SKU, which is looked up.
    pub fn of_class(&self, class: Option<u8>) -> Option<&RoaringBitmap> {
        let classes = self.classes.as_ref();
        match class {
            None => Some(&self.all),
            Some(Class::SKU) => classes.map(|classes| &classes.sku),
            Some(Class::NAME) => classes.map(|classes| &classes.name),
            Some(Class::DESCRIPTION) => classes.map(|classes| &classes.description),
            Some(_) => None,
        }
    }
}

fn union<'a>(one: Cow<'a, RoaringBitmap>, other: Cow<'a, RoaringBitmap>) -> Cow<'a, RoaringBitmap> {
    if one.is_empty() {
        return other;
    }
    if other.is_empty() {
        return one;
    }
    Cow::Owned(match (one, other) {
        (Cow::Owned(one), other) => one | &*other,
        (one, Cow::Owned(other)) => other | &*one,
        (Cow::Borrowed(one), Cow::Borrowed(other)) => one | other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Where a product has a term, as the rule sees it; and where else the index may say that it has it.
    #[derive(Clone, Copy, Debug)]
    struct Has {
        class: Option<u8>,
        /// Whether the description has it, whatever the class.
        is_described: bool,
        mistaken: [bool; 3],
    }

    fn has() -> impl Strategy<Value = Has> {
        let class = prop::sample::select(vec![
            None,
            Some(Class::SKU),
            Some(Class::NAME),
            Some(Class::DESCRIPTION),
        ]);
        (class, any::<bool>(), any::<[bool; 3]>()).prop_map(|(class, is_described, mistaken)| Has {
            class,
            is_described: is_described || class == Some(Class::DESCRIPTION),
            mistaken,
        })
    }

    /// The products that a condition holds for.
    fn those(products: &[Has], is_it: impl Fn(&Has) -> bool) -> RoaringBitmap {
        (0..)
            .zip(products)
            .filter(|(_, has)| is_it(has))
            .map(|(ordinal, _)| ordinal)
            .collect()
    }

    proptest! {
        #[test]
        fn every_product_is_where_its_class_is_looked_for(terms in vec((vec(has(), 40), any::<bool>()), 1..4)) {
            let mut by_class = ByClass::default();
            for (products, is_exact) in &terms {
                let may = |has: &Has, is_so: bool, at: usize| is_so || (!is_exact && has.mistaken[at]);
                let sku = those(products, |has| may(has, has.class == Some(Class::SKU), 0));
                let in_names = |has: &Has| matches!(has.class, Some(Class::SKU | Class::NAME));
                // What may begin the SKU may be in it.
                let names = those(products, |has| may(has, in_names(has), 1)) | &sku;
                // Descriptions are looked for by other grams.
                let description = those(products, |has| has.is_described && has.class.is_some() || has.mistaken[2]);
                by_class.narrow(&sku, &names, &description, *is_exact);
            }
            let mut all = RoaringBitmap::new();
            all.insert_range(0..40);
            let classes = by_class.finish(&all);
            for ordinal in 0..40 {
                let of_terms = terms.iter().map(|(products, _)| products[ordinal as usize].class);
                let Some(of_terms) = of_terms.collect::<Option<Vec<u8>>>() else { continue };
                let (set, worst) = match of_terms.iter().max() {
                    Some(&Class::SKU) => (&classes.sku, "SKU"),
                    Some(&Class::NAME) => (&classes.name, "name"),
                    _ => (&classes.description, "description"),
                };
                prop_assert!(set.contains(ordinal), "{ordinal} is of class {worst}");
            }
        }
    }

    #[test]
    fn what_is_certainly_better_is_not_looked_for_in_worse_places() {
        let mut by_class = ByClass::default();
        let set = |ordinals: &[u32]| ordinals.iter().copied().collect::<RoaringBitmap>();
        by_class.narrow(&set(&[1]), &set(&[1, 2]), &set(&[1, 2, 3]), true);
        let classes = by_class.finish(&set(&[1, 2, 3, 4]));
        assert_eq!(classes.sku, set(&[1]));
        assert_eq!(classes.name, set(&[2]));
        assert_eq!(classes.description, set(&[3]));
    }
}
