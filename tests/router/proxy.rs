//! A router as Heroku documents its own (<https://devcenter.heroku.com/articles/http-routing>): any request may go to any
//! web process; 30 s to the first byte once the request has been sent, then 55 s without a byte either way end it;
//! lines of a header have at most 8 KB; nothing with a status of 1xx is passed on.
//!
//! Simpler than the real one in that every request has a connection of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

const MOST_HEAD_BYTES: usize = 64 * 1024;

/// What a router insists on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub first_byte: Duration,
    pub idle: Duration,
    pub header_line_bytes: usize,
    /// How fast clients may send; none for as fast as they can.
    pub upload_bytes_per_second: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(55),
            header_line_bytes: 8 * 1024,
            upload_bytes_per_second: None,
        }
    }
}

/// A running router. It ends with the runtime.
#[derive(Clone)]
pub struct Router {
    pub address: SocketAddr,
    limits: Limits,
    processes: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Router {
    pub async fn start(limits: Limits) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let router = Self {
            address: listener.local_addr()?,
            limits,
            processes: Arc::default(),
        };
        let accepting = router.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let router = accepting.clone();
                // A line that broke is nobody's fault.
                tokio::spawn(async move { router.carry(client).await });
            }
        });
        Ok(router)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The web processes there are from now on.
    pub fn route_to(&self, processes: Vec<SocketAddr>) {
        *self.processes.lock().unwrap_or_else(PoisonError::into_inner) = processes;
    }

    fn any_process(&self) -> Option<SocketAddr> {
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        match processes.len() {
            0 => None,
            count => Some(processes[rand::random_range(0..count)]),
        }
    }

    async fn carry(&self, mut client: TcpStream) -> anyhow::Result<()> {
        let Some((head, body)) = read_head(&mut client).await? else {
            return Ok(());
        };
        if head
            .split("\r\n")
            .any(|line| line.len() > self.limits.header_line_bytes)
        {
            return refuse(&mut client, "400 Bad Request").await;
        }
        let process = match self.any_process() {
            Some(address) => TcpStream::connect(address).await.ok(),
            None => None,
        };
        let Some(mut process) = process else {
            return refuse(&mut client, "503 Service Unavailable").await;
        };
        let peer = client.peer_addr()?;
        process.write_all(forwarded(&head, peer).as_bytes()).await?;
        process.write_all(&body).await?;
        self.exchange(client, process).await
    }

    async fn exchange(&self, mut client: TcpStream, mut process: TcpStream) -> anyhow::Result<()> {
        let (mut from_client, mut from_process) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        let mut answer = Answer::default();
        let (mut last_byte, mut may_send_at) = (Instant::now(), Instant::now());
        loop {
            let patience = if answer.has_begun {
                self.limits.idle
            } else {
                self.limits.first_byte
            };
            tokio::select! {
                read = async { sleep_until(may_send_at).await; client.read(&mut from_client).await } => {
                    let count = read?;
                    if count == 0 {
                        return Ok(());
                    }
                    process.write_all(&from_client[..count]).await?;
                    last_byte = Instant::now();
                    if let Some(speed) = self.limits.upload_bytes_per_second {
                        may_send_at = last_byte + Duration::from_secs_f64(count as f64 / f64::from(speed));
                    }
                }
                read = process.read(&mut from_process) => {
                    let count = read?;
                    if count == 0 {
                        return Ok(client.shutdown().await?);
                    }
                    client.write_all(&answer.passed_on(&from_process[..count])).await?;
                    last_byte = Instant::now();
                }
                () = sleep_until(last_byte + patience) => {
                    if !answer.has_begun {
                        refuse(&mut client, "503 Service Unavailable").await?;
                    }
                    return Ok(());
                }
            }
        }
    }
}

/// What has come of an answer.
#[derive(Default)]
struct Answer {
    has_begun: bool,
    head: Vec<u8>,
}

impl Answer {
    /// What of these bytes a client may see: nothing before the head of the real answer is complete.
    fn passed_on(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.has_begun {
            return bytes.to_vec();
        }
        self.head.extend_from_slice(bytes);
        while let Some(end) = end_of_head(&self.head) {
            if !self.head.starts_with(b"HTTP/1.1 1") {
                self.has_begun = true;
                return std::mem::take(&mut self.head);
            }
            self.head.drain(..end);
        }
        Vec::new()
    }
}

/// The head of a request and what came with it of the body.
async fn read_head(client: &mut TcpStream) -> anyhow::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    while bytes.len() < MOST_HEAD_BYTES {
        if let Some(end) = end_of_head(&bytes) {
            let body = bytes.split_off(end);
            return Ok(Some((String::from_utf8(bytes)?, body)));
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    refuse(client, "400 Bad Request").await?;
    Ok(None)
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// The head as a process sees it.
fn forwarded(head: &str, peer: SocketAddr) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut hops = Vec::new();
    for line in head.trim_end().split("\r\n") {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            "connection" | "keep-alive" | "x-forwarded-proto" => {}
            "x-forwarded-for" => hops.push(line[name.len() + 1..].trim().to_owned()),
            _ => lines.push(line.to_owned()),
        }
    }
    hops.push(peer.ip().to_string());
    lines.push(format!("X-Forwarded-For: {}", hops.join(", ")));
    lines.push("X-Forwarded-Proto: https".to_owned());
    lines.push("Connection: close".to_owned());
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

async fn refuse(client: &mut TcpStream, status: &str) -> anyhow::Result<()> {
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    Ok(client.shutdown().await?)
}
