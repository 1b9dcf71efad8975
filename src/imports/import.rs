//! An import: one row of table `imports`, which is the truth about a file from its first byte to its last product.
//!
//! The same struct is a SeaORM model (lists, single rows) and a row of hand-written SQL. The two UUIDs that say
//! who writes and who works on it are left out: only the statements that claim an import name them.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// An import.
pub type Import = Model;

/// A row of `imports`; see its migration for what the columns mean.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, sqlx::FromRow)]
#[sea_orm(table_name = "imports")]
#[allow(missing_docs, reason = "the columns are explained in the migration")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub filename: String,
    pub source: Source,
    pub mode: Mode,
    pub new_status: NewStatus,
    pub state: State,
    pub phase: Phase,
    pub error: Option<String>,
    pub bytes_total: Option<i64>,
    pub bytes_received: i64,
    pub upload_metadata: Option<String>,
    pub upload_expires_at: Option<DateTime<Utc>>,
    pub file_removed_at: Option<DateTime<Utc>>,
    pub bytes_read: i64,
    pub reading: Option<Json>,
    pub read_at: Option<DateTime<Utc>>,
    pub columns: Option<Json>,
    pub warnings: Json,
    pub rows_read: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub duplicates: i64,
    pub skipped: i64,
    pub rejected: i64,
    pub lease_until: Option<DateTime<Utc>>,
    pub attempts: i32,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Nothing is reached through an import: its pieces, ranges and rejections have statements of their own.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether nothing will change any more, except that the kept file is removed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Failed | State::Cancelled)
    }
}

/// Declares an enum that is text in the database, in JSON, in forms and on the command line: the same words everywhere.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$variant_about:meta])* $variant:ident = $word:literal,)+ }) => {
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, sqlx::Type, Serialize, Deserialize,
            utoipa::ToSchema,
        )]
        $(#[$about])*
        #[sea_orm(rs_type = "String", db_type = "Text")]
        #[sqlx(type_name = "text")]
        pub enum $name {
            $(
                $(#[$variant_about])*
                #[sea_orm(string_value = $word)]
                #[sqlx(rename = $word)]
                #[serde(rename = $word)]
                #[schema(rename = $word)]
                $variant,
            )+
        }

        impl $name {
            /// Every value, in the order they are offered.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl clap::ValueEnum for $name {
            fn value_variants<'a>() -> &'a [Self] {
                Self::ALL
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                Some(clap::builder::PossibleValue::new(self.as_str()))
            }
        }
    };
}

words! {
    /// Where the file comes from.
    #[schema(as = ImportSource)]
    Source {
        /// A browser or a script sent it.
        Upload = "upload",
        /// The command `import` read it from a disk.
        Terminal = "terminal",
    }
}

words! {
    /// What happens to products that exist, and to those that do not.
    #[schema(as = ImportMode)]
    Mode {
        /// Known SKUs are overwritten, new ones created.
        Overwrite = "overwrite",
        /// Known SKUs are left alone.
        CreateOnly = "create_only",
        /// New SKUs are left out.
        UpdateOnly = "update_only",
    }
}

words! {
    /// The status that created products get when the file does not say.
    NewStatus {
        /// They are shown.
        Active = "active",
        /// They are kept back.
        Inactive = "inactive",
    }
}

words! {
    /// How far an import is, for who looks from outside.
    #[schema(as = ImportState)]
    State {
        /// Bytes are missing; what is there may be being read already.
        Uploading = "uploading",
        /// The file is complete, no worker has begun.
        Queued = "queued",
        /// A worker has it.
        Running = "running",
        /// Every row is accounted for.
        Done = "done",
        /// It ended for a reason told in `error`.
        Failed = "failed",
        /// Someone ended it.
        Cancelled = "cancelled",
    }
}

words! {
    /// What is being done at the moment.
    #[schema(as = ImportPhase)]
    Phase {
        /// Bytes arrive and nobody reads them yet.
        Receiving = "receiving",
        /// Rows are read and staged.
        Reading = "reading",
        /// The last row has been read; another import is being merged.
        Waiting = "waiting",
        /// Products are being written.
        Merging = "merging",
        /// Nothing any more.
        Over = "over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_what_they_stand_for() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.as_str()), Some(*state));
        }
        assert_eq!(Mode::from_word("Overwrite"), None);
    }
}
