//! The SQL of claiming lanes, keeping them and giving them back, and of fetching what is due.

use super::lane::{Due, Wish};
use super::target::KeptTarget;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// A lane whose lease has been renewed.
#[derive(Debug, sqlx::FromRow)]
pub struct Renewed {
    pub webhook_id: i64,
    pub version: i32,
    /// Whether anything is to be sent.
    pub is_open: bool,
}

/// A delivery that was fetched for one of the wishes.
#[derive(Debug, sqlx::FromRow)]
pub struct Fetched {
    pub wish: i64,
    #[sqlx(flatten)]
    pub due: Due,
}

/// Webhooks as [`KeptTarget`] has them.
macro_rules! targets {
    ($before:literal, $rest:literal) => {
        concat!(
            $before,
            "SELECT id, version, url, headers, secret,
                    CASE WHEN previous_secret_until > now() THEN previous_secret END AS previous_secret,
                    backlog_upto, clock_timestamp() AS now,
                    (SELECT created_at - interval '1 minute' FROM webhook_deliveries
                     WHERE webhook_deliveries.id = backlog_upto) AS backlog_until
             FROM webhooks ",
            $rest
        )
    };
}

/// Claims free lanes to webhooks that have something due, those that have waited longest first. What is due is read
/// later, by a statement of its own: this one may see a lane that was given back after it began, and would still see
/// what was sent before that.
pub async fn claim(pool: &PgPool, token: Uuid, lease: Duration, limit: i64) -> sqlx::Result<Vec<KeptTarget>> {
    sqlx::query_as(targets!(
        "WITH open AS (
             SELECT id FROM webhooks
             WHERE enabled AND paused_at IS NULL
               AND EXISTS (SELECT FROM webhook_deliveries
                           WHERE webhook_id = webhooks.id AND state = 'pending' AND next_attempt_at <= now())
         ), free AS (
             SELECT webhook_id FROM webhook_lanes
             WHERE webhook_id IN (SELECT id FROM open)
               AND (lease_until IS NULL OR lease_until < now()) AND (rest_until IS NULL OR rest_until <= now())
             ORDER BY lease_until NULLS FIRST, last_attempt_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED
         ), claimed AS (
             UPDATE webhook_lanes SET claim = $1, lease_until = now() + $2
             WHERE webhook_id IN (SELECT webhook_id FROM free) RETURNING webhook_id
         ), made AS (
             INSERT INTO webhook_lanes (webhook_id, claim, lease_until)
             SELECT id, $1, now() + $2 FROM open
             WHERE NOT EXISTS (SELECT FROM webhook_lanes WHERE webhook_id = open.id) LIMIT $3
             ON CONFLICT DO NOTHING RETURNING webhook_id
         ) ",
        "WHERE id IN (SELECT webhook_id FROM claimed UNION ALL SELECT webhook_id FROM made)"
    ))
    .bind(token)
    .bind(lease)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Webhooks as they are now.
pub async fn targets(pool: &PgPool, ids: &[i64]) -> sqlx::Result<Vec<KeptTarget>> {
    sqlx::query_as(targets!("", "WHERE id = ANY($1)"))
        .bind(ids)
        .fetch_all(pool)
        .await
}

/// Renews leases, and says which are still held.
pub async fn renew(pool: &PgPool, held: &[(i64, Uuid)], lease: Duration) -> sqlx::Result<Vec<Renewed>> {
    let (ids, claims): (Vec<i64>, Vec<Uuid>) = held.iter().copied().unzip();
    sqlx::query_as(
        "UPDATE webhook_lanes AS lane SET lease_until = now() + $3
         FROM unnest($1::bigint[], $2::uuid[]) AS held (webhook_id, claim), webhooks
         WHERE lane.webhook_id = held.webhook_id AND lane.claim = held.claim AND webhooks.id = lane.webhook_id
         RETURNING lane.webhook_id, webhooks.version, enabled AND paused_at IS NULL AS is_open",
    )
    .bind(ids)
    .bind(claims)
    .bind(lease)
    .fetch_all(pool)
    .await
}

