//! Webhooks over the API: what may be said of them, what stays secret, what was told, and trying it again.

use crate::receiver::Receiver;
use crate::support::served::Served;
use anyhow::Context as _;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;

const WEBHOOKS: &str = "/api/v1/webhooks";
/// Receivers of the tests are on the loopback.
const OURS: (&str, &str) = ("WEBHOOK_ALLOW_NETS", "127.0.0.0/8");

pub async fn send(served: &Served, method: Method, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
    let request = served.client.request(method, served.url(path));
    let response = if body.is_null() {
        request.send().await?
    } else {
        request.json(&body).send().await?
    };
    told(response).await
}

async fn told(response: Response) -> anyhow::Result<(u16, Value)> {
    let status = response.status().as_u16();
    let text = response.text().await?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text)?
    };
    Ok((status, body))
}

pub async fn create(served: &Served, webhook: Value) -> anyhow::Result<Value> {
    let (status, created) = send(served, Method::POST, WEBHOOKS, webhook).await?;
    anyhow::ensure!(status == 201, "{created}");
    Ok(created)
}

pub fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap_or_default())
}

pub async fn serve() -> anyhow::Result<Served> {
    Served::start_with("serve", &[OURS]).await
}

async fn add_product(served: &Served, sku: &str) -> anyhow::Result<Value> {
    let body = json!({"sku": sku, "name": format!("Lamp {sku}")});
    let (status, product) = send(served, Method::POST, "/api/v1/products", body).await?;
    anyhow::ensure!(status == 201, "{product}");
    Ok(product)
}

