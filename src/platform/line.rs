//! A line to a server elsewhere: TCP, or TLS over it.
//!
//! One place decides whom to trust, whatever is spoken on the line.

use crate::config::{BrokerSettings, BrokerTrust};
use anyhow::Context as _;
use std::fmt;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, WantsVerifier,
};
use tokio_util::either::Either;

/// A server that takes longer to come to the line counts as gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes in both directions.
pub type Line = Either<TcpStream, TlsStream<TcpStream>>;

/// How to speak TLS, and whom to trust. Cloning is cheap.
#[derive(Clone)]
pub struct Tls(TlsConnector);

/// Opens a line.
///
/// # Errors
/// When nobody answers, or the certificate is not trusted.
pub async fn open(host: &str, port: u16, tls: Option<&Tls>) -> io::Result<Line> {
    let opening = async {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let Some(Tls(connector)) = tls else {
            return Ok(Either::Left(stream));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Either::Right(connector.connect(name, stream).await?))
    };
    let opened = tokio::time::timeout(PATIENCE, opening).await;
    opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The socket under a line once more, for whoever is to cut it.
///
/// # Errors
/// When too many files are open.
pub fn socket(line: &Line) -> io::Result<std::net::TcpStream> {
    let stream = match line {
        Either::Left(stream) => stream,
        Either::Right(encrypted) => encrypted.get_ref().0,
    };
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

impl Tls {
    /// TLS as the settings want it.
    ///
    /// # Errors
    /// When the file of certificates cannot be read.
    pub fn of(settings: &BrokerSettings) -> anyhow::Result<Self> {
        match settings.broker_tls {
            BrokerTrust::Verify => Self::verifying(settings.broker_ca_file.as_deref()),
            BrokerTrust::Require => Self::with(|config, provider| {
                let anybody = Arc::new(Anybody(provider));
                Ok(config
                    .dangerous()
                    .with_custom_certificate_verifier(anybody)
                    .with_no_client_auth())
            }),
        }
    }

    /// TLS with whoever has a certificate of the public authorities or of those in the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn verifying(ca_file: Option<&Path>) -> anyhow::Result<Self> {
        Self::with(|config, _| Ok(config.with_root_certificates(roots(ca_file)?).with_no_client_auth()))
    }

    fn with(
        trusting: impl FnOnce(
            ConfigBuilder<ClientConfig, WantsVerifier>,
            Arc<CryptoProvider>,
        ) -> anyhow::Result<ClientConfig>,
    ) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        Ok(Self(TlsConnector::from(Arc::new(trusting(config, provider)?))))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tls")
    }
}

/// The public authorities, which are built in so that a container without any files of its own knows them, and those
/// of the file.
///
/// # Errors
/// When the file cannot be read, or has no certificate in it.
pub fn roots(file: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let Some(file) = file else {
        return Ok(roots);
    };
    let public = roots.len();
    let cannot = || format!("cannot read certificates from {}", file.display());
    for certificate in CertificateDer::pem_file_iter(file).with_context(cannot)? {
        roots.add(certificate.with_context(cannot)?).with_context(cannot)?;
    }
    anyhow::ensure!(roots.len() > public, "{} has no certificate in it", file.display());
    Ok(roots)
}

/// Takes any certificate, as `sslmode=require` does: nobody can listen, but anybody can pretend to be the server.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
