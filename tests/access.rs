//! Nobody comes in uninvited: real processes with a password, asked over the wire.

#[path = "support/mod.rs"]
mod support;

use anyhow::Context;
use product_importer::catalog::DESCRIPTION_MAX_CHARS;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use std::process::Command;
use std::time::{Duration, Instant};
use support::database::TestDatabase;
use support::process::{Process, program};
use support::uploads::header;

const PASSWORD: &str = "offen, Sesam – öffne dich";
const COOKIE: &str = "product_importer_session";

/// Names and values of a form, in order.
type Fields = Vec<(String, String)>;

/// A web process.
struct Web {
    process: Process,
    address: String,
    client: Client,
}

fn web(database: &TestDatabase, password: &str) -> Command {
    let mut command = program(Some(&database.url()));
    command.arg("web").env("ACCESS_PASSWORD", password);
    command
}

impl Web {
    fn start(database: &TestDatabase, password: &str) -> anyhow::Result<Self> {
        Self::start_by(&mut web(database, password))
    }

    fn start_by(command: &mut Command) -> anyhow::Result<Self> {
        let (process, address) = Process::serve(command)?;
        let client = Client::builder().redirect(Policy::none()).build()?;
        Ok(Self {
            process,
            address,
            client,
        })
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }

    async fn get(&self, path: &str) -> anyhow::Result<Response> {
        Ok(self.ask(Method::GET, path).send().await?)
    }

    async fn get_with(&self, cookie: &str, path: &str) -> anyhow::Result<Response> {
        Ok(self.ask(Method::GET, path).header("Cookie", cookie).send().await?)
    }

    /// What a browser sends for a form with these fields.
    fn form(&self, path: &str, fields: &Fields) -> RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.ask(Method::POST, path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
    }

    fn sign_in(&self, password: &str, to: &str) -> RequestBuilder {
        self.sign_in_with(password, &fields([("to", to)]))
    }

    /// Signs in on a page that has these hidden fields.
    fn sign_in_with(&self, password: &str, hidden: &Fields) -> RequestBuilder {
        let typed = fields([("password", password)]);
        self.form("/sign-in", &[hidden.as_slice(), &typed].concat())
    }

    /// Signs in, and gives the cookie as a browser sends it back.
    async fn signed_in(&self, password: &str) -> anyhow::Result<String> {
        let answer = self.sign_in(password, "").send().await?;
        anyhow::ensure!(answer.status() == 303, "{answer:?}");
        cookie(&answer)
    }

    async fn bearer(&self, password: &str, from: &str) -> anyhow::Result<Response> {
        let request = self.ask(Method::GET, "/api/v1/products");
        let request = request.header("Authorization", format!("Bearer {password}").into_bytes());
        Ok(request.header("X-Forwarded-For", from).send().await?)
    }

    /// The same as one of many, who take turns: whose turn takes too long to come asks again.
    async fn bearer_in_turn(&self, password: &str, from: &str) -> anyhow::Result<u16> {
        for _ in 0..10 {
            let status = self.bearer(password, from).await?.status().as_u16();
            if status != 503 {
                return Ok(status);
            }
        }
        anyhow::bail!("its turn never came")
    }
}

fn fields<const COUNT: usize>(pairs: [(&str, &str); COUNT]) -> Fields {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The hidden fields of a page. A browser reads their line ends as `\n` and sends them as `\r\n`, as they stand here.
fn hidden_fields(page: &str) -> Fields {
    let plain = |text: &str| {
        let marks = [
            ("&#34;", "\""),
            ("&#39;", "'"),
            ("&#60;", "<"),
            ("&#62;", ">"),
            ("&#38;", "&"),
        ];
        marks
            .iter()
            .fold(text.to_owned(), |text, (escaped, mark)| text.replace(escaped, mark))
    };
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1);
    let fields = fields.filter_map(|rest| {
        let (name, rest) = rest.split_once("\" value=\"")?;
        Some((name, rest.split_once('"')?.0))
    });
    fields.map(|(name, value)| (plain(name), plain(value))).collect()
}

fn cookie(answer: &Response) -> anyhow::Result<String> {
    let pair = header(answer, "set-cookie").split(';').next().context("no cookie")?;
    anyhow::ensure!(pair.starts_with(COOKIE), "{pair}");
    Ok(pair.to_owned())
}

