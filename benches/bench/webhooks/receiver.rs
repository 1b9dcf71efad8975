//! The receiver of a measurement, in a process of its own: it takes everything at once, and notes when what arrived.
//!
//! It speaks just enough HTTP to take little time, which the program and PostgreSQL have to share with it: requests
//! with a length, one after another on connections that stay open. Below `/hang/` it never answers.

use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const TAKEN: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// Something that arrived.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub path: String,
    pub id: String,
    /// Which product and which version of it.
    pub product: String,
    pub micros: u128,
}

/// A running receiver, killed when it is dropped.
pub struct Receiver {
    process: Child,
    address: String,
    client: reqwest::Client,
}

impl Receiver {
    pub fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("receiver")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let out = process.stdout.take().context("no output")?;
        BufReader::new(out).read_line(&mut address)?;
        Ok(Self {
            process,
            address: address.trim().to_owned(),
            client: reqwest::Client::new(),
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How many have arrived.
    pub async fn count(&self) -> Result<usize> {
        Ok(self
            .client
            .get(self.url("/count"))
            .send()
            .await?
            .text()
            .await?
            .parse()?)
    }

    /// All that have arrived since it was last asked.
    pub async fn take(&self) -> Result<Vec<Arrival>> {
        let text = self.client.get(self.url("/take")).send().await?.text().await?;
        let arrivals = text.lines().map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().map(str::to_owned).context("a short line");
            Ok(Arrival {
                path: word()?,
                id: word()?,
                product: word()?,
                micros: word()?.parse()?,
            })
        });
        arrivals.collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Microseconds since 1970, by the clock that all processes share.
pub fn now_micros() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_micros())
}

type Arrivals = Arc<Mutex<Vec<Arrival>>>;

/// The process itself.
pub fn run() -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            let arrivals = Arrivals::default();
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::spawn(serve(stream, arrivals.clone()));
            }
        })
}

async fn serve(mut stream: TcpStream, arrivals: Arrivals) -> Result<()> {
    let mut read = Vec::with_capacity(16 * 1024);
    loop {
        let Some(end) = head_end(&read) else {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let micros = now_micros();
        let head = std::str::from_utf8(&read[..end])?.to_owned();
        let length = header(&head, "content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        while read.len() < end + length {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        let answer = answer(path, &head, &read[end..end + length], micros, &arrivals);
        if path.starts_with("/hang/") {
            return std::future::pending().await;
        }
        stream.write_all(&answer).await?;
        read.drain(..end + length);
    }
}

fn answer(path: &str, head: &str, body: &[u8], micros: u128, arrivals: &Arrivals) -> Vec<u8> {
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    let text = match path {
        "/count" => arrivals.len().to_string(),
        "/take" => std::mem::take(&mut *arrivals)
            .iter()
            .fold(String::new(), |mut text, arrival| {
                let Arrival {
                    path,
                    id,
                    product,
                    micros,
                } = arrival;
                let _ = writeln!(text, "{path} {id} {product} {micros}");
                text
            }),
        _ => {
            let id = header(head, "webhook-id").unwrap_or("none").to_owned();
            arrivals.push(Arrival {
                path: path.to_owned(),
                id,
                product: product_of(body),
                micros,
            });
            return TAKEN.to_vec();
        }
    };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

fn head_end(read: &[u8]) -> Option<usize> {
    read.windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Its id and version, as `7:2`.
fn product_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let after = |name: &str| {
        let (_, rest) = text.rsplit_once(name)?;
        rest.split(['"', ',', '}']).next()
    };
    format!(
        "{}:{}",
        after("\"id\":\"").unwrap_or("-"),
        after("\"version\":").unwrap_or("-")
    )
}
