//! The API keeps to its description, and tells of every refusal as of a problem, whoever refuses.

use crate::support::served::Served;
use reqwest::Method;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

#[tokio::test]
async fn every_path_takes_the_methods_it_describes_and_no_other() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let description = served.json("/api/v1/openapi.json").await?;
    let paths = description["paths"].as_object().into_iter().flatten();
    for (path, item) in paths {
        let methods = item
            .as_object()
            .into_iter()
            .flatten()
            .map(|(method, _)| method.to_uppercase());
        let mut described: BTreeSet<String> = methods.collect();
        if described.contains("GET") {
            described.insert("HEAD".into());
        }
        let url = served.url(&format!("/api/v1{}", path.replace("{id}", "1")));
        let answer = served.client.request(Method::TRACE, url).send().await?;
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        let allowed = answer.headers()["allow"]
            .to_str()?
            .split(',')
            .map(|method| method.trim().to_owned());
        assert_eq!(allowed.collect::<BTreeSet<_>>(), described, "{path}");
    }
    Ok(())
}

/// Sends a request line that no client library would, and gives the answer's status and head.
fn ask_raw(served: &Served, line: &str, headers: &str) -> anyhow::Result<(u16, String)> {
    let host = served.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok((status, text.to_lowercase()))
}

#[tokio::test]
async fn odd_requests_are_told_of_problems() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let json = "Content-Type: application/json\r\nContent-Length: 2\r\n";
    for (line, headers, expected) in [
        ("GET /api/v1/products/%ff", "", 400),
        ("GET /api/v1/products/%", "", 404),
        ("GET /api/v1/products/%00", "", 404),
        ("GET /api/v1/products/99999999999999999999999", "", 404),
        ("GET /api/v1/products/-1", "", 404),
        ("GET /api/v1/products?limit=99999999999999999999999", "", 422),
        ("GET /api/v1/products?limit=1.5", "", 422),
        ("GET /api/v1/products?limit=%00", "", 422),
        ("GET /api/v1/products?cursor=%00", "", 422),
        ("GET /api/v1/products?import=%00", "", 422),
        ("GET /api/v1/products?changed_since=%00", "", 422),
        ("GET /api/v1/imports?limit=-1", "", 422),
        ("GET /api/v1/imports?limit=99999999999999999999999", "", 422),
        ("GET /api/v1/imports?cursor=%00", "", 422),
        ("GET /api/v1/imports/%00/events", "", 404),
        ("GET /api/v1/imports/1%2f2", "", 404),
        ("GET /api/v1/nothing", "", 404),
        ("PUT /api/v1/imports/%ff/cancellation", "", 400),
        ("POST /api/v1/imports", json, 415),
        (
            "POST /api/v1/imports",
            "Content-Type: multipart/form-data\r\nContent-Length: 0\r\n",
            400,
        ),
        (
            "POST /api/v1/imports?mode=%00",
            "Content-Type: text/csv\r\nContent-Length: 0\r\n",
            422,
        ),
        (
            "POST /api/v1/imports",
            "Tus-Resumable: 1.0.0\r\nUpload-Length: x\r\n",
            400,
        ),
        ("BREW /api/v1/products", "", 405),
    ] {
        let (status, answer) = ask_raw(&served, line, headers)?;
        assert_eq!(status, expected, "{line}: {answer}");
        assert!(
            answer.contains("content-type: application/problem+json"),
            "{line}: {answer}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn odd_words_are_looked_for_like_any_other() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    for q in ["%00", "%27%22%25_%5c", "%ff", "%f0%9f%92%a1", "%e2%80%ae", "a%00b"] {
        let answer = served.get(&format!("/api/v1/products?q={q}")).await?;
        assert!(
            answer.status() == 200 || answer.status().is_client_error(),
            "{q}: {answer:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn lists_are_compressed_for_those_who_ask() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    let rows: Vec<_> = (0..60).map(|row| format!("Lamp {row},LAMP-{row}\n")).collect();
    let import = served.import(format!("name,sku\n{}", rows.concat())).await?;
    let ask = |path: &str| {
        served
            .client
            .get(served.url(path))
            .header("Accept-Encoding", "gzip")
            .send()
    };
    for path in ["/api/v1/products", "/products", "/api/docs", "/api/v1/openapi.json"] {
        let answer = ask(path).await?;
        assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
        let mut varies = answer.headers().get_all("vary").iter();
        assert!(varies.any(|by| by == "accept-encoding"), "{path}");
    }
    let id = import["id"].as_str().unwrap_or_default();
    for path in [
        format!("/api/v1/imports/{id}/events"),
        format!("/api/v1/imports/{id}/rejected.csv"),
    ] {
        let answer = ask(&path).await?;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.headers().contains_key("content-encoding"), "{path}");
    }
    Ok(())
}
