//! The list of products in a salesperson's words: what its page needs to know, and how it says so.
//!
//! Every link of the page is an address of [`ListQuery`], so that the address alone is the state of the list.

use super::api::ListQuery;
use super::counts::Counts;
use super::filter::{Sort, SortBy, Status};
use super::list::{Cursor, Page, Total};
use super::row::ProductRow;
use crate::http::format::{count, number};
use crate::http::pages::Pager;
use chrono::{DateTime, Utc};

/// How many products a page may be asked to show.
pub const PAGE_SIZES: [u64; 4] = [25, 50, 100, 200];

/// The list as its page shows it.
#[derive(Clone, Debug)]
pub struct ListView {
    /// The words of the address.
    pub asked: ListQuery,
    /// How many products there are, whatever is searched for.
    pub counts: Counts,
    /// How many match.
    pub total: Total,
    /// Those of this page.
    pub rows: Vec<ProductRow>,
    /// The way to the pages beside it.
    pub pager: Pager,
    /// Their order.
    pub sort: Sort,
    /// At most so many are on a page.
    pub limit: u64,
    /// Changed then or later.
    pub changed_since: Option<DateTime<Utc>>,
    /// Changed before then.
    pub changed_before: Option<DateTime<Utc>>,
}

/// A part of the catalogue that can be chosen: all, active or inactive products.
pub struct Tab {
    /// Its name.
    pub name: &'static str,
    /// How many products it has.
    pub count: i64,
    /// Where it is.
    pub address: String,
    /// Whether it is shown.
    pub is_current: bool,
}

/// A filter that is on, and the address without it.
pub struct Chip {
    /// Which one: a word of the address.
    pub word: &'static str,
    /// What it says.
    pub text: String,
    /// The time it speaks of.
    pub at: Option<DateTime<Utc>>,
    /// The list without it.
    pub without: String,
}

/// A column's head by which the list can be sorted.
pub struct Heading {
    /// Its name.
    pub name: &'static str,
    /// The list in its order; the other way round when it is in that order already.
    pub address: String,
    /// `ascending`, `descending` or nothing, as `aria-sort` wants it.
    pub direction: Option<&'static str>,
}

/// One entry of a menu.
pub struct Choice {
    /// The word of the address.
    pub value: String,
    /// What it says.
    pub text: String,
    /// Whether it is the one.
    pub is_chosen: bool,
}

impl ListView {
    /// What was asked for, and what was found.
    pub fn new(asked: ListQuery, query: &super::list::Query, counts: Counts, page: Page) -> Self {
        let address = |cursor: Cursor| asked.at(&cursor.encode(query.sort)).address();
        let pager = Pager {
            previous: page.previous.map(address),
            next: page.next.map(address),
        };
        let row = |product| ProductRow {
            product,
            q: asked.q.clone(),
        };
        Self {
            rows: page.products.into_iter().map(row).collect(),
            total: page.total,
            counts,
            pager,
            sort: query.sort,
            limit: query.limit,
            changed_since: query.filter.changed_since,
            changed_before: query.filter.changed_before,
            asked,
        }
    }

    /// Whether there is no product at all.
    pub fn is_empty_catalogue(&self) -> bool {
        self.counts.all() == 0 && self.rows.is_empty()
    }

    /// Whether the address leads to a page of the list that has nothing left.
    pub fn is_emptied_page(&self) -> bool {
        self.rows.is_empty() && !self.asked.cursor.is_empty()
    }

