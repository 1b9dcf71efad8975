//! Encryption towards receivers.

use super::trouble::{Step, Trouble};
use crate::platform::line::roots;
use anyhow::Context as _;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;

/// What encrypts connections, trusting the public authorities and those of `file`.
pub fn connector(file: Option<&Path>) -> anyhow::Result<TlsConnector> {
    let place = file.unwrap_or(Path::new("")).display();
    let trusted = roots(file).with_context(|| format!("WEBHOOK_CA_FILE={place}"))?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Agrees on encryption with the receiver called `host`.
pub async fn encrypt<T: AsyncRead + AsyncWrite + Unpin>(
    connector: &TlsConnector,
    host: &str,
    stream: T,
    (deadline, patience): (Instant, std::time::Duration),
) -> Result<TlsStream<T>, Trouble> {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Trouble::Tls(format!("{host} is no name that a certificate could be for")))?;
    match tokio::time::timeout_at(deadline, connector.connect(name, stream)).await {
        Ok(agreed) => agreed.map_err(|error| Trouble::of_io(&error)),
        Err(_) => Err(Trouble::Late(Step::Handshake, patience)),
    }
}
