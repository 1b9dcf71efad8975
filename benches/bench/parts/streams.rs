//! What open streams of an import take of one web process: while nothing happens, and while the import runs.

use super::{Measuring, WORKERS};
use crate::catalogues::{RUN, Scenario};
use crate::programs::{Program, memory_bytes};
use crate::upload::{Begun, await_done};
use anyhow::{Context, Result, ensure};
use product_importer::platform::open_files;
use reqwest::{Client, Url};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Streams that are opened before memory is first looked at.
const WARM_UP: usize = 20;
const SETTLE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The import is over, as a stream tells it.
const END: &[u8] = b"event: end";

pub async fn measure(measuring: &Measuring<'_>, scenario: &Scenario, streams: usize) -> Result<String> {
    open_files::allow_most();
    measuring.catalogues.server.copy_database(scenario.template, RUN)?;
    let settings = [("BROKER_URL", measuring.broker_url.as_str())];
    let (watched, address) = Program::web(measuring.catalogues, &settings)?;
    let (other, other_address) = Program::web(measuring.catalogues, &settings)?;
    let (client, server) = (Client::new(), Url::parse(&other_address)?);
    let begun = Begun::create(&client, &server, scenario.bytes()?).await?;
    let stream = Url::parse(&address)?.join(&format!("{}/events", begun.import))?;
    let before = open(&stream, WARM_UP, watched.id()).await?;
    drop(before.streams);
    tokio::time::sleep(SETTLE).await;
    let before = memory_bytes(watched.id())?;
    let mut open = open(&stream, streams, watched.id()).await?;
    let idle = open.memory_bytes - before;
    let workers = (0..WORKERS).map(|_| Program::worker(measuring.catalogues, &settings));
    let workers: Vec<Program> = workers.collect::<Result<_>>()?;
    let importing = async {
        for piece in 0..begun.pieces() {
            begun.send(&client, &server, piece).await?;
        }
        await_done(&client, server.join(&begun.import)?.as_str()).await
    };
    let ended = async {
        while let Some(ended) = open.streams.join_next().await {
            ended??;
        }
        anyhow::Ok(())
    };
    let mut busy = 0;
    let mut both = std::pin::pin!(async { tokio::try_join!(importing, ended) });
    loop {
        tokio::select! {
            over = &mut both => {
                over?;
                break;
            }
            () = tokio::time::sleep(LOOK_EVERY) => busy = busy.max(memory_bytes(watched.id())? - before),
        }
    }
    for program in workers.into_iter().chain([watched, other]) {
        program.stop()?;
    }
    let each = |bytes: i64| bytes as f64 / streams as f64 / 1e3;
    Ok(format!(
        "{streams} streams of one import, open at one web process: {:.1} KB each while nothing happens, {:.1} KB at most \
         while the import runs; all were told of its end.",
        each(idle),
        each(busy)
    ))
}

/// Streams that read until the import ends.
struct Open {
    streams: JoinSet<Result<()>>,
    memory_bytes: i64,
}

/// Opens streams, and looks at the process's memory when each has been told something.
async fn open(url: &Url, count: usize, process: u32) -> Result<Open> {
    let (began, mut begun) = watch::channel(0_usize);
    let mut streams = JoinSet::new();
    for _ in 0..count {
        streams.spawn(read(url.clone(), began.clone()));
    }
    begun.wait_for(|begun| *begun == count).await?;
    tokio::time::sleep(SETTLE).await;
    Ok(Open {
        streams,
        memory_bytes: memory_bytes(process)?,
    })
}

async fn read(url: Url, began: watch::Sender<usize>) -> Result<()> {
    let address = url.socket_addrs(|| None)?;
    let mut line = TcpStream::connect(&*address).await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        url.path(),
        url.authority()
    );
    line.write_all(request.as_bytes()).await?;
    let (mut tail, mut bytes) = (Vec::new(), [0; 4096]);
    let mut is_first = true;
    loop {
        let count = line.read(&mut bytes).await?;
        ensure!(count > 0, "a stream ended before the import did");
        tail.extend_from_slice(&bytes[..count]);
        if is_first {
            let head = tail.split(|byte| *byte == b'\r').next().context("no answer")?;
            ensure!(head == b"HTTP/1.1 200 OK", "{}", String::from_utf8_lossy(head));
            is_first = false;
            began.send_modify(|begun| *begun += 1);
        }
        if tail.windows(END.len()).any(|window| window == END) {
            return Ok(());
        }
        tail.drain(..tail.len().saturating_sub(END.len()));
    }
}
