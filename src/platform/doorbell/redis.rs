//! Rings by Redis's PUBLISH: whoever is subscribed hears them, and nothing is kept.

use super::Bells;
use crate::platform::line::{self, Line, Tls};
use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, ConnectionAddr, ConnectionInfo};
use std::convert::Infallible;
use std::time::Duration;

/// A server that takes longer than this for an answer counts as gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Carries rings until a connection is lost: one hears, one rings.
pub(super) async fn carry(server: &ConnectionInfo, tls: Option<&Tls>, bells: &Bells) -> anyhow::Result<Infallible> {
    let opening = async {
        let mut hearing = PubSub::new(server.redis_settings(), connect(server, tls).await?).await?;
        hearing.subscribe(&bells.name).await?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let line = connect(server, tls).await?;
        let ringing = MultiplexedConnection::new_with_config(server.redis_settings(), line, config).await?;
        anyhow::Ok((hearing, ringing))
    };
    let opened = tokio::time::timeout(PATIENCE, opening)
        .await
        .context("Redis does not answer")?;
    let (hearing, (ringing, at_work)) = opened.context("cannot connect to Redis")?;
    bells.connected();
    tokio::select! {
        () = at_work => bail!("the connection to Redis is lost"),
        ended = hear(hearing, bells) => ended,
        ended = ring(ringing, bells) => ended,
    }
}

async fn connect(server: &ConnectionInfo, tls: Option<&Tls>) -> anyhow::Result<Line> {
    let ConnectionAddr::Tcp(host, port) = server.addr() else {
        bail!("Redis is reached by host and port only");
    };
    Ok(line::open(host, *port, tls).await?)
}

async fn hear(hearing: PubSub, bells: &Bells) -> anyhow::Result<Infallible> {
    let mut rings = hearing.into_on_message();
    while let Some(ring) = rings.next().await {
        bells.hear(&ring.get_payload::<String>()?);
    }
    bail!("the connection to Redis that listens is lost")
}

async fn ring(mut ringing: MultiplexedConnection, bells: &Bells) -> anyhow::Result<Infallible> {
    loop {
        let rings = bells.outbox.take().await;
        let mut pipe = redis::pipe();
        for ring in &rings {
            pipe.cmd("PUBLISH").arg(&bells.name).arg(ring.to_string()).ignore();
        }
        pipe.exec_async(&mut ringing).await?;
        bells.outbox.sent(&rings);
    }
}