#[tokio::test]
async fn nothing_is_served_but_health_and_the_way_in() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    for path in ["/healthz", "/readyz", "/sign-in"] {
        assert_eq!(web.get(path).await?.status(), 200, "{path}");
    }
    let page = web.get("/sign-in").await?.text().await?;
    for asset in page.split("\"/assets/").skip(1) {
        let path = format!("/assets/{}", asset.split('"').next().unwrap_or_default());
        assert_eq!(web.get(&path).await?.status(), 200, "{path}");
    }
    for (path, place) in [
        ("/", "/sign-in"),
        ("/products", "/sign-in"),
        (
            "/products?q=a&status=active",
            "/sign-in?to=%2Fproducts%3Fq%3Da%26status%3Dactive",
        ),
        ("/products/1", "/sign-in?to=%2Fproducts%2F1"),
        ("/imports", "/sign-in?to=%2Fimports"),
        ("/imports/sample.csv", "/sign-in?to=%2Fimports%2Fsample.csv"),
        ("/products/export.csv", "/sign-in?to=%2Fproducts%2Fexport.csv"),
        ("/api/docs", "/sign-in?to=%2Fapi%2Fdocs"),
        ("/nothing", "/sign-in?to=%2Fnothing"),
    ] {
        let answer = web.get(path).await?;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "location")),
            (303, place),
            "{path}"
        );
    }
    for (method, path) in [
        (Method::GET, "/api/v1/openapi.json"),
        (Method::GET, "/api/v1/products"),
        (Method::DELETE, "/api/v1/products?expected=0"),
        (Method::GET, "/api/v1/imports/1/events"),
        (Method::OPTIONS, "/api/v1/imports"),
        (Method::POST, "/api/v1/imports?filename=a.csv"),
        (Method::PATCH, "/api/v1/imports/1/file"),
        (Method::GET, "/api/v1/nothing"),
        (Method::DELETE, "/imports"),
    ] {
        let answer = web.ask(method.clone(), path).send().await?;
        assert_eq!(answer.status(), 401, "{method} {path}");
        assert_eq!(header(&answer, "www-authenticate"), "Bearer", "{method} {path}");
    }
    let imports: i64 = sqlx::query_scalar("SELECT count(*) FROM imports")
        .fetch_one(&database.database.pool)
        .await?;
    assert_eq!(imports, 0);
    Ok(())
}

#[tokio::test]
async fn a_browser_signs_in_and_gets_where_it_wanted_to_go() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    for (wish, place) in [
        ("/imports", "/imports"),
        ("/products?q=a%20b", "/products?q=a%20b"),
        ("", "/products"),
        ("//evil.example/", "/products"),
        ("/\\evil.example/", "/products"),
        ("https://evil.example/", "/products"),
    ] {
        let answer = web.sign_in(PASSWORD, wish).send().await?;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "location")),
            (303, place),
            "{wish}"
        );
        let set = header(&answer, "set-cookie");
        assert!(
            set.contains("; HttpOnly; SameSite=Lax") && set.contains("Path=/;"),
            "{set}"
        );
        assert!(!set.contains("Secure"), "a browser would drop it: {set}");
    }
    let cookie = web.signed_in(PASSWORD).await?;
    let page = web.get_with(&cookie, "/imports").await?;
    assert_eq!(page.status(), 200);
    assert!(header(&page, "cache-control").contains("private"));
    assert!(page.text().await?.contains("action=\"/sign-out\""));
    assert_eq!(web.get_with(&cookie, "/api/v1/products").await?.status(), 200);
    let again = web.get_with(&cookie, "/sign-in?to=/imports").await?;
    assert_eq!((again.status().as_u16(), header(&again, "location")), (303, "/imports"));

    let forged = format!("{}A{}", &cookie[..40], &cookie[41..]);
    for other in [forged.as_str(), "product_importer_session=", "other=1"] {
        assert_eq!(web.get_with(other, "/api/v1/products").await?.status(), 401, "{other}");
    }

    let out = web
        .ask(Method::POST, "/sign-out")
        .header("Cookie", &cookie)
        .send()
        .await?;
    assert_eq!((out.status().as_u16(), header(&out, "location")), (303, "/sign-in"));
    assert!(
        header(&out, "set-cookie").starts_with("product_importer_session=; ")
            && header(&out, "set-cookie").contains("Max-Age=0")
    );
    Ok(())
}

