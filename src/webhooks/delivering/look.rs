//! Looking for work: claim free lanes, and fetch what is due in them and in those already held.

use super::Delivering;
use super::claim_queries as queries;
use super::lane::{Due, Lane, Wish};
use super::target::{KeptTarget, Target};
use crate::platform::claim;
use crate::webhooks::payload::BODY_MAX_BYTES;
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a lane is held without being renewed: after a crash, another worker sends at most this much later.
pub const LEASE: Duration = Duration::from_secs(8);
/// A webhook that cannot be sent to for a reason of ours is looked at again after that time.
const SET_ASIDE_FOR: Duration = Duration::from_mins(1);

/// What to look for.
#[derive(Debug)]
pub struct Look {
    /// How many free lanes may be claimed.
    pub lanes: usize,
    pub wishes: Vec<Wish>,
    /// How many bytes of bodies there is room for.
    pub room_bytes: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Looked {
    pub lanes: Vec<Lane>,
    /// What was fetched for each wish, and whether there may be more.
    pub fetched: Vec<(Wish, Vec<Due>, bool)>,
    pub now: Option<(DateTime<Utc>, Instant)>,
}

pub async fn look(delivering: &Delivering, look: Look) -> sqlx::Result<Looked> {
    let mut looked = Looked::default();
    if look.lanes > 0 {
        let (token, began) = (claim::token(), Instant::now());
        for kept in queries::claim(&delivering.pool, token, LEASE, look.lanes as i64).await? {
            looked.now = Some((kept.now, Instant::now()));
            looked.lanes.extend(open(delivering, &kept, token, began).await?);
        }
    }
    let mut wishes = look.wishes;
    wishes.extend(looked.lanes.iter().flat_map(Lane::wishes));
    if wishes.is_empty() || look.room_bytes < BODY_MAX_BYTES {
        return Ok(looked);
    }
    let mut found: Vec<Vec<Due>> = wishes.iter().map(|_| Vec::new()).collect();
    let mut room_bytes = look.room_bytes;
    for fetched in queries::fetch(&delivering.pool, &wishes, look.room_bytes as i64).await? {
        room_bytes = room_bytes.saturating_sub(fetched.due.body.len());
        if let Some(found) = found.get_mut(fetched.wish as usize - 1) {
            found.push(fetched.due);
        }
    }
    // The last one may have been passed over for its size.
    let is_full = room_bytes < BODY_MAX_BYTES;
    let fetched = wishes.into_iter().zip(found).map(|(wish, found)| {
        let has_more = is_full || found.len() >= wish.room;
        (wish, found, has_more)
    });
    looked.fetched = fetched.collect();
    Ok(looked)
}

/// A claimed lane; one whose secrets cannot be read is set aside.
async fn open(delivering: &Delivering, kept: &KeptTarget, token: Uuid, began: Instant) -> sqlx::Result<Option<Lane>> {
    match Target::open(kept, &delivering.sealing) {
        Ok(target) => Ok(Some(Lane::new(kept.id, token, began + LEASE, target, kept.backlog()))),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(webhook_id = kept.id, error, "a webhook cannot be sent to");
            queries::set_aside(&delivering.pool, (kept.id, token), SET_ASIDE_FOR, &error).await?;
            Ok(None)
        }
    }
}
