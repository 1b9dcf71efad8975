//! HTTP for talking to a bucket, over our own lines: HTTP/1, one TLS, one rule of whom to trust.

use crate::platform::line::{self, Line, Tls};
use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

/// Connections that are not needed are kept for so long.
const IDLE: Duration = Duration::from_secs(30);

/// A client of HTTP. Cloning shares its connections.
#[derive(Clone, Debug)]
pub(super) struct Web(Client<Dialler, HttpRequestBody>);

/// Opens lines to wherever an address points.
#[derive(Clone, Debug)]
struct Dialler(Tls);

/// A line as hyper wants it.
struct Wire(TokioIo<Line>);

impl Web {
    pub fn new(tls: Tls) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        Self(builder.pool_idle_timeout(IDLE).build(Dialler(tls)))
    }
}

impl HttpConnector for Web {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Web {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = if error.is_connect() {
                HttpErrorKind::Connect
            } else {
                HttpErrorKind::Request
            };
            HttpError::new(kind, error)
        })?;
        Ok(answer
            .map(|body| HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)))))
    }
}

impl Service<Uri> for Dialler {
    type Response = Wire;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let tls = (address.scheme_str() == Some("https")).then(|| self.0.clone());
        let port = address.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
        Box::pin(async move {
            let host = address
                .host()
                .ok_or_else(|| io::Error::other("an address without a host"))?;
            Ok(Wire(TokioIo::new(line::open(host, port, tls.as_ref()).await?)))
        })
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