/// The newest delivery of a webhook once it looks as wanted.
async fn delivery_when(served: &Served, webhook: &Value, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let list = format!("{}/deliveries", path(webhook));
    let waiting = async {
        loop {
            let found = served.json(&list).await?["items"][0].clone();
            if wanted(&found) {
                return anyhow::Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .context("no delivery became as wanted")?
}

#[tokio::test]
async fn a_webhook_is_created_shown_changed_and_deleted() -> anyhow::Result<()> {
    let served = Served::start_with("web", &[OURS]).await?;
    let url = "https://shop.example.com/hooks";
    let request = served.client.post(served.url(WEBHOOKS)).json(&json!({"url": url}));
    let response = request.send().await?;
    let location = response.headers()["location"].to_str()?.to_owned();
    let (status, created) = told(response).await?;
    assert_eq!((status, created["url"].as_str()), (201, Some(url)));
    assert_eq!(
        created["events"],
        json!(["product.created", "product.updated", "product.deleted"])
    );
    assert_eq!(
        (&created["enabled"], &created["only_fields"]),
        (&json!(true), &Value::Null)
    );
    let secret = created["secret"].as_str().context("no secret")?;
    assert!(secret.starts_with("whsec_") && secret.len() > 36, "{secret}");

    let shown = served.json(&location).await?;
    assert_eq!(shown["secret"], Value::Null, "told once, and on demand");
    assert_eq!(served.json(&format!("{location}/secret")).await?["secret"], secret);

    let patch =
        json!({"description": " Shop ", "events": ["product.deleted", "product.updated"], "only_fields": ["active"]});
    let (status, changed) = send(&served, Method::PATCH, &location, patch).await?;
    assert_eq!((status, &changed["description"]), (200, &json!("Shop")));
    assert_eq!(changed["events"], json!(["product.updated", "product.deleted"]));
    assert_eq!(
        (&changed["only_fields"], &changed["url"]),
        (&json!(["active"]), &json!(url))
    );
    let (_, changed) = send(
        &served,
        Method::PATCH,
        &location,
        json!({"only_fields": null, "enabled": false}),
    )
    .await?;
    assert_eq!(
        (&changed["only_fields"], &changed["enabled"]),
        (&Value::Null, &json!(false))
    );

    let list = served.json(WEBHOOKS).await?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(list["items"][0]["id"], created["id"]);
    assert_eq!(
        send(&served, Method::DELETE, &location, Value::Null).await?,
        (204, Value::Null)
    );
    for (method, path) in [
        (Method::DELETE, location.clone()),
        (Method::GET, location.clone()),
        (Method::GET, format!("{location}/secret")),
        (Method::GET, format!("{location}/deliveries")),
        (Method::POST, format!("{location}/tests")),
    ] {
        assert_eq!(send(&served, method, &path, Value::Null).await?.0, 404, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field_and_all_at_once() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let fields = |answer: &Value| {
        let errors = answer["errors"].as_array().into_iter().flatten();
        errors
            .map(|error| error["field"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let url = "https://shop.example.com/";
    for (body, at_fault) in [
        (json!({}), vec!["url"]),
        (json!({"url": "shop"}), vec!["url"]),
        (json!({"url": "ftp://shop.example.com/"}), vec!["url"]),
        (json!({"url": "http://127.0.0.1/"}), vec!["url"]),
        (json!({"url": "http://[::1]:8080/"}), vec!["url"]),
        (json!({"url": "https://user:word@shop.example.com/"}), vec!["url"]),
        (json!({"url": "https://shop.example.com/a b"}), vec!["url"]),
        (json!({"url": url, "events": []}), vec!["events"]),
        (json!({"url": url, "events": ["product.sold"]}), vec!["events"]),
        (json!({"url": url, "events": "product.created"}), vec!["events"]),
        (json!({"url": url, "only_fields": ["sku"]}), vec!["only_fields"]),
        (json!({"url": url, "headers": {"Host": "x"}}), vec!["headers"]),
        (json!({"url": url, "headers": {"X-Key": null}}), vec!["headers"]),
        (json!({"url": url, "colour": "red"}), vec!["colour"]),
        (
            json!({"url": "", "events": [], "headers": {"": "x"}}),
            vec!["url", "events", "headers"],
        ),
    ] {
        let (status, answer) = send(&served, Method::POST, WEBHOOKS, body.clone()).await?;
        assert_eq!(
            (status, fields(&answer)),
            (422, at_fault.into_iter().map(str::to_owned).collect()),
            "{body}"
        );
    }
    assert_eq!(served.json(WEBHOOKS).await?["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn values_of_headers_are_never_told_and_are_kept_unless_they_are_named() -> anyhow::Result<()> {
    let served = serve().await?;
    let receiver = Receiver::start().await?;
    let headers = json!({"X-Api-Key": "very secret", "X-Shop": "two"});
    let webhook = create(&served, json!({"url": receiver.url, "headers": headers})).await?;
    assert_eq!(webhook["header_names"], json!(["X-Api-Key", "X-Shop"]));
    let patch = json!({"headers": {"x-shop": "three", "X-More": "m"}, "description": "Shop"});
    let (status, changed) = send(&served, Method::PATCH, &path(&webhook), patch).await?;
    assert_eq!(
        (status, &changed["header_names"]),
        (200, &json!(["X-Api-Key", "X-More", "x-shop"]))
    );
    let (_, changed) = send(
        &served,
        Method::PATCH,
        &path(&webhook),
        json!({"headers": {"X-More": null}}),
    )
    .await?;
    assert_eq!(changed["header_names"], json!(["X-Api-Key", "x-shop"]));
    for page in [
        path(&webhook),
        WEBHOOKS.to_owned(),
        path(&webhook).replace("/api/v1", ""),
        "/webhooks".to_owned(),
    ] {
        assert!(
            !served.get(&page).await?.text().await?.contains("very secret"),
            "{page}"
        );
    }
    send(&served, Method::POST, &format!("{}/tests", path(&webhook)), Value::Null).await?;
    let arrived = receiver.wait_for(1).await?;
    assert_eq!(
        (arrived[0].header("x-api-key"), arrived[0].header("x-shop")),
        ("very secret", "three")
    );
    assert_eq!(arrived[0].header("x-more"), "");
    Ok(())
}

#[tokio::test]
async fn a_test_is_sent_at_once_and_answered_in_plain_words() -> anyhow::Result<()> {
    let served = serve().await?;
    let receiver = Receiver::start().await?;
    let webhook = create(
        &served,
        json!({"url": receiver.url, "enabled": false, "events": ["product.deleted"]}),
    )
    .await?;
    let tests = format!("{}/tests", path(&webhook));
    let (status, answer) = send(&served, Method::POST, &tests, Value::Null).await?;
    assert_eq!(
        (status, &answer["ok"], &answer["status"]),
        (200, &json!(true), &json!(200))
    );
    assert_eq!(answer["error"], Value::Null);
    assert!(answer["duration_ms"].is_u64(), "{answer}");
    let arrived = receiver.wait_for(1).await?;
    assert_eq!(arrived[0].json()?["type"], "webhook.test");

    receiver.answer(500);
    let (_, answer) = send(&served, Method::POST, &tests, Value::Null).await?;
    assert_eq!((&answer["ok"], &answer["status"]), (&json!(false), &json!(500)));
    assert!(
        answer["error"].as_str().is_some_and(|error| error.contains("500")),
        "{answer}"
    );
    drop(receiver);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let elsewhere = json!({"url": format!("http://{closed}/")});
    send(&served, Method::PATCH, &path(&webhook), elsewhere).await?;
    let (_, answer) = send(&served, Method::POST, &tests, Value::Null).await?;
    assert_eq!((&answer["ok"], &answer["status"]), (&json!(false), &Value::Null));
    assert!(
        answer["error"].as_str().is_some_and(|error| error.contains("refused")),
        "{answer}"
    );

    let shown = served.json(&path(&webhook)).await?;
    assert_eq!(
        (&shown["last_attempt_at"], &shown["waiting"]),
        (&Value::Null, &json!(0)),
        "tests count for nothing"
    );
    let log = served.json(&format!("{}/deliveries", path(&webhook))).await?;
    assert_eq!(log["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn what_was_told_is_listed_with_its_attempts_and_can_be_told_again() -> anyhow::Result<()> {
    let served = serve().await?;
    let receiver = Receiver::start().await?;
    let webhook = create(&served, json!({"url": receiver.url})).await?;
    let product = add_product(&served, "A-1").await?;
    receiver.wait_for(1).await?;
    let delivery = delivery_when(&served, &webhook, |found| found["state"] == "delivered").await?;
    assert_eq!(
        (&delivery["type"], &delivery["product_id"]),
        (&json!("product.created"), &product["id"])
    );
    assert_eq!(delivery["next_attempt_at"], Value::Null);
    let [attempt] = delivery["attempts"].as_array().context("no attempts")?.as_slice() else {
        panic!("{delivery}");
    };
    assert_eq!((&attempt["status"], &attempt["error"]), (&json!(200), &Value::Null));
    assert!(
        attempt["duration_ms"].is_u64() && attempt["at"].is_string(),
        "{attempt}"
    );

    let one = format!("/api/v1/deliveries/{}", delivery["id"].as_str().context("no id")?);
    let whole = served.json(&one).await?;
    let arrived = receiver.messages();
    assert_eq!(whole["body"].as_str().map(str::as_bytes), Some(&*arrived[0].body));
    assert_eq!(whole["event_id"], arrived[0].header("webhook-id"));
    assert_eq!(whole["answers"][0]["body"], "noted");

    let (status, _) = send(&served, Method::POST, &format!("{one}/attempts"), Value::Null).await?;
    assert_eq!(status, 202);
    let arrived = receiver.wait_for(2).await?;
    assert_eq!(arrived[0].header("webhook-id"), arrived[1].header("webhook-id"));
    assert_eq!(arrived[0].body, arrived[1].body);
    let twice = |found: &Value| found["attempts"].as_array().is_some_and(|attempts| attempts.len() == 2);
    delivery_when(&served, &webhook, twice).await?;

    send(&served, Method::PATCH, &path(&webhook), json!({"enabled": false})).await?;
    let (status, _) = send(&served, Method::POST, &format!("{one}/attempts"), Value::Null).await?;
    assert_eq!(status, 409);
    assert_eq!(
        send(&served, Method::GET, "/api/v1/deliveries/0", Value::Null).await?.0,
        404
    );
    Ok(())
}

#[tokio::test]
async fn lists_of_deliveries_are_cut_into_pages_and_narrowed_by_state() -> anyhow::Result<()> {
    let served = Served::start_with("web", &[OURS]).await?;
    let webhook = create(&served, json!({"url": "http://127.0.0.1:9/"})).await?;
    for number in 0..5 {
        add_product(&served, &format!("P-{number}")).await?;
    }
    let list = format!("{}/deliveries", path(&webhook));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = served.json(&format!("{list}?limit=2&cursor={cursor}")).await?;
        let items = page["items"].as_array().context("no items")?;
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap_or_default().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].parse::<i64>().ok() > pair[1].parse::<i64>().ok()),
        "{seen:?}"
    );
    let of = async |state: &str| served.json(&format!("{list}?state={state}")).await;
    assert_eq!(of("pending").await?["items"].as_array().map(Vec::len), Some(5));
    assert_eq!(of("failed").await?["items"], json!([]));
    for wrong in ["state=lost", "limit=x", "cursor=x"] {
        assert_eq!(served.get(&format!("{list}?{wrong}")).await?.status(), 422, "{wrong}");
    }
    Ok(())
}

/// Deliveries that were given up, as they are after three days.
async fn give_up(served: &Served, webhook: &Value) -> anyhow::Result<()> {
    sqlx::query(
        "UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL, finished_at = now(), attempts = 10,
                last_error = 'refused the connection'
         WHERE webhook_id = $1::bigint",
    )
    .bind(webhook["id"].as_str().unwrap_or_default().parse::<i64>()?)
    .execute(&served.database.database.pool)
    .await?;
    Ok(())
}

#[tokio::test]
async fn all_that_failed_since_a_time_is_tried_again_when_the_number_is_right() -> anyhow::Result<()> {
    // Without workers, nothing is sent before the deliveries are as they are to be.
    let served = Served::start_with("web", &[OURS]).await?;
    let receiver = Receiver::start().await?;
    let webhook = create(&served, json!({"url": receiver.url})).await?;
    for number in 0..3 {
        add_product(&served, &format!("R-{number}")).await?;
    }
    give_up(&served, &webhook).await?;
    let retries = format!("{}/retries", path(&webhook));
    let ask = |since: &str, expected: i64| {
        send(
            &served,
            Method::POST,
            &retries,
            json!({"since": since, "expected": expected}),
        )
    };
    let long_ago = "2020-01-01T00:00:00Z";
    let (status, refused) = ask(long_ago, 2).await?;
    assert_eq!(status, 409);
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("3 messages")),
        "{refused}"
    );
    assert_eq!(ask("2999-01-01T00:00:00Z", 0).await?.0, 409);
    for wrong in [
        json!({}),
        json!({"since": "yesterday", "expected": 3}),
        json!({"since": long_ago}),
    ] {
        assert_eq!(
            send(&served, Method::POST, &retries, wrong.clone()).await?.0,
            422,
            "{wrong}"
        );
    }

    let (status, retry) = ask(long_ago, 3).await?;
    assert_eq!(
        (status, &retry["expected"], &retry["state"]),
        (202, &json!(3), &json!("running"))
    );
    let one = format!("/api/v1/retries/{}", retry["id"].as_str().context("no id")?);
    assert_eq!(ask(long_ago, 3).await?.0, 409, "one at a time");
    let (status, cancelled) = send(&served, Method::PUT, &format!("{one}/cancellation"), Value::Null).await?;
    assert_eq!((status, &cancelled["state"]), (202, &json!("cancelled")));
    assert!(receiver.messages().is_empty());

    let (_, retry) = ask(long_ago, 3).await?;
    let _worker = served.start_worker(&[OURS])?;
    receiver.wait_for(3).await?;
    let one = format!("/api/v1/retries/{}", retry["id"].as_str().context("no id")?);
    let over = served.until(&one, |retry| retry["state"] == "done").await?;
    assert_eq!((&over["done"], over["finished_at"].is_string()), (&json!(3), true));
    Ok(())
}

#[tokio::test]
async fn a_replaced_secret_is_used_beside_the_new_one_for_a_day() -> anyhow::Result<()> {
    let served = serve().await?;
    let receiver = Receiver::start().await?;
    let webhook = create(&served, json!({"url": receiver.url})).await?;
    let (status, new) = send(&served, Method::PUT, &format!("{}/secret", path(&webhook)), Value::Null).await?;
    assert_eq!(status, 200);
    assert_ne!(new["secret"], webhook["secret"]);
    assert!(new["previous_secret_until"].is_string(), "{new}");
    let (status, told) = send(&served, Method::PUT, &format!("{}/secret", path(&webhook)), Value::Null).await?;
    assert_eq!(status, 409, "the one that is in use would be cut off: {told}");
    add_product(&served, "S-1").await?;
    let arrived = receiver.wait_for(1).await?;
    assert_eq!(
        arrived[0].header("webhook-signature").split(' ').count(),
        2,
        "{arrived:?}"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_watches_a_webhook_hears_of_news() -> anyhow::Result<()> {
    let served = serve().await?;
    let receiver = Receiver::start().await?;
    let webhook = create(&served, json!({"url": receiver.url})).await?;
    let page = path(&webhook).replace("/api/v1", "");
    let mut response = served.get(&format!("{page}/events")).await?;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    let mut hear = async |count: usize| -> anyhow::Result<()> {
        let hearing = async {
            while heard.matches("event: changed").count() < count {
                let bytes = response.chunk().await?.context("the stream ended")?;
                heard.push_str(std::str::from_utf8(&bytes)?);
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_mins(1), hearing)
            .await
            .context("nothing was heard")?
    };
    hear(1).await?;
    add_product(&served, "L-1").await?;
    hear(2).await?;
    assert_eq!(served.get("/webhooks/0/events").await?.status(), 404);
    Ok(())
}