#[tokio::test]
async fn the_cookie_is_for_https_where_pages_are() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let behind_router = Web::start(&database, PASSWORD)?;
    let answer = behind_router
        .sign_in(PASSWORD, "")
        .header("X-Forwarded-Proto", "https")
        .send()
        .await?;
    assert!(header(&answer, "set-cookie").ends_with("; Secure"));
    let public = Web::start_by(web(&database, PASSWORD).env("PUBLIC_URL", "https://shop.example"))?;
    let answer = public.sign_in(PASSWORD, "").send().await?;
    assert!(header(&answer, "set-cookie").ends_with("; Secure"));
    Ok(())
}

#[tokio::test]
async fn a_session_outlives_processes_and_not_the_password() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut first = Web::start(&database, PASSWORD)?;
    let second = Web::start(&database, PASSWORD)?;
    let cookie = first.signed_in(PASSWORD).await?;
    assert_eq!(second.get_with(&cookie, "/products").await?.status(), 200);
    first.process.kill()?;
    let first = Web::start(&database, PASSWORD)?;
    assert_eq!(first.get_with(&cookie, "/products").await?.status(), 200);

    let changed = Web::start(&database, "another")?;
    assert_eq!(changed.get_with(&cookie, "/api/v1/products").await?.status(), 401);
    let other_shop = TestDatabase::create().await?;
    let elsewhere = Web::start(&other_shop, PASSWORD)?;
    assert_eq!(elsewhere.get_with(&cookie, "/api/v1/products").await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn guesses_are_counted_by_address_over_all_processes() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let processes = [Web::start(&database, PASSWORD)?, Web::start(&database, PASSWORD)?];
    assert_eq!(processes[1].bearer(PASSWORD, "192.0.2.1").await?.status(), 200);
    let guesses = (0..40).map(|number| {
        let web = &processes[number % 2];
        async move {
            let from = format!("198.51.100.{number}, 192.0.2.1");
            web.bearer_in_turn("guess", &from).await
        }
    });
    let mut answers = futures_util::future::try_join_all(guesses).await?;
    answers.sort_unstable();
    assert_eq!(
        answers.iter().filter(|status| **status == 401).count(),
        10,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 429).count(),
        30,
        "{answers:?}"
    );

    // Even the right one is not told any more, wherever the address was known before.
    for web in &processes {
        let refused = web.bearer(PASSWORD, "192.0.2.1").await?;
        let wait: u64 = header(&refused, "retry-after").parse()?;
        assert_eq!(refused.status(), 429);
        assert!((1..=900).contains(&wait), "{wait}");
        let page = web
            .sign_in(PASSWORD, "")
            .header("X-Forwarded-For", "192.0.2.1")
            .send()
            .await?;
        assert_eq!(page.status(), 429);
        assert!(page.text().await?.contains("Try again in 15 minutes"));
    }
    assert_eq!(processes[0].bearer(PASSWORD, "192.0.2.2").await?.status(), 200);
    Ok(())
}

/// As many programs do when a process has been replaced.
#[tokio::test]
async fn the_right_password_is_never_too_much() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    let asked = (0..40).map(|_| web.bearer_in_turn(PASSWORD, "192.0.2.1"));
    assert_eq!(futures_util::future::try_join_all(asked).await?, [200; 40]);
    Ok(())
}

#[tokio::test]
async fn guesses_from_everywhere_are_limited_too() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    let cookie = web.signed_in(PASSWORD).await?;
    for number in 0..100 {
        let refused = web.bearer("guess", &format!("192.0.2.{number}")).await?;
        assert_eq!(refused.status(), 401, "{number}");
    }
    assert_eq!(web.bearer(PASSWORD, "192.0.2.200").await?.status(), 429);
    assert_eq!(web.get_with(&cookie, "/products").await?.status(), 200);

    // A quarter of an hour later.
    sqlx::query("UPDATE sign_in_attempts SET at = at - interval '16 minutes'")
        .execute(&database.database.pool)
        .await?;
    until_admitted(&web, "192.0.2.200").await?;
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM sign_in_attempts")
        .fetch_one(&database.database.pool)
        .await?;
    assert_eq!(kept, 0);
    Ok(())
}

/// Asks until the process has looked into the database again.
async fn until_admitted(web: &Web, from: &str) -> anyhow::Result<()> {
    let asking = async {
        while web.bearer(PASSWORD, from).await?.status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_mins(1), asking).await?
}

