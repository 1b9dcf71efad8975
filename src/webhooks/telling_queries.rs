//! The SQL of telling, which runs within the transactions of changes.

use sqlx::PgConnection;
use uuid::Uuid;

/// A webhook that is to be told of something.
#[derive(Debug, sqlx::FromRow)]
pub struct Asking {
    pub id: i64,
    pub events: Vec<String>,
    pub only_fields: Option<Vec<String>>,
}

pub struct NewEvent {
    pub id: Uuid,
    pub product_id: Option<i64>,
    pub product_version: Option<i32>,
    pub event_type: &'static str,
    /// The changed fields, with commas between them.
    pub changed: String,
    pub data: String,
}

/// Ids.
pub struct NewDelivery {
    pub event: Uuid,
    pub webhook: i64,
    pub product: Option<i64>,
}

/// The webhooks that asked for any of these types of events.
pub async fn asking(connection: &mut PgConnection, event_types: &[&str]) -> sqlx::Result<Vec<Asking>> {
    sqlx::query_as("SELECT id, events, only_fields FROM webhooks WHERE enabled AND events && $1::text[] ORDER BY id")
        .bind(event_types)
        .fetch_all(connection)
        .await
}

/// Writes events and their deliveries.
pub async fn add(connection: &mut PgConnection, events: &[NewEvent], deliveries: &[NewDelivery]) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
    let product_ids: Vec<Option<i64>> = events.iter().map(|event| event.product_id).collect();
    let versions: Vec<Option<i32>> = events.iter().map(|event| event.product_version).collect();
    let types: Vec<&str> = events.iter().map(|event| event.event_type).collect();
    let changed: Vec<&str> = events.iter().map(|event| &*event.changed).collect();
    let data: Vec<&str> = events.iter().map(|event| &*event.data).collect();
    let event_ids: Vec<Uuid> = deliveries.iter().map(|delivery| delivery.event).collect();
    let webhook_ids: Vec<i64> = deliveries.iter().map(|delivery| delivery.webhook).collect();
    let of_products: Vec<Option<i64>> = deliveries.iter().map(|delivery| delivery.product).collect();
    sqlx::query(
        r#"WITH told AS (
             INSERT INTO webhook_events (id, product_id, product_version, type, changed, body)
             SELECT id, product_id, product_version, type, string_to_array(changed, ','),
                    '{"type":"' || type || '","timestamp":"'
                    || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                    || '","data":' || data || '}'
             FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[])
                  AS event (id, product_id, product_version, type, changed, data)
         )
         INSERT INTO webhook_deliveries (event_id, webhook_id, product_id)
         SELECT * FROM unnest($7::uuid[], $8::bigint[], $9::bigint[])"#,
    )
    .bind(ids)
    .bind(product_ids)
    .bind(versions)
    .bind(types)
    .bind(changed)
    .bind(data)
    .bind(event_ids)
    .bind(webhook_ids)
    .bind(of_products)
    .execute(connection)
    .await?;
    Ok(())
}
