//! What receivers answer: taken, not taken, a redirect, or more than anybody wants.

use crate::receiver::{Receiver, Reply, answer, taken};
use crate::{patient, send, unhurried};
use product_importer::webhooks::{Sender, Step, Trouble};
use std::time::Duration;

#[tokio::test]
async fn only_two_hundreds_are_deliveries() {
    let sender = Sender::new(&patient()).unwrap();
    for (status, expected) in [
        ("200 OK", None),
        ("201 Created", None),
        ("202 Accepted", None),
        ("204 No Content", None),
        ("299 Fine", None),
        ("304 Not Modified", Some("the other system answered 304 Not Modified")),
        ("400 Bad Request", Some("the other system answered 400 Bad Request")),
        ("410 Gone", Some("the other system answered 410 Gone")),
        (
            "429 Too Many Requests",
            Some("the other system answered 429 Too Many Requests"),
        ),
        ("500 Oops", Some("the other system answered 500 Internal Server Error")),
        ("799 Odd", Some("the other system answered 799")),
    ] {
        let receiver = Receiver::new(move |_| answer(status, "", "")).await;
        let answer = send(&sender, &receiver.url("/")).await;
        assert_eq!(answer.status, status[..3].parse().ok());
        assert_eq!(
            answer.error.map(|error| error.to_string()).as_deref(),
            expected,
            "{status}"
        );
    }
}

#[tokio::test]
async fn redirects_lead_nowhere() {
    let trap = Receiver::new(|_| taken()).await;
    let sender = Sender::new(&patient()).unwrap();
    for status in ["301", "302", "303", "307", "308"] {
        for to in [
            trap.url("/metadata"),
            "http://169.254.169.254/latest/".to_owned(),
            "/elsewhere".to_owned(),
        ] {
            let location = format!("location: {to}\r\n");
            let receiver = Receiver::new(move |_| answer(&format!("{status} Moved"), &location, "")).await;
            let answer = send(&sender, &receiver.url("/")).await;
            let error = answer.error.unwrap();
            assert_eq!(error, Trouble::Redirected(Some(to.clone())));
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("the other system redirected to {to}")),
                "{error}"
            );
            assert_eq!(receiver.heard().len(), 1, "a redirect to itself is not followed either");
        }
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn wishes_to_be_left_alone_are_passed_on() {
    let receiver = Receiver::new(|_| answer("429 Slow", "retry-after: 90\r\n", "")).await;
    let answer = send(&Sender::new(&patient()).unwrap(), &receiver.url("/")).await;
    assert_eq!(answer.retry_after, Some(Duration::from_secs(90)));
}

#[tokio::test]
async fn an_endless_body_is_cut_and_its_connection_closed() {
    let receiver = Receiver::new(|_| Reply::Flood("HTTP/1.1 200 OK\r\n\r\nbegin".to_owned())).await;
    let answer = send(&Sender::new(&patient()).unwrap(), &receiver.url("/")).await;
    assert_eq!((answer.status, answer.error), (Some(200), None));
    assert!(answer.is_cut && answer.response_body.starts_with("beginxxx"));
    assert_eq!(answer.response_body.len(), 16 * 1024);
    receiver.left().await;
}

#[tokio::test]
async fn a_long_body_is_cut_and_its_connection_kept() {
    let receiver = Receiver::new(|_| answer("200 OK", "", &"x".repeat(40_000))).await;
    let sender = Sender::new(&patient()).unwrap();
    for _ in 0..2 {
        let answer = send(&sender, &receiver.url("/")).await;
        assert!(answer.is_cut && answer.error.is_none());
        assert_eq!(answer.response_body.len(), 16 * 1024);
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn what_is_no_text_is_kept_as_text() {
    let receiver = Receiver::new(|_| answer("200 OK", "x-odd: a\u{80}\r\n", "a\0b")).await;
    let answer = send(&Sender::new(&patient()).unwrap(), &receiver.url("/")).await;
    assert_eq!(answer.response_body, "a\u{fffd}b");
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_deadline_wherever_it_drips() {
    let sender = Sender::new(&unhurried()).unwrap();
    let deadline = Duration::from_secs(unhurried().webhook_timeout_seconds.into());
    let cases = [
        ("", None, Step::Answer),
        ("HTTP/1.1 200 OK\r\nx-", None, Step::Answer),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\nbegin",
            Some(200),
            Step::Body,
        ),
        ("HTTP/1.1 200 OK\r\n\r\nbegin", Some(200), Step::Body),
    ];
    let sender = &sender;
    let cases = cases.map(|(start, status, step)| async move {
        // A status line of one letter at a time would not be HTTP.
        let receiver = Receiver::new(move |_| match start {
            "" => Reply::Silence,
            start => Reply::Drip(start.to_owned()),
        })
        .await;
        let answer = send(sender, &receiver.url("/")).await;
        assert_eq!(
            (answer.status, answer.error),
            (status, Some(Trouble::Late(step, deadline))),
            "{start:?}"
        );
        assert!(answer.duration >= deadline);
        if step == Step::Body {
            assert!(answer.response_body.starts_with("begin"), "what came is shown");
        }
        // Nothing of it goes on.
        receiver.left().await;
    });
    futures_util::future::join_all(cases).await;
}

#[tokio::test]
async fn heads_without_end_and_what_is_no_http_are_given_up() {
    let sender = Sender::new(&patient()).unwrap();
    for (reply, expected) in [
        (
            Reply::Flood("HTTP/1.1 200 OK\r\nx-long: ".to_owned()),
            Trouble::TooLongHead,
        ),
        (
            Reply::Bytes("220 mail.example.com ESMTP\r\n\r\n".to_owned()),
            Trouble::NotHttp,
        ),
        (
            Reply::Last("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort".to_owned()),
            Trouble::BrokenOff,
        ),
        (Reply::Last("HTTP/1.1 200 O".to_owned()), Trouble::BrokenOff),
        (Reply::Close, Trouble::BrokenOff),
        (Reply::Reset, Trouble::BrokenOff),
    ] {
        let receiver = Receiver::new(move |_| reply.clone()).await;
        let answer = send(&sender, &receiver.url("/")).await;
        assert_eq!(answer.error, Some(expected));
    }
}
