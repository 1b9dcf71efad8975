//! The code that the pages offer for verifying signatures, run as it stands there against a real message.

use crate::receiver::{Message, Receiver};
use crate::webhooks::{create, path, send, serve};
use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

#[path = "../../templates/webhooks/snippets/verify.rs"]
mod verify;

const PYTHON: &str = "
import json, sys, verify
message = json.load(open('message.json'))
body = open('body', 'rb').read()
print(verify.verify(message['secret'], message['headers'], body),
      verify.verify(message['secret'], message['headers'], body + b' '),
      verify.verify(message['other'], message['headers'], body),
      verify.verify(message['secret'], {**message['headers'], 'webhook-timestamp': '1000000000'}, body))
";

const NODE: &str = "
import { readFileSync } from 'node:fs'
import { verify } from './verify.mjs'
const { secret, other, headers } = JSON.parse(readFileSync('message.json'))
const body = readFileSync('body')
console.log([verify(secret, headers, body), verify(secret, headers, Buffer.concat([body, Buffer.from(' ')])),
  verify(other, headers, body), verify(secret, { ...headers, 'webhook-timestamp': '1000000000' }, body)].join(' '))
";

/// A message whose secret is being replaced, with the secret before and the new one.
async fn message() -> anyhow::Result<(Message, [String; 2])> {
    let served = serve().await?;
    let receiver = Receiver::start().await?;
    let webhook = create(&served, json!({"url": receiver.url})).await?;
    let (_, new) = send(&served, Method::PUT, &format!("{}/secret", path(&webhook)), Value::Null).await?;
    let product = json!({"sku": "Ü-1", "name": "Lämp", "description": "\"quoted\"\n\u{1f4a1}"});
    send(&served, Method::POST, "/api/v1/products", product).await?;
    let arrived = receiver.wait_for(1).await?;
    let secrets = [&webhook, &new].map(|told| told["secret"].as_str().unwrap_or_default().to_owned());
    Ok((arrived.into_iter().next().context("no message")?, secrets))
}

fn write(folder: &Path, message: &Message, secret: &str) -> anyhow::Result<()> {
    let headers: serde_json::Map<String, Value> = message
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
        .collect();
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let told = json!({"secret": secret, "other": other, "headers": headers});
    std::fs::write(folder.join("message.json"), told.to_string())?;
    std::fs::write(folder.join("body"), &message.body)?;
    Ok(())
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[tokio::test]
async fn the_code_on_the_pages_verifies_real_messages_and_nothing_else() -> anyhow::Result<()> {
    let (message, secrets) = message().await?;
    for secret in secrets {
        let folder = tempfile::tempdir()?;
        write(folder.path(), &message, &secret)?;
        let snippets = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/webhooks/snippets");
        for name in ["verify.py", "verify.mjs"] {
            std::fs::copy(snippets.join(name), folder.path().join(name))?;
        }
        std::fs::write(folder.path().join("check.mjs"), NODE)?;
        assert_eq!(
            run(folder.path(), "python3", &["-c", PYTHON])?,
            "True False False False"
        );
        assert_eq!(run(folder.path(), "node", &["check.mjs"])?, "true false false false");

        let sent: i64 = message.header("webhook-timestamp").parse()?;
        let verify = |body: &[u8], now: i64| {
            let header = |name| message.header(name);
            let (id, timestamp, signatures) = (
                header("webhook-id"),
                header("webhook-timestamp"),
                header("webhook-signature"),
            );
            verify::verify(&secret, id, timestamp, signatures, body, now)
        };
        assert!(verify(&message.body, sent));
        assert!(!verify(b"{}", sent) && !verify(&message.body, sent + 301));
    }
    Ok(())
}
