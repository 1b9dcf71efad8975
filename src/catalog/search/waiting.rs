//! Ordinals on their way to lists.
//!
//! There are more lists than a processor's caches hold. Added at once, almost every ordinal would have its list, and the
//! list's last slice, fetched from memory. So many of them wait, and each list gets all of its own at once.

use super::lists::Lists;

/// So many are sorted at a time, if there is memory for them: the more, the more often a list that is fetched gets several.
const MANY: usize = 1 << 18;
/// What each takes, waiting and sorted.
const EACH_BYTES: usize = 2 * size_of::<(u32, u32)>();
/// Numbers are given in the order in which they are needed, so these lists are needed often, and caches hold them.
const OFTEN: u32 = 1 << 12;
/// They are sorted by so many bits of their lists' numbers first, then by the others.
const LOWER_BITS: u32 = 10;

/// Numbers of lists, each with an ordinal for that list.
pub struct Waiting {
    /// So many are sorted at a time.
    many: usize,
    all: Vec<(u32, u32)>,
    sorted: Vec<(u32, u32)>,
    /// Where the next pair goes in `sorted`, for each value of what is sorted by.
    places: Vec<usize>,
}

impl Waiting {
    /// Ordinals that take about so much memory at most.
    pub fn within(most_bytes: usize) -> Self {
        Self {
            many: (most_bytes / EACH_BYTES).clamp(1, MANY),
            all: Vec::new(),
            sorted: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Adds an ordinal for a list. Of one list they come as [`Lists::append`] wants them.
    pub fn add(&mut self, lists: &mut Lists, list: u32, ordinal: u32) {
        if list < OFTEN {
            lists.append(list, ordinal);
            return;
        }
        // No more than are sorted at a time: it would take twice as much otherwise.
        self.all.reserve_exact(self.many - self.all.len());
        self.all.push((list, ordinal));
        if self.all.len() >= self.many {
            self.append_to(lists);
        }
    }

    /// Appends them all to their lists.
    pub fn append_to(&mut self, lists: &mut Lists) {
        self.sort_by(|list| list & ((1 << LOWER_BITS) - 1));
        self.sort_by(|list| list >> LOWER_BITS);
        for (list, ordinal) in self.all.drain(..) {
            lists.append(list, ordinal);
        }
    }

    /// Sorts them by a part of their lists' numbers; where that is the same, they stay in order (a counting sort).
    fn sort_by(&mut self, part: impl Fn(u32) -> u32) {
        self.places.clear();
        for (list, _) in &self.all {
            let part = part(*list) as usize;
            if part >= self.places.len() {
                self.places.resize(part + 1, 0);
            }
            self.places[part] += 1;
        }
        let mut before = 0;
        for place in &mut self.places {
            before += std::mem::replace(place, before);
        }
        self.sorted.resize(self.all.len(), (0, 0));
        for pair in &self.all {
            let place = &mut self.places[part(pair.0) as usize];
            self.sorted[*place] = *pair;
            *place += 1;
        }
        std::mem::swap(&mut self.all, &mut self.sorted);
    }

    /// How much memory they take.
    pub fn size_bytes(&self) -> usize {
        (self.all.capacity() + self.sorted.capacity()) * size_of::<(u32, u32)>()
            + self.places.capacity() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::lists::tests::values;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_list_gets_its_own_in_order(numbers in vec(prop_oneof![0_u32..9_000, 4_000_u32..4_200], 0..3_000)) {
            let (mut waiting, mut lists, mut expected) = (Waiting::within(usize::MAX), Lists::default(), Lists::default());
            for (ordinal, number) in (0..).zip(&numbers) {
                waiting.add(&mut lists, *number, ordinal);
                expected.append(*number, ordinal);
                if ordinal % 1_000 == 0 {
                    waiting.append_to(&mut lists);
                }
            }
            waiting.append_to(&mut lists);
            for number in numbers {
                let of = |lists: &Lists| values(lists.ordinals(number, &mut Vec::new()));
                prop_assert_eq!(of(&lists), of(&expected));
            }
        }
    }

    #[test]
    fn more_than_may_wait_are_appended_on_the_way() {
        let (mut waiting, mut lists) = (Waiting::within(40_000), Lists::default());
        let ordinals = 0..waiting.many as u32;
        for ordinal in ordinals.clone() {
            // A word that a text has twice.
            waiting.add(&mut lists, OFTEN + ordinal % 3, ordinal);
            waiting.add(&mut lists, OFTEN + ordinal % 3, ordinal);
        }
        assert!(waiting.all.is_empty(), "twice as many as may wait");
        let bytes = waiting.size_bytes();
        let places_bytes = (1 << LOWER_BITS) * size_of::<usize>();
        assert!(bytes <= 40_000 + places_bytes, "{bytes}");
        for list in 0..3 {
            let appended = values(lists.ordinals(OFTEN + list, &mut Vec::new()));
            let expected = ordinals.clone().filter(|ordinal| ordinal % 3 == list);
            assert!(expected.eq(appended), "{list}");
        }
    }
}
