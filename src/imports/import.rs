//! An import: one row of table `imports`, which is the truth about a file from its first byte to its last product.
//!
//! The same struct is a SeaORM model (lists, single rows) and a row of hand-written SQL. The two UUIDs that say
//! who writes and who works on it are left out: only the statements that claim an import name them.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// An import.
pub type Import = Model;

/// A row of `imports`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, sqlx::FromRow)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    /// Later imports have higher ones.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What the file was called where it came from.
    pub filename: String,
    /// Whether it was sent here or read from a disk.
    pub source: Source,
    /// What happens to products that exist, and to those that do not.
    pub mode: Mode,
    /// The status of products it creates, where the file does not say.
    pub new_status: NewStatus,
    /// How far it is, for who looks from outside.
    pub state: State,
    /// What is being done at the moment.
    pub phase: Phase,
    /// Why it failed, in plain words; null unless it did.
    pub error: Option<String>,
    /// The size of the file; null while a streamed upload has not ended.
    pub bytes_total: Option<i64>,
    /// How much of it has arrived.
    pub bytes_received: i64,
    /// What the upload said of itself, as tus writes it (`Upload-Metadata`); null where it said nothing.
    pub upload_metadata: Option<String>,
    /// When an upload that sends nothing is given up; null unless one is going on.
    pub upload_expires_at: Option<DateTime<Utc>>,
    /// When the kept file was removed; null while it is there.
    pub file_removed_at: Option<DateTime<Utc>>,
    /// How much of the file has been read.
    pub bytes_read: i64,
    /// Where reading goes on after a crash (`engine::reading::Checkpoint`); null before the first run is staged.
    pub reading: Option<Json>,
    /// When its last row had been read; null before.
    pub read_at: Option<DateTime<Utc>>,
    /// What the columns of the file were taken for; null before its header has been read.
    pub columns: Option<Json>,
    /// What was odd in the file: a list, empty where nothing was.
    pub warnings: Json,
    /// Rows read so far, without the header and blank lines.
    pub rows_read: i64,
    /// Products that are new.
    pub created: i64,
    /// Products that were changed.
    pub updated: i64,
    /// Products that were as the file says already.
    pub unchanged: i64,
    /// Good rows overruled by a later good row of the same file with the same SKU.
    pub duplicates: i64,
    /// Rows left alone because of the mode.
    pub skipped: i64,
    /// Rows that could not be taken.
    pub rejected: i64,
    /// Until when nobody else may take it up: a worker's lease, or a pause before the next try; null without either.
    pub lease_until: Option<DateTime<Utc>>,
    /// Tries in a row without a new checkpoint, the one that is going on included.
    pub attempts: i32,
    /// When its first byte was announced.
    pub created_at: DateTime<Utc>,
    /// When a worker began; null before.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, in whatever way; null before.
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
