//! Claims: random tokens that name whoever works on something. All of one process begin alike, so that a row which
//! carries a claim tells who has it.

use std::sync::LazyLock;
use uuid::Uuid;

static TAG: LazyLock<[u8; 4]> = LazyLock::new(rand::random);

/// Something that waits to be worked on, or is.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Task {
    /// Its number among its kind.
    pub id: i64,
    /// What is done next, in a word.
    pub stage: String,
    /// The claim of whoever works on it; null while nobody does.
    pub claim: Option<Uuid>,
    /// How long the claim lasts unless it is renewed.
    pub lease_seconds: Option<f64>,
    /// How long it has been there.
    pub age_seconds: f64,
}

/// A new claim of this process.
pub fn token() -> Uuid {
    let mut bytes = Uuid::new_v4().into_bytes();
    bytes[..4].copy_from_slice(&*TAG);
    Uuid::from_bytes(bytes)
}

/// What this process's claims begin with.
pub fn own_tag() -> i64 {
    i64::from(u32::from_be_bytes(*TAG))
}

/// The tag of the process that made this claim ([`own_tag`]).
pub fn tag_of(claim: Uuid) -> i64 {
    (claim.as_u128() >> 96) as i64
}

impl Task {
    /// Whether a process is working on it.
    pub fn is_held(&self) -> bool {
        self.claim.is_some() && self.lease_seconds.is_some_and(|seconds| seconds > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_tell_whose_they_are() {
        let (one, another) = (token(), token());
        assert_ne!(one, another);
        assert_eq!(tag_of(one), own_tag());
        assert_eq!(tag_of(another), own_tag());
        assert_eq!(one.get_version_num(), 4);
    }
}
