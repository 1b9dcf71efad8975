//! Receivers that speak TLS, well and badly.

use crate::certificates::Authority;
use crate::name_server::{NameServer, Saying};
use crate::receiver::{Receiver, taken};
use crate::{patient, send, unhurried};
use product_importer::config::WebhookSettings;
use product_importer::webhooks::{Sender, Step, Trouble};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

async fn receiver(tls: TlsAcceptor) -> Receiver {
    Receiver::at("127.0.0.1:0", Some(tls), |_| taken()).await
}

fn trusting(authority: &Authority) -> WebhookSettings {
    WebhookSettings {
        webhook_ca_file: Some(authority.file.path().to_owned()),
        ..patient()
    }
}

fn url(receiver: &Receiver) -> String {
    format!("https://{}/", receiver.address)
}

#[tokio::test]
async fn a_certificate_that_is_in_order_is_trusted_and_its_connection_kept() {
    let authority = Authority::new().unwrap();
    let names = NameServer::new(|_, _| Saying::Addresses(vec![Ipv4Addr::LOCALHOST])).await;
    let by_name = receiver(authority.server("shop.example", false).unwrap()).await;
    let by_number = receiver(authority.server("127.0.0.1", false).unwrap()).await;
    let sender = Sender::new(&WebhookSettings {
        webhook_dns: Some(names.address),
        ..trusting(&authority)
    })
    .unwrap();
    let named = format!("https://shop.example:{}/", by_name.address.port());
    for _ in 0..10 {
        assert_eq!(send(&sender, &named).await.error, None);
        assert_eq!(send(&sender, &url(&by_number)).await.error, None);
    }
    assert_eq!((by_name.connections(), by_number.connections()), (1, 1));
}

#[tokio::test]
async fn certificates_that_are_not_in_order_are_told_in_words() {
    let (authority, stranger) = (Authority::new().unwrap(), Authority::new().unwrap());
    let sender = Sender::new(&trusting(&authority)).unwrap();
    for (tls, words) in [
        (
            authority.server("127.0.0.1", true).unwrap(),
            "the certificate has expired",
        ),
        (
            authority.server("shop.example", false).unwrap(),
            "the certificate is for another name",
        ),
        (
            stranger.server("127.0.0.1", false).unwrap(),
            "the certificate was issued by nobody we know",
        ),
    ] {
        let receiver = receiver(tls).await;
        let answer = send(&sender, &url(&receiver)).await;
        assert_eq!(answer.error.unwrap().to_string(), words);
        assert_eq!(receiver.heard().len(), 0, "nothing was told");
    }
}

#[tokio::test]
async fn without_a_file_only_public_authorities_are_trusted() {
    let receiver = receiver(Authority::new().unwrap().server("127.0.0.1", false).unwrap()).await;
    let answer = send(&Sender::new(&patient()).unwrap(), &url(&receiver)).await;
    assert_eq!(
        answer.error,
        Some(Trouble::Certificate("the certificate was issued by nobody we know"))
    );
}

#[tokio::test]
async fn a_receiver_without_encryption_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let plain = async {
        // As web servers do who are spoken to in what is no HTTP.
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    };
    let sender = Sender::new(&patient()).unwrap();
    let (answer, _stream) = tokio::join!(send(&sender, &url), plain);
    let words = answer.error.unwrap().to_string();
    assert_eq!(words, "the other system does not answer in https; is it http://?");
}

#[tokio::test]
async fn one_that_never_agrees_on_the_encryption_is_not_waited_for_beyond_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let answer = send(&Sender::new(&unhurried()).unwrap(), &url).await;
    let deadline = Duration::from_secs(unhurried().webhook_timeout_seconds.into());
    assert_eq!(answer.error, Some(Trouble::Late(Step::Handshake, deadline)));
}

#[tokio::test]
async fn a_file_that_names_no_authority_is_refused() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"no certificate\n").unwrap();
    let settings = |path: &std::path::Path| WebhookSettings {
        webhook_ca_file: Some(path.to_owned()),
        ..patient()
    };
    for path in [file.path(), "/nowhere/ca.pem".as_ref()] {
        let line = format!("{:#}", Sender::new(&settings(path)).err().unwrap());
        assert!(
            line.starts_with(&format!("WEBHOOK_CA_FILE={}: ", path.display())),
            "{line}"
        );
    }
}
