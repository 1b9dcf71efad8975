//! A thousand odd inputs into every parameter of a page's address and every field of its forms: whatever is sent is
//! answered, and refused in the way that everything is refused. The API has schemathesis for that.

use crate::support::served::Served;
use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};

const INPUTS: usize = 1_000;
const AT_ONCE: usize = 8;

/// Pages and the parameters of their addresses.
const PAGES: [(&str, &[&str]); 13] = [
    ("/products", &LIST),
    (
        "/products/count",
        &["q", "status", "changed_since", "changed_before", "import", "exact"],
    ),
    (
        "/products/export.csv",
        &[
            "q",
            "status",
            "changed_since",
            "changed_before",
            "import",
            "ids",
            "expected",
        ],
    ),
    ("/products/1", &["history"]),
    ("/products/changes", &["before"]),
    ("/products/clearing", &["any"]),
    ("/imports", &["before"]),
    ("/imports/choices", &["q", "import"]),
    ("/imports/names", &["ids"]),
    ("/imports/running", &["any"]),
    ("/webhooks", &["before"]),
    ("/webhooks/1", &["state", "before"]),
    ("/webhooks/1/retries/new", &["since"]),
];
const LIST: [&str; 8] = [
    "q",
    "status",
    "changed_since",
    "changed_before",
    "import",
    "sort",
    "limit",
    "cursor",
];

/// Forms as they are sent when nothing about them is odd.
const FORMS: [(&str, &[(&str, &str)]); 10] = [
    (
        "/products",
        &[
            ("name", "Lamp"),
            ("sku", "ODD-1"),
            ("description", ""),
            ("active", "true"),
        ],
    ),
    (
        "/products/1",
        &[
            ("name", "Lamp"),
            ("sku", "A-1"),
            ("description", "bright"),
            ("active", "true"),
            ("version", "1"),
            ("keep", "mine"),
            ("pick_name", "theirs"),
        ],
    ),
    ("/products/1/status", &[("active", "false"), ("version", "1")]),
    ("/products/changes", &[("action", "activate"), ("ids", "1,2")]),
    (
        "/products/changes",
        &[
            ("action", "activate"),
            ("filter", "1"),
            ("q", "lamp"),
            ("status", "active"),
            ("changed_since", "2026-11-22"),
            ("import", "1"),
            ("expected", "100000"),
        ],
    ),
    ("/products/clearing", &[("expected", "100000"), ("typed", "100,000")]),
    ("/products/clearing/cancellations", &[("imports", "100000")]),
    (
        "/webhooks/1",
        &[
            ("url", WEBHOOK),
            ("description", "Shop"),
            ("events", "product.created"),
            ("only_fields", "name"),
            ("header_name", "X-Key"),
            ("header_value", "k"),
        ],
    ),
    ("/webhooks/1/status", &[("enabled", "true")]),
    (
        "/webhooks/1/retries",
        &[("since", "2026-11-22T08:30:00Z"), ("count", "2026-11-22T08:30:00Z%3D0")],
    ),
];

/// An address that needs no looking up. Nothing is sent, since there is no worker.
const WEBHOOK: &str = "http://93.184.215.14/";

/// Texts that have broken programs before, as they stand in an address or a form.
const KNOWN: [&str; 45] = [
    // A cursor whose key is a NUL.
    "WyJza3UiLHsiYSI6eyJyYW5rIjoicyIsInNrdV9rZXkiOiJcdTAwMDAifX1d",
    "",
    "+",
    "%00",
    "a%00b",
    "%FF%FE",
    "%",
    "%zz",
    "%C3%28",
    "%ED%A0%80",
    "%F0%9F%8E%89",
    "%EF%BF%BF",
    "%0D%0A",
    "%27",
    "%22",
    "%5C",
    "%25",
    "_",
    "%25%25",
    "%27%3B+DROP+TABLE+products%3B--",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "..%2F..%2Fetc%2Fpasswd",
    "-1",
    "0",
    "1e9",
    "1.5",
    "NaN",
    "0x10",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "340282366920938463463374607431768211456",
    "2026-02-30",
    "0000-00-00",
    "99999-12-31",
    "-271821-04-20",
    "2026-11-22T25%3A61%3A00Z",
    "2026-11-22T08%3A30%3A00%2B99%3A99",
    "%D9%A1%D9%A2",
    "true",
    "null",
    "[]",
    "%7B%22a%22%3A%7B%7D%7D",
    "eyJhIjp7InIiOnsicyI6bnVsbH19fQ",
    "%E2%80%AE%E2%80%8B",
];

fn odd(rng: &mut ChaCha8Rng) -> String {
    const LETTERS: [char; 24] = [
        'a', 'Z', '0', '9', '-', ',', '.', ':', '/', ' ', '\t', '\n', '\'', '"', '\\', '%', '_', '\0', '<', 'é',
        '\u{301}', 'ﬁ', '日', '🎉',
    ];
    let known = KNOWN.choose(rng).copied().unwrap_or_default();
    if rng.random_range(0..3) == 0 {
        return known.to_owned();
    }
    let length = match rng.random_range(0..20) {
        0 => rng.random_range(500..3_000),
        _ => rng.random_range(1..40),
    };
    let text: String = (0..length).filter_map(|_| LETTERS.choose(rng)).collect();
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    if rng.random_range(0..4) == 0 {
        [known, &encoded].concat()
    } else {
        encoded
    }
}

