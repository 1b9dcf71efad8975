//! Who may ask: other sites and foreign names are sent away at the door, whatever they ask for.

use crate::support::served::Served;
use reqwest::Method;

#[tokio::test]
async fn other_sites_cannot_change_anything() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let import = served.begin(100).await?;
    let cancellation = format!("{import}/cancellation");
    for (method, path) in [
        (Method::PUT, cancellation.as_str()),
        (Method::POST, "/api/v1/imports"),
        (Method::POST, "/imports"),
        (Method::POST, "/imports/sample"),
        (Method::PATCH, &format!("{import}/file")),
        (Method::DELETE, &format!("{import}/file")),
    ] {
        for (name, value) in [
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ] {
            let request = served
                .client
                .request(method.clone(), served.url(path))
                .header(name, value);
            assert_eq!(request.send().await?.status(), 403, "{method} {path} {name}: {value}");
        }
    }
    assert_eq!(served.json(&import).await?["state"], "uploading");
    let own = served
        .client
        .put(served.url(&cancellation))
        .header("Origin", &served.address);
    assert_eq!(own.send().await?.status(), 202);
    Ok(())
}

#[tokio::test]
async fn foreign_names_are_not_answered() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    for path in [
        "/",
        "/products",
        "/imports",
        "/api/v1/imports",
        "/api/v1/products",
        "/nothing",
    ] {
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"] {
            let request = served.client.get(served.url(path)).header("Host", host);
            assert_eq!(request.send().await?.status(), 403, "{path} at {host}");
        }
    }
    let request = served
        .client
        .get(served.url("/api/v1/imports"))
        .header("Host", "localhost");
    assert_eq!(request.send().await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_page_is_refused_by_a_page() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    for (path, kind) in [
        ("/imports", "text/html; charset=utf-8"),
        ("/nothing", "text/html; charset=utf-8"),
        ("/api/v1/imports", "application/problem+json"),
        ("/api/v1/nothing", "application/problem+json"),
    ] {
        let foreign_name = served.client.get(served.url(path)).header("Host", "evil.example");
        let foreign_site = served
            .client
            .post(served.url(path))
            .header("Origin", "https://evil.example");
        for (request, words) in [
            (foreign_name, "does not answer to the name"),
            (foreign_site, "Another site sent this request"),
        ] {
            let answer = request.send().await?;
            assert_eq!(answer.status(), 403, "{path}");
            assert_eq!(answer.headers()["content-type"], kind, "{path}");
            assert!(answer.headers().contains_key("content-security-policy"), "{path}");
            assert!(answer.text().await?.contains(words), "{path}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_process_says_whether_it_lives_and_can_serve() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    assert_eq!(served.get("/healthz").await?.status(), 200);
    assert_eq!(served.get("/readyz").await?.status(), 200);
    sqlx::query("DELETE FROM _sqlx_migrations")
        .execute(&served.database.database.pool)
        .await?;
    assert_eq!(served.get("/readyz").await?.status(), 503);
    assert_eq!(served.get("/healthz").await?.status(), 200);
    Ok(())
}
