//! What pages show about deleting everything and bringing it back.

use super::keep::Kept;
use crate::catalog::counts::Counts;
use crate::http::format::filters;
use crate::http::pages::{Layout, Section};
use askama::Template;

/// `/products/clearing`: asks whether everything is really to go.
#[derive(Template)]
#[template(path = "catalog/clearing.html")]
pub struct ClearingPage {
    /// The frame.
    pub layout: Layout,
    /// The question.
    pub question: ClearingQuestion,
}

/// The question alone, as it stands in a dialog.
#[derive(Clone, Debug, Template)]
#[template(path = "catalog/_clearing_question.html")]
pub struct ClearingQuestion {
    /// What would go.
    pub counts: Counts,
    /// What was deleted before and could then no longer be brought back.
    pub kept: Option<Kept>,
    /// The imports that have to end before.
    pub running: Vec<RunningImport>,
    /// What was typed, when it was not the number.
    pub typed: String,
    /// What is wrong with it, or what else was in the way.
    pub trouble: Option<String>,
}

/// An import that is going on.
#[derive(Clone, Debug)]
pub struct RunningImport {
    /// Its id.
    pub id: i64,
    /// The name of its file.
    pub filename: String,
}

/// Offers to bring back what was deleted: on the empty list of products, and where a new file is chosen.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// What would come back.
    pub kept: Kept,
}

impl ClearingPage {
    /// The page of a question.
    pub fn new(question: ClearingQuestion) -> Self {
        Self {
            layout: Layout::new(Section::Products, "Delete all products"),
            question,
        }
    }
}

impl ClearingQuestion {
    /// The ids of the imports that are going on, for the button that cancels them.
    fn running_ids(&self) -> String {
        let ids: Vec<String> = self.running.iter().map(|import| import.id.to_string()).collect();
        ids.join(",")
    }
}

/// Reads a number as people type it: digits in groups, however those are separated.
pub fn typed_number(text: &str) -> Option<i64> {
    let is_separator = |letter: char| letter.is_whitespace() || ",.'’_".contains(letter);
    let digits: String = text.chars().filter(|letter| !is_separator(*letter)).collect();
    digits
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::assert_no_inline_code;
    use chrono::DateTime;

    fn question(running: &[&str], kept: Option<Kept>, trouble: Option<&str>) -> String {
        let running = running.iter().map(|filename| RunningImport {
            id: 7,
            filename: (*filename).to_owned(),
        });
        let question = ClearingQuestion {
            counts: Counts {
                active: 400_000,
                inactive: 66_135,
            },
            kept,
            running: running.collect(),
            typed: "12 <".into(),
            trouble: trouble.map(str::to_owned),
        };
        let html = ClearingPage::new(question).render().unwrap();
        assert_no_inline_code(&html);
        html
    }

    #[test]
    fn the_question_tells_what_goes_and_what_stays() {
        let html = question(&[], None, None);
        for shown in ["466,135", "400,000", "66,135", "24 hours", "name=\"typed\""] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        assert!(!html.contains("can then no longer"));
    }

    #[test]
    fn what_was_typed_is_kept_beside_what_is_wrong_with_it() {
        let html = question(&[], None, Some("Type the number."));
        assert!(
            html.contains("12 &#60;") && html.contains("Type the number.") && html.contains("aria-invalid"),
            "{html}"
        );
    }

    #[test]
    fn what_was_deleted_before_is_named() {
        let kept = Kept {
            id: 1,
            active: 1_200,
            inactive: 34,
            cleared_at: DateTime::from_timestamp(1_795_376_460, 0).unwrap(),
            kept_until: DateTime::from_timestamp(1_795_462_860, 0).unwrap(),
        };
        assert!(question(&[], Some(kept), None).contains("1,234"));
    }

    #[test]
    fn a_running_import_is_in_the_way() {
        let html = question(&["spring <1>.csv"], None, None);
        assert!(
            html.contains("spring &#60;1&#62;.csv") && html.contains("value=\"7\""),
            "{html}"
        );
        assert!(!html.contains("name=\"typed\""));
    }

    #[test]
    fn numbers_may_be_typed_in_groups() {
        for text in ["466135", "466,135", " 466 135 ", "466.135", "466'135", "466\u{a0}135"] {
            assert_eq!(typed_number(text), Some(466_135), "{text}");
        }
        for text in ["", "all", "466135 products", "-466135", "99999999999999999999"] {
            assert_eq!(typed_number(text), None, "{text}");
        }
    }
}