/// Gives lanes back.
pub async fn release(pool: &PgPool, held: &[(i64, Uuid)]) -> sqlx::Result<()> {
    let (ids, claims): (Vec<i64>, Vec<Uuid>) = held.iter().copied().unzip();
    sqlx::query(
        "UPDATE webhook_lanes AS lane SET claim = NULL, lease_until = NULL
         FROM unnest($1::bigint[], $2::uuid[]) AS held (webhook_id, claim)
         WHERE lane.webhook_id = held.webhook_id AND lane.claim = held.claim",
    )
    .bind(ids)
    .bind(claims)
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives a lane back for nobody to take up before `rest` is over, and says why.
pub async fn set_aside(pool: &PgPool, held: (i64, Uuid), rest: Duration, error: &str) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE webhook_lanes SET claim = NULL, lease_until = NULL, rest_until = now() + $3, last_error = $4
         WHERE webhook_id = $1 AND claim = $2",
    )
    .bind(held.0)
    .bind(held.1)
    .bind(rest)
    .bind(error)
    .execute(pool)
    .await?;
    Ok(())
}

/// Fetches what is due, taking turns between the wishes, up to `max_bytes` of bodies.
///
/// `id + 0` keeps PostgreSQL from walking the webhook's deliveries by their ids, most of which were sent long ago: by its
/// statistics, which know nothing yet of what has just come, that looks as good as the index of what is due.
pub async fn fetch(pool: &PgPool, wishes: &[Wish], max_bytes: i64) -> sqlx::Result<Vec<Fetched>> {
    let webhook_ids: Vec<i64> = wishes.iter().map(|wish| wish.webhook_id).collect();
    let rooms: Vec<i64> = wishes.iter().map(|wish| wish.room as i64).collect();
    let above: Vec<i64> = wishes.iter().map(|wish| wish.above).collect();
    let upto: Vec<i64> = wishes.iter().map(|wish| wish.upto).collect();
    let since: Vec<Option<DateTime<Utc>>> = wishes.iter().map(|wish| wish.since).collect();
    let known: Vec<String> = wishes.iter().map(|wish| array(&wish.known)).collect();
    let busy: Vec<String> = wishes.iter().map(|wish| array(&wish.busy_products)).collect();
    sqlx::query_as(
        "WITH wishes AS MATERIALIZED (
             -- Once for each wish: whatever stands below is reckoned for every row.
             SELECT of_webhook, room, above, upto, since, known::bigint[] AS known, busy::bigint[] AS busy, wish
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::text[],
                         $7::text[])
                  WITH ORDINALITY AS wishes (of_webhook, room, above, upto, since, known, busy, wish)
         )
         SELECT wish, id, webhook_id, event_id, product_id, tries, body FROM (
             SELECT wish, due.id, webhook_id, event_id, due.product_id, tries, body, turn,
                    sum(octet_length(body)) OVER (ORDER BY turn, wish) AS bytes
             FROM wishes CROSS JOIN LATERAL (
                 SELECT id, webhook_id, event_id, product_id, tries,
                        row_number() OVER (ORDER BY next_attempt_at, id) AS turn
                 FROM (SELECT id, webhook_id, event_id, product_id, tries, next_attempt_at FROM webhook_deliveries
                       WHERE webhook_id = of_webhook AND state = 'pending' AND next_attempt_at <= now()
                         AND next_attempt_at >= coalesce(since, '-infinity')
                         AND id + 0 > above AND id + 0 <= upto AND id <> ALL(known)
                         AND (product_id IS NULL OR product_id <> ALL(busy))
                       ORDER BY next_attempt_at, id LIMIT room) AS first
             ) AS due
             JOIN webhook_events ON webhook_events.id = event_id
         ) AS found
         WHERE bytes <= $8 ORDER BY turn, wish",
    )
    .bind(webhook_ids)
    .bind(rooms)
    .bind(above)
    .bind(upto)
    .bind(since)
    .bind(known)
    .bind(busy)
    .bind(max_bytes)
    .fetch_all(pool)
    .await
}

/// As PostgreSQL writes an array: an array of arrays of different lengths it has not.
fn array(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("{{{}}}", ids.join(","))
}
