//! Which requests of uploads the API's description tells of.

use super::{create, routes};
use utoipa::OpenApi;

/// Sending files, in one go or in pieces.
#[derive(OpenApi)]
#[openapi(paths(
    create::create,
    routes::capabilities,
    routes::file_capabilities,
    routes::show,
    routes::append,
    routes::cancel,
))]
pub struct Description;
