//! HTTP clients over our own lines: HTTP/1, one TLS, one rule of whom to trust.

use super::line::{self, Line, Tls};
use hyper::Uri;
use hyper::body::Body;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

/// How long connections that are not needed are kept.
const IDLE: Duration = Duration::from_secs(30);

/// Opens lines to wherever an address points.
#[derive(Clone, Debug)]
pub struct Dialler(Tls);

/// A line as hyper wants it.
pub struct Wire(TokioIo<Line>);

/// A client that speaks TLS, where an address wants it, in this way.
pub fn client<B>(tls: Tls) -> Client<Dialler, B>
where
    B: Body + Send,
    B::Data: Send,
{
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE).build(Dialler(tls))
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
