//! Server-sent events as a browser reads them.

use anyhow::Context;
use reqwest::{Client, Response};
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

/// What a stream says.
#[derive(Debug)]
pub enum Told {
    Event { name: String, id: i64, data: Value },
    Comment(String),
}

/// An open stream.
pub struct Events {
    response: Response,
    unread: String,
}

impl Events {
    /// Opens a stream, going on after an event where one is named.
    pub async fn open(url: &str, last_event: Option<i64>) -> anyhow::Result<Self> {
        let mut request = Client::new().get(url);
        if let Some(id) = last_event {
            request = request.header("Last-Event-ID", id.to_string());
        }
        let response = request.send().await?.error_for_status()?;
        anyhow::ensure!(response.headers()["content-type"] == "text/event-stream");
        Ok(Self {
            response,
            unread: String::new(),
        })
    }

    /// What is told next; `None` at the end of the stream.
    pub async fn next(&mut self) -> anyhow::Result<Option<Told>> {
        let block = tokio::time::timeout(PATIENCE, self.block())
            .await
            .context("the stream is silent")??;
        block.map(|block| told(&block)).transpose()
    }

    /// The next event, comments left out.
    pub async fn event(&mut self) -> anyhow::Result<Option<(String, i64, Value)>> {
        loop {
            match self.next().await? {
                Some(Told::Event { name, id, data }) => return Ok(Some((name, id, data))),
                Some(Told::Comment(_)) => {}
                None => return Ok(None),
            }
        }
    }

    /// Reads rows until the state that follows them.
    pub async fn rows(&mut self) -> anyhow::Result<(Vec<(i64, Value)>, Value)> {
        let mut rows = Vec::new();
        loop {
            let (name, id, data) = self.event().await?.context("the stream ended")?;
            if name != "row" {
                return Ok((rows, data));
            }
            rows.push((id, data));
        }
    }

    async fn block(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                return Ok(Some(block));
            }
            match self.response.chunk().await? {
                Some(bytes) => self.unread.push_str(std::str::from_utf8(&bytes)?),
                None => return Ok(None),
            }
        }
    }
}

fn told(block: &str) -> anyhow::Result<Told> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    match field("event:") {
        Some(name) => Ok(Told::Event {
            name: name.to_owned(),
            id: field("id:").context("no id")?.parse()?,
            data: serde_json::from_str(field("data:").context("no data")?)?,
        }),
        None => Ok(Told::Comment(block.trim_start_matches(':').trim().to_owned())),
    }
}
