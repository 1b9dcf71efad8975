//! What a request can fail with, and how that is told: `application/problem+json` (RFC 9457).
//!
//! Failures of the server are logged here and nowhere else. The answer also carries its [`Problem`] as an
//! extension, so that pages can show the same words as HTML.

use crate::platform::database::Trouble;
use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What handlers return; `?` turns database errors into it by what they mean.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request failed. The texts are shown to people.
#[derive(Debug)]
pub enum Error {
    /// 400: the request breaks the rules of its protocol.
    Malformed(String),
    /// 401: the password is missing or wrong.
    Unauthorized(String),
    /// 403: it comes from another site, or names another host.
    Forbidden(String),
    /// 404.
    NotFound(String),
    /// 405: the address is right, the method is not.
    MethodNotAllowed,
    /// 409: not in the state that things are in.
    Conflict(String),
    /// 409, with what is in the way.
    ConflictWith {
        /// What happened, in a sentence.
        detail: String,
        /// The fields at fault, if any are.
        errors: Vec<FieldError>,
        /// Further members of the problem.
        members: Map<String, Value>,
    },
    /// 410: it was there and will not come back.
    Gone(String),
    /// 412: a condition of the request does not hold.
    PreconditionFailed(String),
    /// 413.
    TooLarge(String),
    /// 415.
    UnsupportedType(String),
    /// 422: these fields are at fault.
    Invalid(Vec<FieldError>),
    /// 429: too much was tried; nothing is done before that time is over.
    TooManyRequests {
        /// What was too much.
        detail: String,
        /// When to come back.
        retry_after_seconds: u64,
    },
    /// 460, as tus calls it: the bytes are not those that were announced.
    ChecksumMismatch(String),
    /// 503: no room to keep what was sent, until somebody makes some.
    StorageFull(anyhow::Error),
    /// 503: worth another try in a few seconds.
    Unavailable(anyhow::Error),
    /// 500: a bug.
    Internal(anyhow::Error),
}

/// What is wrong with one field of a form or one option of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// An error as it is told: the members of RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!(Error::invalid("limit", "Say how many, from 1 to 500.").problem()))]
pub struct Problem {
    /// The HTTP status, which is all the type there is.
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16)]
    pub status: StatusCode,
    /// A few words, the same for each status.
    pub title: &'static str,
    /// What happened here, and the way out.
    pub detail: String,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Further members, as RFC 9457 allows.
    #[serde(flatten)]
    #[schema(ignore)]
    pub members: Map<String, Value>,
}

const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");
/// A disk is not emptied in a few seconds.
const RETRY_AFTER_ROOM_SECONDS: HeaderValue = HeaderValue::from_static("60");
const AWAY: &str = "The server cannot reach its database or its files at the moment, or they take too long. Please try again in a few seconds.";
const METHOD: &str = "This address cannot be used like that. Go back and start again from one of the pages.";
const QUERY: &str =
    "The address, or what was sent to it, is not as it should be. Go back and start again from one of the pages.";
const MUCH: &str = "That is more than can be taken here. Shorten it, then try again.";
const TYPE: &str =
    "What was sent is of a kind that cannot be read here. Go back and start again from one of the pages.";
const FULL: &str = "The server's disk is full, so nothing more can be kept. Make room on it, then try again.";
const BUG: &str = "Something went wrong on the server. Its log says what. Please try again.";

impl Error {
    /// A failure passed on with context; a full disk or a database that is away is recognised inside it.
    pub fn from_failure(failure: anyhow::Error) -> Self {
        match Trouble::within(&failure) {
            Trouble::DiskFull => Self::StorageFull(failure),
            Trouble::Away => Self::Unavailable(failure),
            Trouble::Other => Self::Internal(failure),
        }
    }

