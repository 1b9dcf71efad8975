//! Serving a router over HTTP/1.1, to which every proxy that we know speaks.
//!
//! hyper is told the version. Where it has to find that out (as `axum::serve` has it), it reads the first bytes apart,
//! and its buffer for reading grows to twice the size: for a thousand open streams, eight megabytes for nothing.

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;

/// How long a client may take for the head of a request, and a connection wait for the next one. Proxies that keep
/// connections, Heroku's among them, give them up after 90 seconds.
const HEAD_TIMEOUT: Duration = Duration::from_mins(2);

/// Serves until `stop` is over; then takes no more connections, and lets the requests end that are under way.
pub async fn serve(mut listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut stop => break,
        };
        let connection = connections.watch(connection(stream, address, router.clone()));
        tokio::spawn(async move {
            // A client that goes away in the middle of something is nobody's fault here.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// One connection, whose requests know where they come from.
fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
) -> impl GracefulConnection<Error = hyper::Error> + Send {
    // Answers are written whole, and events must not wait for the next ones. Where it cannot be set they are only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
}
