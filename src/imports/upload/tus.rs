//! tus 1.0: what its headers say. <https://tus.io/protocols/resumable-upload>
//!
//! Core protocol with the extensions creation, checksum (sha1), expiration and termination.

use super::options::{Options, OptionsDraft};
use crate::http::{self, Error};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use sha1::{Digest, Sha1};

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

pub(super) const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
pub(super) const EXTENSIONS: HeaderValue = HeaderValue::from_static("creation,checksum,expiration,termination");
pub(super) const CHECKSUM_ALGORITHMS: HeaderValue = HeaderValue::from_static("sha1");
const PATCH_TYPE: &str = "application/offset+octet-stream";

/// Whether a POST wants to create an upload rather than bring a file.
pub(super) fn is_creation(headers: &HeaderMap) -> bool {
    [TUS_RESUMABLE, UPLOAD_LENGTH, UPLOAD_DEFER_LENGTH]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Refuses other versions of the protocol.
pub(super) fn check_version(headers: &HeaderMap) -> http::Result<()> {
    if headers.get(TUS_RESUMABLE) == Some(&VERSION) {
        return Ok(());
    }
    Err(Error::PreconditionFailed(
        "Only version 1.0.0 of the tus protocol is spoken here. Send `Tus-Resumable: 1.0.0`.".into(),
    ))
}

/// A request to create an upload.
#[derive(Debug)]
pub(super) struct Creation {
    pub length: i64,
    pub options: Options,
    pub metadata: Option<String>,
}

impl Creation {
    pub(super) fn of(headers: &HeaderMap) -> http::Result<Self> {
        let Some(length) = number(headers, &UPLOAD_LENGTH)? else {
            return Err(Error::Malformed(
                "Upload-Length has to say how long the file is.".into(),
            ));
        };
        let metadata = text(headers, &UPLOAD_METADATA)?.map(str::to_owned);
        let options = options_of(metadata.as_deref().unwrap_or_default())?;
        Ok(Self {
            length,
            options,
            metadata,
        })
    }
}

/// A request that brings bytes.
#[derive(Debug)]
pub(super) struct Patch {
    pub offset: i64,
    pub length: Option<i64>,
    pub checksum: Option<Checksum>,
}

impl Patch {
    pub(super) fn of(headers: &HeaderMap) -> http::Result<Self> {
        if text(headers, &CONTENT_TYPE)? != Some(PATCH_TYPE) {
            return Err(Error::UnsupportedType(format!(
                "The pieces of a file are sent as {PATCH_TYPE}."
            )));
        }
        let Some(offset) = number(headers, &UPLOAD_OFFSET)? else {
            return Err(Error::Malformed(
                "Upload-Offset has to say where the bytes belong.".into(),
            ));
        };
        let checksum = text(headers, &UPLOAD_CHECKSUM)?.map(Checksum::of).transpose()?;
        Ok(Self {
            offset,
            length: number(headers, &CONTENT_LENGTH)?,
            checksum,
        })
    }
}

/// A checksum that bytes are held against.
#[derive(Debug)]
pub(super) struct Checksum {
    expected: Vec<u8>,
    seen: Sha1,
}

impl Checksum {
    fn of(header: &str) -> http::Result<Self> {
        let unknown = || Error::Malformed("Upload-Checksum has to be “sha1” and the checksum in Base64.".into());
        let (algorithm, expected) = header.split_once(' ').ok_or_else(unknown)?;
        let expected = STANDARD.decode(expected.trim()).map_err(|_| unknown())?;
        if algorithm != "sha1" || expected.len() != Sha1::output_size() {
            return Err(unknown());
        }
        Ok(Self {
            expected,
            seen: Sha1::new(),
        })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.seen.update(bytes);
    }

    pub(super) fn matches(self) -> bool {
        self.seen.finalize()[..] == self.expected[..]
    }
}

/// A time as `Upload-Expires` writes it.
pub(super) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// An answer as tus wants it: with our version, and the versions we speak when another was asked for.
pub(super) fn as_tus(mut response: Response) -> Response {
    let refused = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, VERSION);
    if refused {
        headers.insert(TUS_VERSION, VERSION);
    }
    response
}

/// Inserts a value that is known to be visible ASCII.
pub(super) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Metadata is `key base64, key base64, …`; a key may stand alone.
fn options_of(metadata: &str) -> http::Result<Options> {
    let mut draft = OptionsDraft::default();
    for pair in metadata.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if OptionsDraft::knows(key) {
            draft.set(key, decode(key, value.trim())?);
        }
    }
    draft.finish()
}

fn decode(key: &str, value: &str) -> http::Result<String> {
    let text = STANDARD
        .decode(value)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| Error::invalid(key, format!("The value of {key} is not text in Base64.")))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> http::Result<Option<i64>> {
    let Some(value) = text(headers, name)? else {
        return Ok(None);
    };
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Error::Malformed(format!("{name} has to be a number.")));
    }
    // Digits that do not fit are a size beyond every limit.
    Ok(Some(value.parse().unwrap_or(i64::MAX)))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> http::Result<Option<&'h str>> {
    let value = headers.get(name).map(HeaderValue::to_str).transpose();
    value.map_err(|_| Error::Malformed(format!("{name} has characters that no header may have.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::Mode;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn metadata_brings_the_options() -> http::Result<()> {
        let metadata = "filename c3ByaW5nLmNzdg==,filetype dGV4dC9jc3Y=, mode Y3JlYXRlX29ubHk=,is_confidential";
        let options = options_of(metadata)?;
        assert_eq!(
            (options.filename.as_str(), options.mode),
            ("spring.csv", Mode::CreateOnly)
        );
        Ok(())
    }

    #[test]
    fn bad_metadata_names_its_field() {
        for (metadata, field) in [
            ("filename %%%", "filename"),
            ("mode bm8=", "mode"),
            ("filename /w==", "filename"),
        ] {
            let Err(Error::Invalid(errors)) = options_of(metadata) else {
                panic!("{metadata} was accepted")
            };
            assert_eq!(errors[0].field, field);
        }
    }

    #[test]
    fn numbers_have_only_digits() {
        for length in ["-1", "+1", "1.5", "", "ten"] {
            assert!(matches!(
                Creation::of(&headers(&[("upload-length", length)])),
                Err(Error::Malformed(_))
            ));
        }
        let endless = headers(&[("upload-length", "99999999999999999999999")]);
        assert!(Creation::of(&endless).is_ok_and(|creation| creation.length == i64::MAX));
    }

    #[test]
    fn a_checksum_is_compared() -> http::Result<()> {
        let of_hello = "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=";
        let mut checksum = Checksum::of(of_hello)?;
        checksum.update(b"hel");
        checksum.update(b"lo");
        assert!(checksum.matches());
        assert!(!Checksum::of(of_hello)?.matches());
        assert!(Checksum::of("md5 qvTGHdzF6KLavt4PO0gs2a6pQ00=").is_err());
        assert!(Checksum::of("sha1 AAAA").is_err());
        Ok(())
    }

    #[test]
    fn times_are_written_as_http_writes_them() {
        assert_eq!(http_date(DateTime::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
