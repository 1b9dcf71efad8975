//! Why a delivery did not arrive, in the words of whoever has to do something about it.

use crate::webhooks::address::Refusal;
use axum::http::StatusCode;
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;
use tokio_rustls::rustls::{self, CertificateError};

/// Why a delivery did not arrive; its `Display` is for the crew.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the line each of them shows says what it is")]
pub enum Trouble {
    /// The address, or a header, is one that nothing is sent with.
    Refused(Refusal),
    Header(String),
    NoSuchHost(String),
    NamesDoNotAnswer(String),
    ConnectionRefused,
    Unreachable,
    BrokenOff,
    /// The deadline passed.
    Late(Step, Duration),
    Certificate(&'static str),
    /// What is there does not speak TLS, or not as we do.
    Tls(String),
    NotHttp,
    TooLongHead,
    /// The answer was a redirect, and where to.
    Redirected(Option<String>),
    /// The answer was another than "taken".
    Status(u16),
    Other(String),
}

/// What was being done when the deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words each of them shows say what it is")]
pub enum Step {
    LookUp,
    Connect,
    Handshake,
    Answer,
    Body,
}

impl Trouble {
    /// What went wrong with a connection.
    pub(super) fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        if let Some(error) = cause::<rustls::Error>(error) {
            return Self::of_tls(error);
        }
        match error.kind() {
            Kind::ConnectionRefused => Self::ConnectionRefused,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
                Self::Unreachable
            }
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => Self::BrokenOff,
            Kind::TimedOut => Self::Unreachable,
            _ => Self::Other(error.to_string()),
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::Certificate(of_certificate(error)),
            rustls::Error::NoCertificatesPresented => Self::Certificate("the other system showed no certificate"),
            rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
                Self::Tls("the other system does not answer in https; is it http://?".to_owned())
            }
            other => Self::Tls(format!("the encryption could not be agreed on ({other})")),
        }
    }

    /// What went wrong with a request.
    pub(super) fn of_http(error: &hyper::Error) -> Self {
        if let Some(error) = cause::<io::Error>(error) {
            return Self::of_io(error);
        }
        if error.is_parse_too_large() {
            Self::TooLongHead
        } else if error.is_parse() {
            Self::NotHttp
        } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Self::BrokenOff
        } else {
            Self::Other(error.to_string())
        }
    }
}

/// The error, or what it came from, that is of this kind.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    if let Some(found) = error.downcast_ref::<E>() {
        return Some(found);
    }
    // What an io::Error wraps is not its source but its source's.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let next = wrapped
        .map(|error| error as &(dyn Error + 'static))
        .or_else(|| error.source());
    next.and_then(cause)
}

fn of_certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name"
        }
        CertificateError::UnknownIssuer => "the certificate was issued by nobody we know",
        CertificateError::Revoked => "the certificate has been revoked",
        _ => "the certificate is not one that can be trusted",
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(formatter, "{refusal}"),
            Self::Header(name) => write!(formatter, "the header {name} cannot be sent; change it in the webhook"),
            Self::NoSuchHost(name) => write!(formatter, "there is no such host: {name}"),
            Self::NamesDoNotAnswer(name) => {
                write!(
                    formatter,
                    "{name} could not be looked up: the name servers do not answer"
                )
            }
            Self::ConnectionRefused => formatter.write_str("the other system refused the connection"),
            Self::Unreachable => formatter.write_str("the other system cannot be reached from here"),
            Self::BrokenOff => formatter.write_str("the connection was broken off before the answer was complete"),
            Self::Late(step, after) => write!(formatter, "{} within {}", step.words(), seconds(*after)),
            Self::Certificate(words) => formatter.write_str(words),
            Self::Tls(words) | Self::Other(words) => formatter.write_str(words),
            Self::NotHttp => formatter.write_str("what the other system answered is not HTTP"),
            Self::TooLongHead => formatter.write_str("the headers of the answer are too long"),
            Self::Redirected(Some(to)) => {
                write!(
                    formatter,
                    "the other system redirected to {to}; if that is right, enter it as the address"
                )
            }
            Self::Redirected(None) => formatter.write_str("the other system redirected, without saying where"),
            Self::Status(code) => write!(formatter, "the other system answered {}", status(*code)),
        }
    }
}

impl Error for Trouble {}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::LookUp => "the name could not be looked up",
            Self::Connect => "the other system took no connection",
            Self::Handshake => "the other system did not agree on the encryption",
            Self::Answer => "the other system did not answer",
            Self::Body => "the answer did not end",
        }
    }
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

fn status(code: u16) -> String {
    let reason = StatusCode::from_u16(code)
        .ok()
        .and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_told_in_words() {
        let late = Trouble::Late(Step::Answer, Duration::from_secs(15));
        assert_eq!(late.to_string(), "the other system did not answer within 15 seconds");
        assert_eq!(
            Trouble::Status(503).to_string(),
            "the other system answered 503 Service Unavailable"
        );
        assert_eq!(Trouble::Status(599).to_string(), "the other system answered 599");
    }

    #[test]
    fn what_an_error_wraps_is_found() {
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let error = io::Error::new(io::ErrorKind::InvalidData, expired);
        assert_eq!(
            Trouble::of_io(&error),
            Trouble::Certificate("the certificate has expired")
        );
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(Trouble::of_io(&reset), Trouble::BrokenOff);
    }
}
