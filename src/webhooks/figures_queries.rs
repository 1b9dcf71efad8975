//! The SQL of what whoever keeps the program running wants to know of webhooks.

use crate::platform::claim::Task;
use sqlx::PgPool;

/// Of deliveries that wait no more are counted: it is asked for every few seconds, and more tells nobody more.
const MOST_COUNTED: i64 = 10_001;

/// Deliveries that wait, and what came of all attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, sqlx::FromRow)]
pub struct DeliveryFigures {
    /// Not delivered yet, those that are tried again later included; counted up to [`MOST_COUNTED`].
    pub pending: i64,
    /// Those of them that should have been sent by now: no backlog, which is sent at a gentle pace, and nothing for a
    /// receiver that has asked for a rest. Counted alike.
    pub due: i64,
    /// For how long the first of them should have been.
    pub oldest_due_seconds: f64,
    /// Of all attempts ever made, also in hours that have been swept.
    pub attempts_delivered: i64,
    pub attempts_failed: i64,
}

pub async fn deliveries(pool: &PgPool) -> sqlx::Result<DeliveryFigures> {
    sqlx::query_as(
        "WITH served AS (SELECT id, coalesce(backlog_upto, 0) AS backlog_upto, rest_until
                         FROM webhooks LEFT JOIN webhook_lanes ON webhook_id = id
                         WHERE enabled AND paused_at IS NULL)
         SELECT pending, due, oldest_due_seconds, attempts_delivered, attempts_failed
         FROM (SELECT count(*) AS pending
               FROM (SELECT FROM webhook_deliveries JOIN served ON served.id = webhook_id
                     WHERE state = 'pending' LIMIT $1) AS first_ones) AS waiting,
              (SELECT count(*) AS due
               FROM (SELECT FROM webhook_deliveries JOIN served ON served.id = webhook_id
                     WHERE state = 'pending' AND webhook_deliveries.id > backlog_upto
                       AND next_attempt_at <= now() AND (rest_until IS NULL OR rest_until <= now())
                     LIMIT $1) AS first_ones) AS late,
              (SELECT coalesce(greatest(extract(epoch FROM now() - min(greatest(earliest, rest_until))), 0), 0)::float8
                      AS oldest_due_seconds
               FROM served CROSS JOIN LATERAL
                    (SELECT next_attempt_at AS earliest FROM webhook_deliveries
                     WHERE webhook_id = served.id AND state = 'pending' AND webhook_deliveries.id > backlog_upto
                     ORDER BY next_attempt_at LIMIT 1) AS first) AS oldest,
              (SELECT coalesce(sum(delivered), 0)::bigint AS attempts_delivered,
                      coalesce(sum(failed), 0)::bigint AS attempts_failed
               FROM (SELECT delivered, failed FROM webhook_hours
                     UNION ALL SELECT delivered, failed FROM webhook_hours_swept) AS counted) AS made",
    )
    .bind(MOST_COUNTED)
    .fetch_one(pool)
    .await
}

/// The webhooks that somebody sends to at the moment.
pub async fn lanes(pool: &PgPool) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as(
        "SELECT webhook_id AS id, 'sending' AS stage, claim,
                extract(epoch FROM lease_until - clock_timestamp())::float8 AS lease_seconds, 0::float8 AS age_seconds
         FROM webhook_lanes WHERE claim IS NOT NULL AND lease_until > clock_timestamp() ORDER BY webhook_id",
    )
    .fetch_all(pool)
    .await
}