/// Somebody who has guessed too often is refused while the database could not say so. Every five seconds one is asked of
/// it all the same, so the answers of a moment that was longer than that say nothing.
async fn refused_without_the_database(web: &Web, database: &TestDatabase) -> anyhow::Result<()> {
    loop {
        let since = Instant::now();
        assert_eq!(web.bearer("guess", "192.0.2.1").await?.status(), 429);
        let mut holding = database.database.pool.begin().await?;
        sqlx::query("LOCK TABLE sign_in_attempts IN ACCESS EXCLUSIVE MODE")
            .execute(&mut *holding)
            .await?;
        let answers = [
            web.bearer("guess", "192.0.2.1").await?,
            web.bearer(PASSWORD, "192.0.2.1").await?,
        ];
        holding.rollback().await?;
        if since.elapsed() >= Duration::from_secs(5) {
            continue;
        }
        for refused in answers {
            let wait: u64 = header(&refused, "retry-after").parse()?;
            assert_eq!(refused.status(), 429);
            assert!((1..=900).contains(&wait), "{wait}");
        }
        return Ok(());
    }
}

#[tokio::test]
async fn whoever_is_refused_costs_the_database_nothing() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    for _ in 0..10 {
        assert_eq!(web.bearer("guess", "192.0.2.1").await?.status(), 401);
    }
    tokio::time::timeout(Duration::from_mins(2), refused_without_the_database(&web, &database)).await??;

    // As docs/OPERATING.md says it.
    sqlx::query("DELETE FROM sign_in_attempts")
        .execute(&database.database.pool)
        .await?;
    until_admitted(&web, "192.0.2.1").await
}

#[tokio::test]
async fn a_wrong_password_is_told_and_a_right_one_forgets_it() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    for _ in 0..3 {
        for _ in 0..9 {
            let answer = web.sign_in("guess", "/imports").send().await?;
            assert_eq!(answer.status(), 401);
            let page = answer.text().await?;
            assert!(
                page.contains("That is not the password.") && page.contains("value=\"/imports\""),
                "{page}"
            );
        }
        web.signed_in(PASSWORD).await?;
    }
    let foreign = web.sign_in(PASSWORD, "").header("Origin", "https://evil.example");
    assert_eq!(foreign.send().await?.status(), 403);
    Ok(())
}

#[tokio::test]
async fn what_a_form_sent_is_kept_until_its_sender_has_signed_in() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let pool = &database.database.pool;
    let web = Web::start(&database, PASSWORD)?;
    // As long as one can be, of the letters that are longest on their way.
    let lines = "Zeile 1\n\n\t„Möbel“ & \"x\" + 'y' = 100 % <b>\n";
    let description = lines.to_owned() + &"😀".repeat(DESCRIPTION_MAX_CHARS - lines.chars().count());
    let sent = fields([
        ("name", "Stuhl „Ä“"),
        ("sku", "KEPT-1"),
        ("description", &description.replace('\n', "\r\n")),
        ("active", "true"),
    ]);
    let refused = web.form("/products", &sent).send().await?;
    assert_eq!(refused.status(), 401);
    assert_eq!(header(&refused, "cache-control"), "no-store");
    let page = refused.text().await?;
    assert!(page.contains("You were signed out") && page.contains("type=\"password\""));
    let carried = hidden_fields(&page);

    let wrong = web.sign_in_with("guess", &carried).send().await?;
    assert_eq!(wrong.status(), 401);
    let page = wrong.text().await?;
    assert!(page.contains("That is not the password.") && page.contains("You were signed out"));
    assert_eq!(hidden_fields(&page), carried);

    let right = web.sign_in_with(PASSWORD, &carried).send().await?;
    assert_eq!(
        (right.status().as_u16(), header(&right, "cache-control")),
        (200, "no-store")
    );
    let cookie = cookie(&right)?;
    let page = right.text().await?;
    assert!(page.contains("<form class=\"entrance__card card\" action=\"/products\" method=\"post\">"));
    assert_eq!(hidden_fields(&page), sent);
    let before: i64 = sqlx::query_scalar("SELECT count(*) FROM products")
        .fetch_one(pool)
        .await?;
    assert_eq!(before, 0, "nothing is sent but by a click");

    let again = web.form("/products", &hidden_fields(&page)).header("Cookie", cookie);
    assert_eq!(again.send().await?.status(), 303);
    let saved: (String, String) = sqlx::query_as("SELECT name, description FROM products")
        .fetch_one(pool)
        .await?;
    assert_eq!(saved, ("Stuhl „Ä“".to_owned(), description));
    Ok(())
}

