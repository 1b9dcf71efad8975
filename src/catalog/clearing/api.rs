//! `/api/v1/products` as a whole: deleting everything, and bringing it back.

use super::{clear, restore};
use crate::http::Error;
use crate::platform::database::Database;
use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};

/// What an address says besides.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClearQuery {
    /// How many products there are, as far as whoever asks knows.
    #[param(value_type = u64, required = true, example = 500_000)]
    expected: Option<String>,
}

/// What was deleted.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductsDeleted)]
pub struct Deleted {
    /// So many products.
    deleted: i64,
}

/// What was brought back.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProductsRestored)]
pub struct Restored {
    /// So many products.
    restored: i64,
}

/// Deletes all products
///
/// Nothing is deleted unless `expected` is their number. For 24 hours it can be undone.
#[utoipa::path(
    delete,
    path = "/products",
    operation_id = "delete_all_products",
    tag = "Products",
    params(ClearQuery),
    responses(
        (status = 200, description = "All products are deleted. For 24 hours they can be brought back, while the catalogue is still empty.", body = Deleted),
        (status = 409, description = "There are not as many products, an import is being merged, or somebody reads the whole catalogue: `detail` says which. Nothing was deleted."),
        (status = 422, description = "`expected` is missing or no number."),
    )
)]
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

/// Brings back all products that were deleted
///
/// Within 24 hours, and while the catalogue is still empty.
#[utoipa::path(
    put,
    path = "/products/restoration",
    operation_id = "restore_all_products",
    tag = "Products",
    responses(
        (status = 200, description = "The products that were deleted last are back.", body = Restored),
        (status = 409, description = "There is nothing to bring back, or the catalogue has products again."),
    )
)]
pub async fn restore_all(State(database): State<Database>) -> Result<Json<Restored>, Error> {
    let restored = restore(&database).await?;
    Ok(Json(Restored { restored }))
}
