//! Receivers on loopback that answer as they are told to: well, badly, or not at all.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// What a receiver does with a request.
#[derive(Clone)]
pub enum Reply {
    /// Answers with exactly this, and reads on.
    Bytes(String),
    /// Sends this and closes.
    Last(String),
    /// Sends this, then a letter now and then for as long as anybody listens.
    Drip(String),
    /// Sends this, then as much as goes through.
    Flood(String),
    /// Leaves the connection open.
    Silence,
    /// Closes in order.
    Close,
    /// Breaks off.
    Reset,
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub line: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Which connection it came on, counted from 1.
    pub connection: usize,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A receiver. It ends with its test.
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Box<dyn Fn(&Heard) -> Reply + Send + Sync>,
    tls: Option<TlsAcceptor>,
    connections: AtomicUsize,
    heard: Mutex<Vec<Heard>>,
    /// One for each connection that was closed on us.
    left: Semaphore,
}

/// An answer of this status, with its body and more headers.
pub fn answer(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    ))
}

pub fn taken() -> Reply {
    answer("200 OK", "", "thanks")
}

impl Receiver {
    pub async fn new(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", None, answer).await
    }

    pub async fn at(
        address: &str,
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            tls,
            connections: AtomicUsize::new(0),
            heard: Mutex::default(),
            left: Semaphore::new(0),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = serving.connections.fetch_add(1, Ordering::SeqCst) + 1;
                let shared = serving.clone();
                tokio::spawn(async move {
                    match &shared.tls {
                        None => shared.serve(stream, number).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                shared.serve(stream, number).await;
                            }
                        }
                    }
                    shared.left.add_permits(1);
                });
            }
        });
        Self { address, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Waits until a connection has ended, so that nothing of it is left behind.
    pub async fn left(&self) {
        let left = tokio::time::timeout(Duration::from_mins(1), self.shared.left.acquire()).await;
        left.expect("the connection is still open").unwrap().forget();
    }
}

impl Shared {
    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Resettable, connection: usize) {
        let mut stream = BufReader::new(stream);
        while let Some(mut heard) = hear(&mut stream).await {
            heard.connection = connection;
            self.heard.lock().unwrap().push(heard.clone());
            let reply = (self.answer)(&heard);
            let stream = stream.get_mut();
            let done = match reply {
                Reply::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await,
                Reply::Last(bytes) => {
                    let _ = stream.write_all(bytes.as_bytes()).await;
                    return;
                }
                Reply::Drip(start) => drip(stream, &start).await,
                Reply::Flood(start) => flood(stream, &start).await,
                Reply::Silence => silence(stream).await,
                Reply::Close => return,
                Reply::Reset => return stream.reset(),
            };
            if done.is_err() {
                return;
            }
        }
    }
}

async fn hear(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Heard> {
    let mut heard = Heard::default();
    stream.read_line(&mut heard.line).await.ok().filter(|read| *read > 0)?;
    heard.line.truncate(heard.line.trim_end().len());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        heard.headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut body = vec![0; heard.header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    heard.body = String::from_utf8(body).ok()?;
    Some(heard)
}

async fn drip(stream: &mut (impl AsyncWrite + Unpin), start: &str) -> std::io::Result<()> {
    stream.write_all(start.as_bytes()).await?;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.write_all(b"x").await?;
    }
}

async fn flood(stream: &mut (impl AsyncWrite + Unpin), start: &str) -> std::io::Result<()> {
    stream.write_all(start.as_bytes()).await?;
    loop {
        stream.write_all(&[b'x'; 8192]).await?;
    }
}

/// Until the other side has had enough.
async fn silence(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    stream.read_u8().await.map(drop)
}

/// A stream that can be broken off.
pub trait Resettable {
    fn reset(&self);
}

impl Resettable for tokio::net::TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl<T> Resettable for tokio_rustls::server::TlsStream<T> {
    fn reset(&self) {}
}
