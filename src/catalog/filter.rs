//! Which products of the catalogue are meant, and in which order: the words of an address as types.
//!
//! Lists, counts, exports and bulk changes all take a [`Filter`], so that "everything that matches" means the same
//! everywhere.

use crate::http::Error;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The longest search text, in characters.
pub const Q_MAX_CHARS: usize = 500;

/// Which products are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All of them.
    #[default]
    All,
    /// Those that are shown.
    Active,
    /// Those that are kept back.
    Inactive,
}

/// Which products are meant. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// What is searched for; see [`super::search`] for what matches. Empty: everything.
    pub q: String,
    /// Of which status.
    pub status: Status,
    /// Changed then or later.
    pub changed_since: Option<DateTime<Utc>>,
    /// Changed before then.
    pub changed_before: Option<DateTime<Utc>>,
    /// This import was the last to add or change them, whatever was done to them by hand since.
    pub import_id: Option<i64>,
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// The exact SKU, then SKU beginnings, then names, then descriptions; within each by SKU.
    Relevance,
    /// The folded SKU.
    #[default]
    Sku,
    /// The name, folded as it is for searching; then by SKU.
    Name,
    /// When it was created; then by SKU.
    CreatedAt,
    /// When it was last changed; then by SKU.
    UpdatedAt,
}

/// An order of products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// From the last to the first.
    pub is_reversed: bool,
}

impl Status {
    /// The word of an address.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "all" => Some(Self::All),
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }

    /// What `products.active` must be, where it matters.
    pub fn as_active(self) -> Option<bool> {
        match self {
            Self::All => None,
            Self::Active => Some(true),
            Self::Inactive => Some(false),
        }
    }

    /// The word for one status; none for all.
    pub fn only(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Active => Some("active"),
            Self::Inactive => Some("inactive"),
        }
    }
}

impl Filter {
    /// Whether nothing but the status counts.
    pub fn is_by_status(&self) -> bool {
        self.q.trim().is_empty()
            && self.changed_since.is_none()
            && self.changed_before.is_none()
            && self.import_id.is_none()
    }

    /// Refuses what nobody can have meant.
    pub fn check(&self) -> Result<(), Error> {
        if self.q.chars().count() > Q_MAX_CHARS {
            return Err(Error::invalid(
                "q",
                format!("Search for at most {Q_MAX_CHARS} characters."),
            ));
        }
        // Neither can PostgreSQL be asked for it, nor has any product it.
        if self.q.contains('\0') {
            return Err(Error::invalid(
                "q",
                "The search has a character that no product can have. Type it anew.",
            ));
        }
        Ok(())
    }
}

impl SortBy {
    /// The word of an address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Sku => "sku",
            Self::Name => "name",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Relevance, Self::Sku, Self::Name, Self::CreatedAt, Self::UpdatedAt]
            .into_iter()
            .find(|by| by.word() == word)
    }
}

impl Sort {
    /// The word of an address; a leading `-` reverses.
    pub fn from_word(word: &str) -> Option<Self> {
        let (is_reversed, word) = match word.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        SortBy::from_word(word).map(|by| Self { by, is_reversed })
    }

    /// The same as a word.
    pub fn to_word(self) -> String {
        format!("{}{}", if self.is_reversed { "-" } else { "" }, self.by.word())
    }

    /// The order when an address names none: by relevance where something is searched for, else by SKU.
    pub fn usual(filter: &Filter) -> Self {
        let by = if filter.q.trim().is_empty() {
            SortBy::Sku
        } else {
            SortBy::Relevance
        };
        Self { by, is_reversed: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_survive_an_address() {
        for word in [
            "relevance",
            "-relevance",
            "sku",
            "-sku",
            "name",
            "-name",
            "created_at",
            "-updated_at",
        ] {
            assert_eq!(Sort::from_word(word).unwrap().to_word(), word);
        }
        for bad in ["", "-", "--sku", "price"] {
            assert!(Sort::from_word(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn blanks_search_for_nothing() {
        let blank = Filter {
            q: "  ".into(),
            ..Filter::default()
        };
        assert!(blank.is_by_status());
        assert_eq!(Sort::usual(&blank).by, SortBy::Sku);
    }
}
