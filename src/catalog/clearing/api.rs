//! `/api/v1/products` as a whole: deleting everything, and bringing it back.

use super::{clear, restore};
use crate::http::Error;
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

/// What an address says besides.
#[derive(Deserialize)]
pub struct ClearQuery {
    /// How many products there are, as far as whoever asks knows.
    expected: Option<String>,
}

/// What was deleted.
#[derive(Serialize)]
pub struct Deleted {
    deleted: i64,
}

/// What was brought back.
#[derive(Serialize)]
pub struct Restored {
    restored: i64,
}

/// `DELETE /products?expected=N`: deletes every product.
pub async fn clear_all(
    State(database): State<Database>,
    Query(query): Query<ClearQuery>,
) -> Result<Json<Deleted>, Error> {
    let expected = query.expected.as_deref().and_then(|number| number.parse().ok());
    let expected = expected.filter(|number| *number >= 0).ok_or_else(|| {
        Error::invalid(
            "expected",
            "Say how many products there are, as in ?expected=500000: nothing is deleted unless the number is right.",
        )
    })?;
    let cleared = clear(&database, expected).await?;
    Ok(Json(Deleted { deleted: cleared.all() }))
}

/// `PUT /products/restoration`: brings back what was deleted last.
pub async fn restore_all(State(database): State<Database>) -> Result<Json<Restored>, Error> {
    let restored = restore(&database).await?;
    Ok(Json(Restored { restored }))
}
