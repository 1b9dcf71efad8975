//! Addresses inside our own network: refused when they are entered and when they are dialled, whatever leads there.

use crate::name_server::{NameServer, Saying};
use crate::receiver::{Receiver, answer, taken};
use crate::{patient, send};
use product_importer::config::{AllowNets, WebhookSettings};
use product_importer::webhooks::{Place, Refusal, Sender, Trouble};
use std::net::Ipv4Addr;

const FORBIDDEN: Ipv4Addr = Ipv4Addr::LOCALHOST;
const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn only_public() -> WebhookSettings {
    WebhookSettings {
        webhook_allow_nets: AllowNets::default(),
        ..patient()
    }
}

fn place(trouble: Option<&Trouble>) -> Option<Place> {
    match trouble {
        Some(Trouble::Refused(Refusal::Address(_, place, _))) => Some(*place),
        _ => None,
    }
}

#[tokio::test]
async fn this_machine_is_not_reached_in_any_spelling() {
    let receiver = Receiver::new(|_| taken()).await;
    let sender = Sender::new(&only_public()).unwrap();
    let port = receiver.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "①②⑦.0.0.1",
        "0",
        "[::1]",
        "[::]",
        "localhost",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
    ] {
        let answer = send(&sender, &format!("http://{host}:{port}/")).await;
        assert!(place(answer.error.as_ref()).is_some(), "{host}: {answer:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_entered_and_when_it_is_dialled() {
    let names = NameServer::new(|name, _| match name {
        "inside.example" => Saying::Addresses(vec![Ipv4Addr::new(10, 0, 0, 1), FORBIDDEN]),
        "outside.example" => Saying::Addresses(vec![Ipv4Addr::new(1, 1, 1, 1)]),
        "mixed.example" => Saying::Addresses(vec![FORBIDDEN, Ipv4Addr::new(1, 1, 1, 1)]),
        "failing.example" => Saying::Failed,
        _ => Saying::NoSuchName,
    })
    .await;
    let sender = Sender::new(&WebhookSettings {
        webhook_dns: Some(names.address),
        ..only_public()
    })
    .unwrap();
    let refusal = sender.check("https://inside.example/hook").await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "inside.example leads to 10.0.0.1, which is in a private network; to let webhooks reach it, ask whoever runs this program \
         (setting WEBHOOK_ALLOW_NETS)"
    );
    let answer = send(&sender, "https://inside.example/hook").await;
    assert_eq!(place(answer.error.as_ref()), Some(Place::PrivateNetwork));
    // Their owners may be about to set them up.
    for url in [
        "https://outside.example/",
        "https://mixed.example/",
        "https://nobody.example/",
        "https://failing.example/",
    ] {
        assert_eq!(sender.check(url).await.unwrap().as_str(), url);
    }
}

/// The name leads outside when it is checked and inside when it is dialled, or the other way round, again and again:
/// what is dialled is what was checked, so that the machine inside is never spoken to.
#[tokio::test]
async fn an_answer_that_changes_between_check_and_dial_reaches_nobody_inside() {
    let close = || answer("200 OK", "connection: close\r\n", "");
    let inside = Receiver::at("127.0.0.1:0", None, move |_| close()).await;
    let port = inside.address.port();
    // Of the two, only this one may be reached.
    let outside = Receiver::at(&format!("{ALLOWED}:{port}"), None, move |_| close()).await;
    let names =
        NameServer::new(|_, before| Saying::Addresses(vec![if before % 2 == 0 { ALLOWED } else { FORBIDDEN }])).await;
    let sender = Sender::new(&WebhookSettings {
        webhook_allow_nets: "127.0.0.2/32".parse().unwrap(),
        webhook_dns: Some(names.address),
        ..patient()
    })
    .unwrap();
    let url = format!("http://changing.example:{port}/");
    assert!(sender.check(&url).await.is_ok(), "the first answer is a good one");
    let (mut delivered, mut refused) = (0, 0);
    for _ in 0..40 {
        let answer = send(&sender, &url).await;
        match place(answer.error.as_ref()) {
            Some(Place::ThisMachine) => refused += 1,
            _ => delivered += usize::from(answer.error.is_none()),
        }
    }
    // A question that is not answered at once is asked again, which turns the turns around.
    assert!(
        names.asked() >= 41,
        "once for the check, and once for each dialling: {}",
        names.asked()
    );
    assert_eq!(delivered + refused, 40);
    assert!(delivered > 0 && refused > 0, "{delivered} and {refused}");
    assert_eq!((outside.connections(), inside.connections()), (delivered, 0));
}

#[tokio::test]
async fn a_name_with_good_and_bad_addresses_is_dialled_at_the_good_ones_alone() {
    let inside = Receiver::at("127.0.0.1:0", None, |_| taken()).await;
    let port = inside.address.port();
    let names = NameServer::new(|_, _| Saying::Addresses(vec![FORBIDDEN, ALLOWED])).await;
    let sender = Sender::new(&WebhookSettings {
        webhook_allow_nets: "127.0.0.2/32".parse().unwrap(),
        webhook_dns: Some(names.address),
        ..patient()
    })
    .unwrap();
    // Nobody listens there.
    let answer = send(&sender, &format!("http://both.example:{port}/")).await;
    assert_eq!(answer.error, Some(Trouble::ConnectionRefused));
    assert_eq!(inside.connections(), 0);
}
