//! The SQL of what whoever keeps the program running wants to know of webhooks.

use crate::platform::claim::Task;
use sqlx::PgPool;

/// Deliveries that wait, and what came of all attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, sqlx::FromRow)]
pub struct DeliveryFigures {
    /// Not delivered yet, those that are tried again later included. Of more than a million, a million are counted.
    pub pending: i64,
    /// Those of them that could be sent now.
    pub due: i64,
    /// How long the first of them could have been.
    pub oldest_due_seconds: f64,
    /// Of all attempts ever made, also in hours that have been swept.
    pub attempts_delivered: i64,
    pub attempts_failed: i64,
}

pub async fn deliveries(pool: &PgPool) -> sqlx::Result<DeliveryFigures> {
    sqlx::query_as(
        "SELECT pending, due, oldest_due_seconds, attempts_delivered, attempts_failed
         FROM (SELECT count(*) AS pending, count(*) FILTER (WHERE next_attempt_at <= now()) AS due
               FROM (SELECT next_attempt_at FROM webhook_deliveries JOIN webhooks ON webhooks.id = webhook_id
                     WHERE state = 'pending' AND enabled AND paused_at IS NULL LIMIT 1000000) AS first_million) AS waiting,
              (SELECT coalesce(greatest(extract(epoch FROM now() - min(earliest)), 0), 0)::float8 AS oldest_due_seconds
               FROM webhooks CROSS JOIN LATERAL
                    (SELECT next_attempt_at AS earliest FROM webhook_deliveries
                     WHERE webhook_id = webhooks.id AND state = 'pending' ORDER BY next_attempt_at LIMIT 1) AS first
               WHERE enabled AND paused_at IS NULL) AS oldest,
              (SELECT coalesce(sum(delivered), 0)::bigint AS attempts_delivered,
                      coalesce(sum(failed), 0)::bigint AS attempts_failed
               FROM (SELECT delivered, failed FROM webhook_hours
                     UNION ALL SELECT delivered, failed FROM webhook_hours_swept) AS counted) AS made",
    )
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
