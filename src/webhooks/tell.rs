//! Telling of a change, in its transaction: an event, and a delivery for each webhook that asked.
//!
//! Where nobody asked this is one small statement and nothing more; else it is two, however many changes there are.

use super::change::{CatalogueChange, Change, ChangeKind};
use super::payload;
use super::telling_queries::{self as queries, Asking, NewDelivery, NewEvent};
use sqlx::PgConnection;
use uuid::Uuid;

const PRODUCT_EVENTS: [&str; 3] = ["product.created", "product.updated", "product.deleted"];

/// Tells of changes to products that have just been made in this transaction. They are not looked at unless somebody
/// asked for any.
///
/// # Errors
/// Those of the database. Roll back then: a change must not be untold.
pub async fn tell(connection: &mut PgConnection, changes: impl IntoIterator<Item = Change>) -> sqlx::Result<()> {
    let asking = queries::asking(connection, &PRODUCT_EVENTS).await?;
    if asking.is_empty() {
        return Ok(());
    }
    let (mut events, mut deliveries) = (Vec::new(), Vec::new());
    for change in changes {
        let asked: Vec<i64> = asking
            .iter()
            .filter(|asking| asking.asks_for(&change))
            .map(|asking| asking.id)
            .collect();
        if asked.is_empty() {
            continue;
        }
        let id = Uuid::now_v7();
        let product_id = Some(change.product_id);
        deliveries.extend(asked.into_iter().map(|webhook| NewDelivery {
            event: id,
            webhook,
            product: product_id,
        }));
        events.push(NewEvent {
            id,
            product_id,
            product_version: Some(change.version),
            event_type: change.kind.event_type(),
            changed: change.previous.keys().cloned().collect::<Vec<_>>().join(","),
            data: payload::data_of(change),
        });
    }
    queries::add(connection, &events, &deliveries).await
}

/// Tells that everything was deleted or came back, in the transaction in which it did.
///
/// # Errors
/// Those of the database. Roll back then.
pub async fn tell_catalogue(connection: &mut PgConnection, change: CatalogueChange, count: i64) -> sqlx::Result<()> {
    let asking = queries::asking(connection, &[change.event_type()]).await?;
    if asking.is_empty() {
        return Ok(());
    }
    let event = NewEvent {
        id: Uuid::now_v7(),
        product_id: None,
        product_version: None,
        event_type: change.event_type(),
        changed: String::new(),
        data: format!("{{\"count\":{count}}}"),
    };
    let deliveries: Vec<NewDelivery> = asking
        .iter()
        .map(|asking| NewDelivery {
            event: event.id,
            webhook: asking.id,
            product: None,
        })
        .collect();
    queries::add(connection, &[event], &deliveries).await
}

/// The `webhook-id` of an event, by which receivers know it again.
pub fn message_id(event_id: Uuid) -> String {
    format!("msg_{}", event_id.simple())
}

impl Asking {
    fn asks_for(&self, change: &Change) -> bool {
        let wants_fields = match &self.only_fields {
            Some(fields) if change.kind == ChangeKind::Updated => {
                fields.iter().any(|field| change.previous.contains_key(field))
            }
            _ => true,
        };
        wants_fields && self.events.iter().any(|event| event == change.kind.event_type())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value};

    fn change(kind: ChangeKind, changed: &[&str]) -> Change {
        Change {
            product_id: 1,
            version: 1,
            kind,
            product: Map::new(),
            previous: changed.iter().map(|field| ((*field).to_owned(), Value::Null)).collect(),
        }
    }

    fn asking(events: &[&str], only_fields: Option<&[&str]>) -> Asking {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Asking {
            id: 1,
            events: owned(events),
            only_fields: only_fields.map(owned),
        }
    }

    #[test]
    fn a_webhook_is_told_what_it_asked_for() {
        let updates = asking(&["product.updated"], None);
        assert!(updates.asks_for(&change(ChangeKind::Updated, &["sku"])));
        assert!(!updates.asks_for(&change(ChangeKind::Created, &[])));

        let names = asking(&["product.updated", "product.deleted"], Some(&["name"]));
        assert!(names.asks_for(&change(ChangeKind::Updated, &["description", "name"])));
        assert!(!names.asks_for(&change(ChangeKind::Updated, &["description", "sku"])));
        assert!(
            names.asks_for(&change(ChangeKind::Deleted, &[])),
            "only of updates are fields asked"
        );
    }
}
