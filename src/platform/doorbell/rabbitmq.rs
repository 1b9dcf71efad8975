//! Rings by RabbitMQ: a fanout exchange, and a durable queue for every process.
//!
//! The queue bears the process's name and outlives its connection, so what is rung while a process is away is there when it
//! is back. A broker that restarts still has the queue and no ring in it: whoever lost the broker looks anyway. A queue whose
//! process is gone for good goes a minute later. A ring counts as sent when the broker has confirmed it: it has then given
//! it to every queue.

use super::Bells;
use super::ring::Ring;
use crate::platform::line::{self, Line, Tls};
use anyhow::{Context as _, bail, ensure};
use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::tcp::AsyncTcpStream;
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use std::convert::Infallible;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection may take to end in order.
const GOODBYE: Duration = Duration::from_secs(1);
/// A queue that nobody has listened to for so long goes.
const QUEUE_EXPIRES: Duration = Duration::from_mins(1);
/// Whoever was away for longer has looked meanwhile.
const RING_EXPIRES: Duration = Duration::from_secs(30);
const KEPT_RINGS: u32 = 256;

/// Carries rings until the connection is lost.
pub(super) async fn carry(server: &AMQPUri, tls: Option<&Tls>, bells: &Bells) -> anyhow::Result<Infallible> {
    let socket = Arc::new(Socket::default());
    let opened = tokio::time::timeout(PATIENCE, open(server, tls, bells, &socket)).await;
    let opened = opened.context("RabbitMQ does not answer")?;
    // The connection ends when it is dropped.
    let (_connection, rings, channel) = opened.context("cannot connect to RabbitMQ")?;
    bells.connected();
    tokio::select! {
        ended = hear(rings, bells) => ended,
        ended = ring(&channel, bells) => ended,
    }
}

/// A connection, the rings that come, and the channel by which others go.
async fn open(
    server: &AMQPUri,
    tls: Option<&Tls>,
    bells: &Bells,
    socket: &Arc<Socket>,
) -> anyhow::Result<(Connection, Consumer, Channel)> {
    let connection = connect(server, tls, bells, Arc::downgrade(socket)).await?;
    let (hearing, ringing) = (connection.create_channel().await?, connection.create_channel().await?);
    ringing.confirm_select(ConfirmSelectOptions::default()).await?;
    let exchange = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let name = bells.name.as_str();
    hearing
        .exchange_declare(name.into(), ExchangeKind::Fanout, exchange, FieldTable::default())
        .await?;
    let queue = queue_of(bells);
    hearing
        .queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), limits())
        .await?;
    let bind = QueueBindOptions::default();
    hearing
        .queue_bind(
            queue.as_str().into(),
            name.into(),
            "".into(),
            bind,
            FieldTable::default(),
        )
        .await?;
    // A ring is no work: nothing is lost with one that is dropped, so none is acknowledged.
    let options = BasicConsumeOptions {
        no_ack: true,
        ..BasicConsumeOptions::default()
    };
    let rings = hearing
        .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
        .await?;
    Ok((connection, rings, ringing))
}

fn queue_of(bells: &Bells) -> String {
    format!("{}.{}", bells.name, bells.process.simple())
}

/// What keeps the queue of a process that is gone, or stands still, from growing.
fn limits() -> FieldTable {
    let milliseconds = |time: Duration| AMQPValue::LongUInt(time.as_millis() as u32);
    let mut limits = FieldTable::default();
    limits.insert("x-expires".into(), milliseconds(QUEUE_EXPIRES));
    limits.insert("x-message-ttl".into(), milliseconds(RING_EXPIRES));
    limits.insert("x-max-length".into(), AMQPValue::LongUInt(KEPT_RINGS));
    limits
}

async fn hear(mut rings: Consumer, bells: &Bells) -> anyhow::Result<Infallible> {
    while let Some(ring) = rings.next().await {
        bells.hear(&String::from_utf8_lossy(&ring?.data));
    }
    // The connection is lost, or somebody has deleted the queue.
    bail!("RabbitMQ brings no more rings")
}

/// Sends rings as they come, while earlier ones are still being confirmed.
async fn ring(channel: &Channel, bells: &Bells) -> anyhow::Result<Infallible> {
    let mut unconfirmed = FuturesUnordered::new();
    loop {
        tokio::select! {
            rings = bells.outbox.take() => {
                for ring in rings {
                    unconfirmed.push(publish(channel, bells, ring).await?);
                }
            }
            Some(confirmed) = unconfirmed.next() => bells.outbox.sent(&[confirmed?]),
        }
    }
}

/// Sends a ring. What comes of it is the confirmation.
async fn publish(
    channel: &Channel,
    bells: &Bells,
    ring: Ring,
) -> anyhow::Result<impl Future<Output = anyhow::Result<Ring>> + use<>> {
    let confirmation = channel
        .basic_publish(
            bells.name.as_str().into(),
            "".into(),
            BasicPublishOptions::default(),
            ring.to_string().as_bytes(),
            // Not persistent: whoever loses the broker looks when it is back, so a write to its disk would save nothing.
            BasicProperties::default(),
        )
        .await?;
    Ok(async move {
        ensure!(confirmation.await?.is_ack(), "RabbitMQ could not take a ring");
        Ok(ring)
    })
}

async fn connect(
    server: &AMQPUri,
    tls: Option<&Tls>,
    bells: &Bells,
    socket: Weak<Socket>,
) -> anyhow::Result<Connection> {
    let tls = tls.cloned();
    let properties = ConnectionProperties::default().with_connection_name(queue_of(bells).into());
    let runtime = Runtime::new(RuntimeParts::new(Tokio::current(), Lines(Tokio::current())));
    let connecting = Connection::connector(
        server.clone(),
        runtime,
        async move |server, _| {
            let line = line::open(&server.authority.host, server.authority.port, tls.as_ref()).await?;
            let wanted = socket.upgrade().ok_or(io::Error::from(io::ErrorKind::TimedOut))?;
            wanted.keep(line::socket(&line)?);
            Ok(AsyncTcpStream::Plain(line.compat()))
        },
        properties,
    );
    Ok(connecting.await?)
}

/// The socket of a connection, or of what is to become one. A thread of lapin's waits at it for the other end, even to say
/// goodbye, and one that hangs never does: so it is cut once nobody wants the connection any more.
struct Socket {
    kept: OnceLock<TcpStream>,
    runtime: Handle,
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            kept: OnceLock::new(),
            runtime: Handle::current(),
        }
    }
}

impl Socket {
    fn keep(&self, socket: TcpStream) {
        // lapin tries once.
        let _ = self.kept.set(socket);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let Some(socket) = self.kept.take() else {
            return;
        };
        self.runtime.spawn(async move {
            tokio::time::sleep(GOODBYE).await;
            // The other end may have cut it.
            let _ = socket.shutdown(Shutdown::Both);
        });
    }
}

/// Tokio's clock with our own lines, so that both brokers are reached in the same way, with the same trust.
#[derive(Clone, Debug)]
struct Lines(Tokio);

impl Reactor for Lines {
    type TcpStream = Compat<Line>;
    type Sleep = tokio::time::Sleep;

    fn register<H: io::Read + io::Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl futures_util::AsyncRead + futures_util::AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl futures_util::Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        _address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        // Lines are opened above, by the name that a certificate has to bear.
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }
}
