//! The router keeps what it promises, so that passing through it means something.

use crate::proxy::{Limits, Router};
use reqwest::Client;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(300);

/// A process that answers each request with `parts`, resting after each; for ever where no time is told.
async fn process(parts: &'static [&'static str], rest: Option<Duration>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 64 * 1024];
                let _ = line.read(&mut head).await?;
                for part in parts {
                    line.write_all(part.as_bytes()).await?;
                    match rest {
                        Some(rest) => tokio::time::sleep(rest).await,
                        None => std::future::pending().await,
                    }
                }
                line.shutdown().await
            });
        }
    });
    Ok(address)
}

async fn ask(limits: Limits, parts: &'static [&'static str], rest: Option<Duration>) -> anyhow::Result<String> {
    let router = Router::start(limits).await?;
    router.route_to(vec![process(parts, rest).await?]);
    let mut line = TcpStream::connect(router.address).await?;
    line.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, line.read_to_string(&mut answer)).await??;
    Ok(answer)
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() -> anyhow::Result<()> {
    let limits = Limits {
        first_byte: SHORT,
        ..Limits::default()
    };
    let answer = ask(limits, &[""], None).await?;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_cut() -> anyhow::Result<()> {
    let limits = Limits {
        idle: SHORT,
        ..Limits::default()
    };
    let silent = ask(limits, &["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none"], None).await?;
    assert!(
        silent.starts_with("HTTP/1.1 200") && silent.ends_with("one"),
        "{silent}"
    );
    Ok(())
}

#[tokio::test]
async fn a_stream_that_goes_on_is_not_cut() -> anyhow::Result<()> {
    // All rests together are longer than it may be silent.
    const REST: Duration = Duration::from_millis(500);
    const PARTS: [&str; 9] = [
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
    ];
    let limits = Limits {
        idle: REST * 6,
        ..Limits::default()
    };
    let alive = ask(limits, &PARTS, Some(REST)).await?;
    assert!(alive.ends_with("12345678"), "{alive}");
    Ok(())
}

#[tokio::test]
async fn nothing_with_1xx_comes_through() -> anyhow::Result<()> {
    let answer = ask(
        Limits::default(),
        &["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"],
        Some(Duration::ZERO),
    );
    let answer = answer.await?;
    assert!(
        answer.starts_with("HTTP/1.1 204") && !answer.contains("HTTP/1.1 1"),
        "{answer}"
    );
    Ok(())
}

#[tokio::test]
async fn a_header_may_have_a_line_of_8_kilobytes() -> anyhow::Result<()> {
    let router = Router::start(Limits::default()).await?;
    router.route_to(vec![
        process(&["HTTP/1.1 204 No Content\r\n\r\n"], Some(Duration::ZERO)).await?,
    ]);
    for (length, status) in [(8_000, 204), (8_300, 400)] {
        let request = Client::new().get(router.url()).header("X-Long", "x".repeat(length));
        assert_eq!(request.send().await?.status(), status, "{length}");
    }
    router.route_to(Vec::new());
    assert_eq!(
        Client::new().get(router.url()).send().await?.status(),
        503,
        "nobody is there"
    );
    Ok(())
}
