//! Serving a router over HTTP/1.1.
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
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;

/// How long a client may take for the head of a request, and a connection wait for the next one: longer than routers keep
/// theirs, so that none sends a request into one that is being closed. Google's do so for 600 s
/// (<https://cloud.google.com/load-balancing/docs/https/request-distribution#timeout-keepalive-backends>), Heroku's for 90
/// (<https://devcenter.heroku.com/articles/http-routing#keepalives>).
const HEAD_TIMEOUT: Duration = Duration::from_secs(620);
/// How long a head may be.
const HEAD_BYTES: usize = 128 * 1024;

/// Serves until `stop` is over; then takes no more connections, and lets the requests end that are under way.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    serve_within(HEAD_TIMEOUT, listener, router, stop).await;
}

async fn serve_within(
    head_timeout: Duration,
    mut listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let connections = GracefulShutdown::new();
    tokio::select! {
        never = accept(head_timeout, &mut listener, &router, &connections) => match never {},
        () = stop => {}
    }
    drop(listener);
    connections.shutdown().await;
}

/// Serves while something is being done. After that, connections end by themselves and the listener can be used again.
pub async fn serve_while<T>(listener: &mut TcpListener, router: &Router, doing: impl Future<Output = T>) -> T {
    let connections = GracefulShutdown::new();
    let done = tokio::select! {
        never = accept(HEAD_TIMEOUT, listener, router, &connections) => match never {},
        done = doing => done,
    };
    tokio::spawn(connections.shutdown());
    done
}

async fn accept(
    head_timeout: Duration,
    listener: &mut TcpListener,
    router: &Router,
    connections: &GracefulShutdown,
) -> Infallible {
    loop {
        let (stream, address) = Listener::accept(listener).await;
        let connection = connections.watch(connection(head_timeout, stream, address, router.clone()));
        tokio::spawn(async move {
            // A client that goes away in the middle of something is nobody's fault here.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

/// One connection, whose requests know where they come from.
fn connection(
    head_timeout: Duration,
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
        .header_read_timeout(head_timeout)
        .max_header_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_head_that_does_not_end_is_given_up() -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let from = |ConnectInfo(address): ConnectInfo<SocketAddr>| async move { address.ip().to_string() };
        let router = Router::new().route("/", get(from));
        let timeout = Duration::from_millis(200);
        tokio::spawn(serve_within(timeout, listener, router, std::future::pending()));
        let mut line = TcpStream::connect(address).await?;
        line.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\nGET / HTTP/1.1\r\nHo")
            .await?;
        let mut answers = String::new();
        line.read_to_string(&mut answers).await?;
        assert!(answers.starts_with("HTTP/1.1 200 OK"), "{answers}");
        assert!(answers.ends_with("127.0.0.1"), "{answers}");
        Ok(())
    }
}