async fn shop() -> anyhow::Result<Served> {
    let served = Served::start("web").await?;
    for sku in ["A-1", "A-2"] {
        let product = serde_json::json!({"name": "Lamp", "sku": sku, "description": "bright"});
        let request = served.client.post(served.url("/api/v1/products")).json(&product);
        request.send().await?.error_for_status()?;
    }
    let webhook = serde_json::json!({"url": WEBHOOK});
    let request = served.client.post(served.url("/api/v1/webhooks")).json(&webhook);
    request.send().await?.error_for_status()?;
    Ok(served)
}

/// Sends it and looks at what comes back; answers the status.
async fn answered(request: reqwest::RequestBuilder, what: &str) -> anyhow::Result<u16> {
    let response = request.send().await.with_context(|| format!("{what} got no answer"))?;
    let status = response.status();
    let kind = response.headers().get("content-type").cloned();
    let text = response.text().await?;
    ensure!(!status.is_server_error(), "{what}: {status}: {text}");
    if status.is_client_error() {
        let kind = kind
            .and_then(|kind| Some(kind.to_str().ok()?.to_owned()))
            .unwrap_or_default();
        ensure!(
            kind.starts_with("text/html") && text.contains("<html"),
            "{what}: {status}, {kind}: {text}"
        );
    }
    ensure!(!text.contains("<script>alert"), "{what} is shown as it is");
    Ok(status.as_u16())
}

/// How often each status was answered to all the inputs.
async fn all(
    served: &Served,
    seed: u64,
    request: impl Fn(&str) -> reqwest::RequestBuilder,
    what: &str,
) -> anyhow::Result<BTreeMap<u16, usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let inputs: Vec<String> = (0..INPUTS).map(|_| odd(&mut rng)).collect();
    let sent = inputs.iter().map(|input| {
        let request = request(input);
        async move { answered(request, &format!("{what}={input:.200}")).await }
    });
    let statuses: Vec<u16> = stream::iter(sent).buffer_unordered(AT_ONCE).try_collect().await?;
    ensure!(served.get("/healthz").await?.status() == 200);
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    Ok(counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_parameter_of_an_address_may_be_odd() -> anyhow::Result<()> {
    let served = shop().await?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    for (seed, (path, words)) in PAGES.into_iter().enumerate() {
        for word in words {
            let request = |input: &str| client.get(served.url(&format!("{path}?{word}={input}")));
            let counts = all(&served, seed as u64, request, &format!("{path}?{word}")).await?;
            ensure!(counts.values().sum::<usize>() == INPUTS, "{path} {word}: {counts:?}");
        }
    }
    // Ids stand in the path itself.
    for path in [
        "/products",
        "/imports",
        "/products/changes",
        "/webhooks",
        "/webhooks/1/deliveries",
    ] {
        let request = |input: &str| client.get(served.url(&format!("{path}/{}", input.replace('+', "%20"))));
        let counts = all(&served, 99, request, path).await?;
        ensure!(counts.contains_key(&404), "{path}: {counts:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_a_form_may_be_odd() -> anyhow::Result<()> {
    let served = shop().await?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    for (seed, (path, fields)) in FORMS.into_iter().enumerate() {
        for (odd, _) in fields {
            let request = |input: &str| {
                let pair = |(name, usual): &(&str, &str)| format!("{name}={}", if name == odd { input } else { usual });
                let body: Vec<String> = fields.iter().map(pair).collect();
                let request = client.post(served.url(path));
                let request = request.header("Content-Type", "application/x-www-form-urlencoded");
                request.body(body.join("&"))
            };
            let counts = all(&served, seed as u64, request, &format!("{path} {odd}")).await?;
            ensure!(counts.values().sum::<usize>() == INPUTS, "{path} {odd}: {counts:?}");
        }
    }
    // Whatever was saved is found and told again.
    let list = served.json("/api/v1/products?limit=500").await?;
    let items = list["items"].as_array().context("no items")?;
    ensure!(items.len() > 100, "hardly anything was taken: {}", items.len());
    for item in items {
        let id = item["id"].as_str().unwrap_or_default();
        let status = served.get(&format!("/products/{id}")).await?.status();
        ensure!(status == 200, "{status}: {item}");
    }
    Ok(())
}

/// Sends a request as it stands; answers the status.
async fn raw(served: &Served, head: String) -> anyhow::Result<u16> {
    let address = served.address.strip_prefix("http://").context("no address")?;
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream
        .write_all(format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut line = String::new();
    tokio::io::BufReader::new(stream).read_line(&mut line).await?;
    Ok(line.split(' ').nth(1).context("no status")?.parse()?)
}

/// What does not even fit the HTTP library is refused by it, without a body, and nothing else suffers.
#[tokio::test]
async fn what_is_too_long_for_http_is_refused() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let long = "x".repeat(10_000);
    let answer = served.get(&format!("/api/v1/products?q={long}")).await?;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (422, &"application/problem+json".parse()?)
    );
    let endless = "x".repeat(70_000);
    let many = "\r\nx-another: 1".repeat(120);
    for (head, status) in [
        (format!("GET /api/v1/products?q={endless} HTTP/1.1"), 414),
        (format!("GET /api/v1/products HTTP/1.1{many}"), 431),
        (
            format!("GET /api/v1/products HTTP/1.1\r\nx-long: {}", endless.repeat(7)),
            431,
        ),
        ("GET /api/v1/products HTTP/1.1".to_owned(), 200),
    ] {
        assert_eq!(raw(&served, head).await?, status);
    }
    Ok(())
}