    /// The status that is shown, if only one is.
    pub fn only(&self) -> Option<&'static str> {
        Status::from_word(&self.asked.status).and_then(Status::only)
    }

    /// What was searched for.
    pub fn q(&self) -> &str {
        self.asked.q.trim()
    }

    /// The first page of the list after a change of its words.
    fn with(&self, change: impl FnOnce(&mut ListQuery)) -> String {
        let mut asked = self.asked.at("");
        change(&mut asked);
        asked.address()
    }

    /// The first page of the same list.
    pub fn first_page(&self) -> String {
        self.with(|_| {})
    }

    /// The same list without what narrows it, in the same order.
    pub fn everything(&self) -> String {
        let kept = ListQuery {
            sort: self.asked.sort.clone(),
            limit: self.asked.limit.clone(),
            ..ListQuery::default()
        };
        // Nothing is searched for any more, so nothing is more relevant than another.
        if self.sort.by == SortBy::Relevance {
            return ListQuery {
                sort: String::new(),
                ..kept
            }
            .address();
        }
        kept.address()
    }

    /// The words behind the path, for other addresses about the same products.
    pub fn words(&self) -> String {
        let address = self.with(|asked| asked.limit.clear());
        address
            .split_once('?')
            .map(|(_, words)| format!("?{words}"))
            .unwrap_or_default()
    }

    /// All, active and inactive products.
    pub fn tabs(&self) -> Vec<Tab> {
        let tab = |name, status: Status| {
            let word = status.only().unwrap_or_default();
            Tab {
                name,
                count: self.counts.of(status),
                address: self.with(|asked| word.clone_into(&mut asked.status)),
                is_current: self.only() == status.only(),
            }
        };
        vec![
            tab("All", Status::All),
            tab("Active", Status::Active),
            tab("Inactive", Status::Inactive),
        ]
    }

    /// The filters that are on. The status has its tabs, and the search its box.
    pub fn chips(&self) -> Vec<Chip> {
        let mut chips = Vec::new();
        if self.changed_since.is_some() {
            chips.push(Chip {
                word: "changed_since",
                text: "Changed since".to_owned(),
                at: self.changed_since,
                without: self.with(|asked| asked.changed_since.clear()),
            });
        }
        if self.changed_before.is_some() {
            chips.push(Chip {
                word: "changed_before",
                text: "Changed before".to_owned(),
                at: self.changed_before,
                without: self.with(|asked| asked.changed_before.clear()),
            });
        }
        if !self.asked.import.is_empty() {
            chips.push(Chip {
                word: "import",
                text: format!("From import {}", self.asked.import),
                at: None,
                without: self.with(|asked| asked.import.clear()),
            });
        }
        chips
    }

    /// A day as a date field wants it.
    pub fn day(at: &Option<DateTime<Utc>>) -> String {
        at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
    }

    /// The head of a column. Names and SKUs begin at the first letter, times at the last change.
    pub fn heading(&self, by: SortBy, name: &'static str) -> Heading {
        let is_sorted = self.sort.by == by;
        let next = Sort {
            by,
            is_reversed: if is_sorted {
                !self.sort.is_reversed
            } else {
                matches!(by, SortBy::CreatedAt | SortBy::UpdatedAt)
            },
        };
        let direction = if self.sort.is_reversed {
            "descending"
        } else {
            "ascending"
        };
        Heading {
            name,
            address: self.with(|asked| asked.sort = next.to_word()),
            direction: is_sorted.then_some(direction),
        }
    }

    /// The columns that sort.
    pub fn name_heading(&self) -> Heading {
        self.heading(SortBy::Name, "Name")
    }

    /// See [`Self::heading`].
    pub fn sku_heading(&self) -> Heading {
        self.heading(SortBy::Sku, "SKU")
    }

    /// See [`Self::heading`].
    pub fn changed_heading(&self) -> Heading {
        self.heading(SortBy::UpdatedAt, "Changed")
    }

    /// Every order that can be chosen.
    pub fn sorts(&self) -> Vec<Choice> {
        // Where nothing is searched for, every product is as good a match, and they stand by SKU.
        let chosen = match self.sort.to_word() {
            word if self.q().is_empty() => word.replace("relevance", "sku"),
            word => word,
        };
        let offered = [
            ("relevance", "Best match first", !self.q().is_empty()),
            ("-relevance", "Best match last", false),
            ("sku", "SKU, A to Z", true),
            ("-sku", "SKU, Z to A", true),
            ("name", "Name, A to Z", true),
            ("-name", "Name, Z to A", true),
            ("-updated_at", "Recently changed", true),
            ("updated_at", "Least recently changed", true),
            ("-created_at", "Newest first", true),
            ("created_at", "Oldest first", true),
        ];
        let choice = |(value, text, _): (&str, &str, bool)| Choice {
            is_chosen: value == chosen,
            // An order that nobody chose is none that a form should ask for: another search may have another.
            value: if value == chosen {
                self.asked.sort.clone()
            } else {
                value.to_owned()
            },
            text: text.to_owned(),
        };
        let offered = offered
            .into_iter()
            .filter(|(value, _, always)| *always || *value == chosen);
        offered.map(choice).collect()
    }

    /// How many products a page may have; the number in the address too, if it is another.
    pub fn limits(&self) -> Vec<Choice> {
        let mut limits = PAGE_SIZES.to_vec();
        if !limits.contains(&self.limit) {
            limits.push(self.limit);
            limits.sort_unstable();
        }
        let choice = |limit: u64| Choice {
            value: limit.to_string(),
            text: limit.to_string(),
            is_chosen: limit == self.limit,
        };
        limits.into_iter().map(choice).collect()
    }

    /// How many match, in words. A later page alone does not tell how many are before it.
    pub fn total_words(&self) -> String {
        if self.total.is_exact || self.asked.cursor.is_empty() {
            total_words(self.total.value, self.total.is_exact)
        } else {
            format!("More than {}", count(self.total.value, "product", "products"))
        }
    }

    /// What was looked for when nothing is found.
    pub fn nothing_found(&self) -> String {
        let status = self.only().map(|status| format!("{status} ")).unwrap_or_default();
        let narrowed = if self.chips().is_empty() {
            ""
        } else {
            " with these filters"
        };
        match self.q() {
            "" if narrowed.is_empty() => format!("No {status}products"),
            "" => format!("No {status}products{narrowed}"),
            q => format!("No {status}products match “{q}”{narrowed}"),
        }
    }

    /// What to try then: the search without the other filters.
    pub fn without_filters(&self) -> Option<String> {
        let is_narrowed = self.only().is_some() || !self.chips().is_empty();
        let only_q = ListQuery {
            q: self.asked.q.clone(),
            limit: self.asked.limit.clone(),
            ..ListQuery::default()
        };
        (is_narrowed && !self.q().is_empty()).then(|| only_q.address())
    }
}

