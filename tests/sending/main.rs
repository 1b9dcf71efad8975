//! Sending deliveries to real receivers over loopback, good and hostile ones.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod addresses;
mod answers;
#[path = "../support/certificates.rs"]
mod certificates;
mod encryption;
mod name_server;
mod receiver;
mod signatures;
mod troubles;

use bytes::Bytes;
use product_importer::config::WebhookSettings;
use product_importer::webhooks::{Answer, Outgoing, Secret, Sender};
use receiver::{Receiver, answer, taken};

/// May reach this machine, as a test must, and waits for a second.
pub fn settings() -> WebhookSettings {
    WebhookSettings {
        webhook_allow_nets: "127.0.0.0/8".parse().unwrap(),
        webhook_timeout_seconds: 1,
        ..Default::default()
    }
}

/// The same with time enough for a slow machine to come to what is waited for in vain.
pub fn unhurried() -> WebhookSettings {
    WebhookSettings {
        webhook_timeout_seconds: 5,
        ..settings()
    }
}

/// The same with time enough for whoever has a slow machine: for what must succeed.
pub fn patient() -> WebhookSettings {
    WebhookSettings {
        webhook_timeout_seconds: 60,
        ..settings()
    }
}

pub const BODY: &str = r#"{"type":"product.updated","data":{"name":"Ørsted & Søn"}}"#;

/// Sends something to `url`.
pub async fn send(sender: &Sender, url: &str) -> Answer {
    send_with(sender, url, &[], &[Secret::generate()]).await
}

pub async fn send_with(sender: &Sender, url: &str, headers: &[(String, String)], secrets: &[Secret]) -> Answer {
    let outgoing = Outgoing {
        url,
        headers,
        message_id: "msg_1",
        timestamp: 1_700_000_000,
        body: Bytes::from_static(BODY.as_bytes()),
        secrets,
    };
    sender.send(&outgoing).await
}

#[tokio::test]
async fn a_delivery_arrives_as_it_was_sent() {
    let receiver = Receiver::new(|_| taken()).await;
    let sender = Sender::new(&patient()).unwrap();
    let secrets = [Secret::generate(), Secret::generate()];
    let headers = [("X-Shop".to_owned(), "North".to_owned())];
    let answer = send_with(
        &sender,
        &receiver.url("/hook/a%20b?key=%C3%A4&x=1#part"),
        &headers,
        &secrets,
    )
    .await;
    assert_eq!((answer.status, &answer.error), (Some(200), &None));
    assert_eq!(answer.response_body, "thanks");
    assert_eq!(answer.response_headers, [("content-length".to_owned(), "6".to_owned())]);

    let heard = receiver.heard().remove(0);
    assert_eq!(heard.line, "POST /hook/a%20b?key=%C3%A4&x=1 HTTP/1.1");
    assert_eq!(heard.body, BODY);
    for (name, value) in [
        ("host", &*receiver.address.to_string()),
        ("content-type", "application/json"),
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1700000000"),
        ("x-shop", "North"),
        ("user-agent", concat!("product-importer/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(heard.header(name), value, "{name}");
    }
    let signature = product_importer::webhooks::sign("msg_1", 1_700_000_000, BODY.as_bytes(), &secrets);
    assert_eq!(heard.header("webhook-signature"), signature);
}

#[tokio::test]
async fn one_connection_serves_one_delivery_after_another() {
    let receiver = Receiver::new(|_| taken()).await;
    let sender = Sender::new(&patient()).unwrap();
    for _ in 0..50 {
        assert_eq!(send(&sender, &receiver.url("/")).await.error, None);
    }
    assert_eq!((receiver.heard().len(), receiver.connections()), (50, 1));
}

#[tokio::test]
async fn many_at_once_share_as_many_connections_as_are_in_flight() {
    let receiver = Receiver::new(|_| taken()).await;
    let sender = Sender::new(&patient()).unwrap();
    let url = receiver.url("/");
    for _ in 0..20 {
        let all = (0..8).map(|_| send(&sender, &url));
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.iter().all(|answer| answer.error.is_none()), "{answers:?}");
    }
    assert_eq!(receiver.heard().len(), 160);
    assert!(receiver.connections() <= 8, "{} connections", receiver.connections());
}

#[tokio::test]
async fn a_connection_that_the_receiver_gave_up_is_replaced() {
    // The first connection takes one delivery and closes at the second, which is what a delivery finds that was sent
    // at the moment in which a server closes an idle connection.
    let receiver = Receiver::new(|heard| match heard.connection {
        1 if heard.header("x-number") == "2" => receiver::Reply::Close,
        _ => taken(),
    })
    .await;
    let sender = Sender::new(&patient()).unwrap();
    for number in 1..=3 {
        let headers = [("X-Number".to_owned(), number.to_string())];
        let answer = send_with(&sender, &receiver.url("/"), &headers, &[Secret::generate()]).await;
        assert_eq!(answer.error, None);
    }
    let heard = receiver.heard();
    let seen: Vec<_> = heard
        .iter()
        .map(|heard| (heard.connection, heard.header("x-number")))
        .collect();
    assert_eq!(seen, [(1, "1"), (1, "2"), (2, "2"), (2, "3")]);
    assert_eq!(heard[1].header("webhook-id"), heard[2].header("webhook-id"));
}

#[tokio::test]
async fn a_receiver_that_closes_after_each_answer_is_served_too() {
    let receiver = Receiver::new(|_| answer("204 No Content", "connection: close\r\n", "")).await;
    let sender = Sender::new(&patient()).unwrap();
    for _ in 0..5 {
        let answer = send(&sender, &receiver.url("/")).await;
        assert_eq!((answer.status, answer.error), (Some(204), None));
    }
    assert_eq!(receiver.connections(), 5);
}