    /// What an answer means that came from the web framework and not from here.
    pub fn of_status(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Some(Self::Malformed(QUERY.into())),
            StatusCode::METHOD_NOT_ALLOWED => Some(Self::MethodNotAllowed),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::TooLarge(MUCH.into())),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(Self::UnsupportedType(TYPE.into())),
            _ => None,
        }
    }

    /// One field at fault.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// The error's status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) | Self::ConflictWith { .. } => StatusCode::CONFLICT,
            Self::Gone(_) => StatusCode::GONE,
            Self::PreconditionFailed(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::ChecksumMismatch(_) => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
            Self::StorageFull(_) | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A few words for the status.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "Request not understood",
            Self::Unauthorized(_) => "Not signed in",
            Self::Forbidden(_) => "Not allowed",
            Self::NotFound(_) => "Not found",
            Self::MethodNotAllowed => "Not possible at this address",
            Self::Conflict(_) | Self::ConflictWith { .. } => "Not possible now",
            Self::Gone(_) => "No longer there",
            Self::PreconditionFailed(_) => "Another version is needed",
            Self::TooLarge(_) => "Too large",
            Self::UnsupportedType(_) => "Wrong kind of content",
            Self::Invalid(_) => "Please check what was entered",
            Self::TooManyRequests { .. } => "Too many tries",
            Self::ChecksumMismatch(_) => "Damaged on the way",
            Self::StorageFull(_) => "No room left",
            Self::Unavailable(_) => "Not available right now",
            Self::Internal(_) => "Something went wrong",
        }
    }

    /// What happened, in a sentence.
    pub fn detail(&self) -> String {
        match self {
            Self::Malformed(detail)
            | Self::Unauthorized(detail)
            | Self::TooManyRequests { detail, .. }
            | Self::Forbidden(detail)
            | Self::NotFound(detail)
            | Self::Conflict(detail)
            | Self::ConflictWith { detail, .. }
            | Self::Gone(detail)
            | Self::PreconditionFailed(detail)
            | Self::TooLarge(detail)
            | Self::UnsupportedType(detail)
            | Self::ChecksumMismatch(detail) => detail.clone(),
            Self::Invalid(errors) => errors
                .iter()
                .map(|error| error.message.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            Self::MethodNotAllowed => METHOD.into(),
            Self::StorageFull(_) => FULL.into(),
            Self::Unavailable(_) => AWAY.into(),
            Self::Internal(_) => BUG.into(),
        }
    }

    /// The error as it is told.
    pub fn problem(&self) -> Problem {
        let (errors, members) = match self {
            Self::Invalid(errors) => (errors.clone(), Map::new()),
            Self::ConflictWith { errors, members, .. } => (errors.clone(), members.clone()),
            _ => (Vec::new(), Map::new()),
        };
        Problem {
            status: self.status(),
            title: self.title(),
            detail: self.detail(),
            errors,
            members,
        }
    }

    /// Tells the log about failures that are the server's.
    fn log(&self) {
        match self {
            Self::Internal(cause) => tracing::error!(cause = format!("{cause:#}"), "a request failed"),
            Self::StorageFull(cause) => tracing::error!(cause = format!("{cause:#}"), "the disk is full"),
            Self::Unavailable(cause) => tracing::warn!(cause = format!("{cause:#}"), "the database is away"),
            _ => {}
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::from_failure(error.into())
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::from_failure(error.into())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let problem = self.problem();
        let mut response = (problem.status, Json(&problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Self::Unavailable(_) => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
            }
            Self::StorageFull(_) => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_ROOM_SECONDS);
            }
            Self::TooManyRequests {
                retry_after_seconds, ..
            } => {
                headers.insert(RETRY_AFTER, retry_after_seconds.into());
            }
            Self::Unauthorized(_) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response.extensions_mut().insert(problem);
        response
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it like this")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_fields() -> serde_json::Result<()> {
        let problem = serde_json::to_value(Error::invalid("mode", "Choose a mode.").problem())?;
        let expected = serde_json::json!({
            "status": 422, "title": "Please check what was entered", "detail": "Choose a mode.",
            "errors": [{"field": "mode", "message": "Choose a mode."}],
        });
        assert_eq!(problem, expected);
        Ok(())
    }

    #[test]
    fn a_database_that_is_away_asks_to_come_back() {
        let response = Error::from(sqlx::Error::PoolTimedOut).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(RETRY_AFTER));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn a_full_disk_asks_to_come_back_when_there_is_room() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = Error::from_failure(anyhow::Error::new(full).context("cannot keep a piece"));
        assert!(error.detail().contains("disk is full"), "{}", error.detail());
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "60");
    }

    #[test]
    fn damage_has_the_status_of_tus() {
        assert_eq!(Error::ChecksumMismatch(String::new()).status().as_u16(), 460);
    }
}
