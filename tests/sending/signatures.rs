//! Signatures, as the libraries understand them that Standard Webhooks publishes for Node.js and Python.

use crate::receiver::{Heard, Receiver, taken};
use crate::{BODY, patient};
use bytes::Bytes;
use product_importer::webhooks::{Outgoing, Secret, Sender};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Sends what is signed with `secrets`, and gives what arrived.
async fn arrived(secrets: &[Secret]) -> Heard {
    let receiver = Receiver::new(|_| taken()).await;
    let outgoing = Outgoing {
        url: &receiver.url("/"),
        headers: &[],
        message_id: "msg_2b0f0c8e",
        timestamp: now(),
        body: Bytes::from_static(BODY.as_bytes()),
        secrets,
    };
    let answer = Sender::new(&patient()).unwrap().send(&outgoing).await;
    assert_eq!(answer.error, None);
    receiver.heard().remove(0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the libraries compare with this machine's clock"
)]
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

fn delivery(heard: &Heard, secret: &Secret) -> Value {
    let headers: Value = heard
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({ "secret": secret.reveal(), "headers": headers, "body": heard.body })
}

/// What the library says to each of the deliveries.
fn verified(command: &mut Command, deliveries: &[Value]) -> Vec<bool> {
    let mut child = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run ({error}): bin/test installs it"));
    let mut input = child.stdin.take().unwrap();
    input.write_all(json!(deliveries).to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "see above; bin/test installs the library");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn published_libraries_take_what_was_signed_also_while_a_secret_is_replaced() {
    let (old, new, other) = (Secret::generate(), Secret::generate(), Secret::generate());
    let single = arrived(std::slice::from_ref(&old)).await;
    let both = arrived(&[new.clone(), old.clone()]).await;
    let changed = |change: fn(&mut Heard)| {
        let mut heard = single.clone();
        change(&mut heard);
        delivery(&heard, &old)
    };
    let deliveries = [
        delivery(&single, &old),
        delivery(&both, &old),
        delivery(&both, &new),
        delivery(&single, &new),
        delivery(&both, &other),
        changed(|heard| heard.body.push(' ')),
        changed(|heard| set(heard, "webhook-id", "msg_other")),
        changed(|heard| set(heard, "webhook-timestamp", &(now() - 1).to_string())),
    ];
    let expected = [true, true, true, false, false, false, false, false];
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("standardwebhooks/bin/python");
    for mut command in [Command::new("node"), Command::new(python)] {
        let is_node = command.get_program() == "node";
        command.arg(if is_node {
            "tests/standardwebhooks/verify.mjs"
        } else {
            "tests/standardwebhooks/verify.py"
        });
        assert_eq!(verified(&mut command, &deliveries), expected, "{command:?}");
    }
}

fn set(heard: &mut Heard, name: &str, value: &str) {
    let header = heard.headers.iter_mut().find(|(known, _)| known == name);
    value.clone_into(&mut header.unwrap().1);
}
