//! Renewing the leases of lanes, and seeing on the way what was changed about their webhooks.

use super::Delivering;
use super::claim_queries as queries;
use super::look::LEASE;
use super::target::{KeptTarget, Target};
use std::collections::HashMap;
use tokio::time::Instant;
use uuid::Uuid;

/// What became of leases.
#[derive(Debug)]
pub struct Renewal {
    pub asked_at: Instant,
    /// Lanes that somebody else has, or whose webhooks are gone.
    pub lost: Vec<(i64, Uuid)>,
    /// Lanes that are held on, and whether anything is to be sent.
    pub kept: Vec<(i64, Uuid, bool)>,
    /// What leads elsewhere by now.
    pub changed: Vec<(Uuid, KeptTarget, Target)>,
}

/// Renews the leases of these webhooks' lanes: their ids, claims and versions as they are known here.
pub async fn renew(delivering: &Delivering, held: Vec<(i64, Uuid, i32)>, asked_at: Instant) -> sqlx::Result<Renewal> {
    let pool = &delivering.pool;
    let claims: Vec<(i64, Uuid)> = held.iter().map(|(id, claim, _)| (*id, *claim)).collect();
    let mut renewed: HashMap<i64, queries::Renewed> = queries::renew(pool, &claims, LEASE)
        .await?
        .into_iter()
        .map(|lane| (lane.webhook_id, lane))
        .collect();
    let mut renewal = Renewal {
        asked_at,
        lost: Vec::new(),
        kept: Vec::new(),
        changed: Vec::new(),
    };
    let mut changed: HashMap<i64, Uuid> = HashMap::new();
    for (id, claim, version) in held {
        let Some(lane) = renewed.remove(&id) else {
            renewal.lost.push((id, claim));
            continue;
        };
        renewal.kept.push((id, claim, lane.is_open));
        if lane.is_open && lane.version != version {
            changed.insert(id, claim);
        }
    }
    if changed.is_empty() {
        return Ok(renewal);
    }
    let ids: Vec<i64> = changed.keys().copied().collect();
    for kept in queries::targets(pool, &ids).await? {
        match (changed.get(&kept.id), Target::open(&kept, &delivering.sealing)) {
            (Some(claim), Ok(target)) => renewal.changed.push((*claim, kept, target)),
            // Given back, it is set aside by whoever claims it next.
            (Some(claim), Err(_)) => renewal.lost.push((kept.id, *claim)),
            (None, _) => {}
        }
    }
    Ok(renewal)
}