#[tokio::test]
async fn only_forms_of_our_own_pages_are_kept() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    let typed = fields([("name", "Typed here")]);
    let form = |path: &str| web.form(path, &typed);
    let page = form("/products").send().await?.text().await?;
    assert_eq!(hidden_fields(&page).len(), 2, "{page}");
    for (request, status, place) in [
        (form("/products").header("Sec-Fetch-Site", "cross-site"), 403, ""),
        (form("/products").header("Origin", "https://evil.example"), 403, ""),
        (form("/products").header("Sec-Fetch-Dest", "empty"), 401, ""),
        (form("/products/1").header("X-HTTP-Method-Override", "DELETE"), 401, ""),
        (web.form("/products", &Fields::new()), 303, "/sign-in"),
        (form("/sign-out"), 303, "/sign-in"),
        (form(&format!("/products?q={}", "a".repeat(4_000))), 303, "/sign-in"),
    ] {
        let said = format!("{request:?}");
        let answer = request.send().await?;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "location")),
            (status, place),
            "{said}"
        );
        assert_eq!(hidden_fields(&answer.text().await?), [], "{said}");
    }
    let file = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nsku,name\r\n--x--\r\n";
    let upload = web.ask(Method::POST, "/imports").body(file);
    let upload = upload
        .header("Content-Type", "multipart/form-data; boundary=x")
        .send()
        .await?;
    assert_eq!(
        (upload.status().as_u16(), header(&upload, "location")),
        (303, "/sign-in")
    );
    Ok(())
}

#[tokio::test]
async fn what_is_kept_is_sent_to_nobody_else() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start(&database, PASSWORD)?;
    let page = web.form("/products", &fields([("name", "Typed here")])).send().await?;
    let carried = hidden_fields(&page.text().await?);
    let kept = carried.iter().find(|(name, _)| name == "kept").context("kept")?;
    for place in [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "/sign-out",
        "",
    ] {
        let answer = web
            .sign_in_with(PASSWORD, &fields([("to", place), ("kept", &kept.1)]))
            .send()
            .await?;
        assert_eq!(
            (answer.status().as_u16(), header(&answer, "location")),
            (303, "/products"),
            "{place}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_is_kept_stays_when_the_database_does_not_answer() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let web = Web::start_by(web(&database, PASSWORD).env("STATEMENT_TIMEOUT_SECONDS", "1"))?;
    let page = web.form("/products", &fields([("name", "Typed here")])).send().await?;
    let carried = hidden_fields(&page.text().await?);
    let mut holding = database.database.pool.begin().await?;
    sqlx::query("LOCK TABLE sign_in_attempts IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *holding)
        .await?;
    let failed = web.sign_in_with(PASSWORD, &carried).send().await?;
    assert_eq!((failed.status().as_u16(), header(&failed, "retry-after")), (503, "5"));
    let page = failed.text().await?;
    assert!(page.contains("cannot reach its database"), "{page}");
    assert_eq!(hidden_fields(&page), carried);
    holding.rollback().await?;
    let right = web.sign_in_with(PASSWORD, &carried).send().await?;
    assert!(right.text().await?.contains("value=\"Typed here\""));
    Ok(())
}

#[tokio::test]
async fn a_password_opens_any_address_and_any_name() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let refused = program(Some(&database.url()))
        .arg("web")
        .env("HOST", "0.0.0.0")
        .output()?;
    let said = String::from_utf8(refused.stderr)?;
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("ACCESS_PASSWORD") && said.lines().count() == 1, "{said}");
    let empty = web(&database, "").output()?;
    assert_eq!(empty.status.code(), Some(2));
    assert!(String::from_utf8(empty.stderr)?.contains("ACCESS_PASSWORD"));

    let web = Web::start_by(web(&database, PASSWORD).env("HOST", "0.0.0.0"))?;
    let port = web.address.rsplit(':').next().context("a port")?;
    let url = format!("http://127.0.0.1:{port}/api/v1/products");
    let request = web.client.get(url).header("Host", "shop.example");
    let request = request.header("Authorization", format!("Bearer {PASSWORD}").into_bytes());
    assert_eq!(request.send().await?.status(), 200);
    Ok(())
}
