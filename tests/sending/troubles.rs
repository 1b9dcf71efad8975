//! Receivers that cannot be reached, and names that lead nowhere.

use crate::name_server::{NameServer, Saying};
use crate::receiver::{Receiver, taken};
use crate::{patient, send, settings};
use product_importer::config::WebhookSettings;
use product_importer::webhooks::{Sender, Step, Trouble};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let answer = send(&Sender::new(&patient()).unwrap(), &format!("http://{address}/")).await;
    assert_eq!(answer.error, Some(Trouble::ConnectionRefused));
    assert_eq!(answer.status, None);
}

fn with_names(server: &NameServer, settings: WebhookSettings) -> Sender {
    Sender::new(&WebhookSettings {
        webhook_dns: Some(server.address),
        ..settings
    })
    .unwrap()
}

#[tokio::test]
async fn a_name_that_leads_to_several_addresses_is_reached_at_the_one_that_answers() {
    let receiver = Receiver::new(|_| taken()).await;
    // Nobody listens at the first on this port.
    let names = NameServer::new(|_, _| Saying::Addresses(vec![Ipv4Addr::new(127, 0, 0, 9), Ipv4Addr::LOCALHOST])).await;
    let sender = with_names(&names, patient());
    let url = format!("http://shop.example:{}/", receiver.address.port());
    let answer = send(&sender, &url).await;
    assert_eq!(answer.error, None);
    let host = format!("shop.example:{}", receiver.address.port());
    assert_eq!(receiver.heard()[0].header("host"), host);
}

#[tokio::test]
async fn names_that_nobody_knows_are_told() {
    let names = NameServer::new(|name, _| match name {
        "empty.example" => Saying::Addresses(Vec::new()),
        "broken.example" => Saying::Failed,
        _ => Saying::NoSuchName,
    })
    .await;
    let sender = with_names(&names, patient());
    for (host, expected) in [
        ("nobody.example", "there is no such host: nobody.example"),
        ("empty.example", "there is no such host: empty.example"),
        (
            "broken.example",
            "broken.example could not be looked up: the name servers do not answer",
        ),
    ] {
        let answer = send(&sender, &format!("https://{host}/")).await;
        assert_eq!(answer.error.unwrap().to_string(), expected);
    }
}

#[tokio::test]
async fn a_name_server_that_says_nothing_is_not_waited_for_beyond_the_deadline() {
    let names = NameServer::new(|_, _| Saying::Nothing).await;
    let sender = with_names(&names, settings());
    let answer = send(&sender, "https://slow.example/").await;
    assert_eq!(answer.error, Some(Trouble::Late(Step::LookUp, Duration::from_secs(1))));
}

#[tokio::test]
async fn one_that_hangs_holds_up_nobody_else() {
    // Each of so many look-ups is a socket, and an ordinary user's limit is often 1,024.
    product_importer::platform::open_files::allow_most();
    let names = NameServer::new(|name, _| match name {
        "fine.example" => Saying::Addresses(vec![Ipv4Addr::LOCALHOST]),
        _ => Saying::Nothing,
    })
    .await;
    let receiver = Receiver::new(|_| taken()).await;
    let sender = with_names(&names, patient());
    let fine = format!("http://fine.example:{}/", receiver.address.port());
    // A look-up is given up after some seconds, and a slow machine may need longer than that for so many.
    let one_is_not_held_up = async {
        loop {
            let already = names.asked();
            let hanging: Vec<_> = (0..600)
                .map(|number| {
                    let sender = sender.clone();
                    tokio::spawn(async move { send(&sender, &format!("http://hanging{number}.example/")).await })
                })
                .collect();
            while names.asked() < already + 100 {
                tokio::task::yield_now().await;
            }
            let answer = send(&sender, &fine).await;
            let hang_still = hanging.iter().all(|task| !task.is_finished());
            hanging.iter().for_each(JoinHandle::abort);
            if answer.error.is_none() && hang_still {
                return;
            }
        }
    };
    let waiting = tokio::time::timeout(Duration::from_mins(2), one_is_not_held_up);
    waiting.await.expect("it is held up by those that hang");
}