/// `12,345 products`, or `10,000+ products` where nobody counted on.
pub fn total_words(value: i64, is_exact: bool) -> String {
    if is_exact {
        count(value, "product", "products")
    } else {
        format!("{}+ products", number(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::list::Page;
    use crate::catalog::product::Product;

    fn product(id: i64, name: &str) -> Product {
        let at = DateTime::from_timestamp(1_795_376_460, 0).unwrap();
        Product {
            id,
            created_at: at,
            updated_at: at,
            import_id: None,
            import_line: None,
            version: 1,
            active: id % 2 == 0,
            sku: format!("LAMP-{id}"),
            sku_key: format!("lamp-{id}"),
            name: name.to_owned(),
            description: String::new(),
        }
    }

    fn list(asked: ListQuery, products: Vec<Product>) -> ListView {
        let query = asked.parse().unwrap();
        let counts = Counts {
            active: 300,
            inactive: 200,
        };
        let total = Total {
            value: products.len() as i64,
            is_exact: true,
        };
        let page = Page {
            products,
            previous: None,
            next: None,
            total,
        };
        ListView::new(asked, &query, counts, page)
    }

    fn asked(change: impl FnOnce(&mut ListQuery)) -> ListQuery {
        let mut asked = ListQuery::default();
        change(&mut asked);
        asked
    }

    #[test]
    fn tabs_keep_the_search_and_begin_at_the_first_page() {
        let view = list(
            asked(|asked| {
                asked.q = "lamp".into();
                asked.status = "active".into();
                asked.limit = "25".into();
            }),
            Vec::new(),
        );
        let tabs = view.tabs();
        let told: Vec<_> = tabs.iter().map(|tab| (tab.count, tab.is_current)).collect();
        assert_eq!(told, [(500, false), (300, true), (200, false)]);
        assert_eq!(tabs[0].address, "/products?q=lamp&limit=25");
        assert_eq!(tabs[2].address, "/products?q=lamp&status=inactive&limit=25");
    }

    #[test]
    fn a_head_sorts_and_turns_round() {
        let by = |sort: &str| list(asked(|asked| asked.sort = sort.into()), Vec::new());
        let fresh = by("").sku_heading();
        assert_eq!(
            (fresh.address.as_str(), fresh.direction),
            ("/products?sort=-sku", Some("ascending"))
        );
        let name = by("").name_heading();
        assert_eq!((name.address.as_str(), name.direction), ("/products?sort=name", None));
        assert_eq!(by("").changed_heading().address, "/products?sort=-updated_at");
        let changed = by("-updated_at").changed_heading();
        assert_eq!(
            (changed.address.as_str(), changed.direction),
            ("/products?sort=updated_at", Some("descending"))
        );
    }

    #[test]
    fn an_order_that_nobody_chose_is_not_kept() {
        let chosen = |view: &ListView| {
            let sorts = view.sorts();
            let chosen: Vec<_> = sorts.iter().filter(|sort| sort.is_chosen).collect();
            assert_eq!(chosen.len(), 1);
            (chosen[0].value.clone(), chosen[0].text.clone())
        };
        let usual = list(asked(|asked| asked.q = "lamp".into()), Vec::new());
        assert_eq!(chosen(&usual), (String::new(), "Best match first".into()));
        let by_name = list(asked(|asked| asked.sort = "-name".into()), Vec::new());
        assert_eq!(chosen(&by_name).0, "-name");
        assert!(by_name.sorts().iter().all(|sort| !sort.text.contains("match")));
        let nothing_searched = list(asked(|asked| asked.sort = "relevance".into()), Vec::new());
        assert_eq!(chosen(&nothing_searched).1, "SKU, A to Z");
        assert!(nothing_searched.sorts().iter().all(|sort| !sort.text.contains("match")));
    }

    #[test]
    fn a_chip_leads_to_the_list_without_it() {
        let view = list(
            asked(|asked| {
                asked.changed_since = "2026-11-20".into();
                asked.import = "7".into();
                asked.q = "lamp".into();
                asked.sort = "relevance".into();
            }),
            Vec::new(),
        );
        let chips: Vec<_> = view.chips().into_iter().map(|chip| (chip.word, chip.without)).collect();
        assert_eq!(
            chips,
            [
                ("changed_since", "/products?q=lamp&import=7&sort=relevance".into()),
                (
                    "import",
                    "/products?q=lamp&changed_since=2026-11-20&sort=relevance".into()
                ),
            ]
        );
        assert_eq!(view.everything(), "/products");
        assert_eq!(view.without_filters().as_deref(), Some("/products?q=lamp"));
        assert_eq!(view.nothing_found(), "No products match “lamp” with these filters");
        assert_eq!(view.words(), "?q=lamp&changed_since=2026-11-20&import=7&sort=relevance");
    }

    #[test]
    fn unusual_page_sizes_can_be_kept() {
        let view = list(asked(|asked| asked.limit = "7".into()), vec![product(1, "Lamp")]);
        let limits: Vec<_> = view
            .limits()
            .into_iter()
            .map(|limit| (limit.value, limit.is_chosen))
            .collect();
        assert_eq!(limits.iter().filter(|(_, is_chosen)| *is_chosen).count(), 1);
        assert_eq!(limits[0], ("7".into(), true));
    }

    #[test]
    fn totals_say_when_nobody_counted_on() {
        assert_eq!(total_words(1, true), "1 product");
        assert_eq!(total_words(10_000, false), "10,000+ products");
        let mut later = list(asked(|asked| asked.q = "lamp".into()), Vec::new());
        later.total = Total {
            value: 3,
            is_exact: false,
        };
        assert_eq!(later.total_words(), "3+ products");
        later.asked.cursor = "x".into();
        assert_eq!(later.total_words(), "More than 3 products");
    }
}
