//! What whoever keeps the program running looks at: metrics, the status page, the log, and the files for platforms.

mod collector;
mod containers;
#[path = "../support/mod.rs"]
mod support;
mod waiting;

use anyhow::Context as _;
use reqwest::RequestBuilder;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::database::TestDatabase;
use support::process::{Process, program};
use support::served::Served;

const PATIENCE: Duration = Duration::from_mins(1);
const LOG_PASSWORD: &str = "a password nobody may read";
const CSV: &str = "sku,name\nA-1,Lamp\nA-2,Table\n,Nothing\n";

fn file(name: &str) -> anyhow::Result<String> {
    Ok(fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))?)
}

/// The names of all metrics in a text, buckets and sums left out.
fn names(metrics: &str) -> BTreeSet<&str> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

/// Asks until nothing is missing in what is told, and gives that. A process that has just started has not said yet that it
/// is there, and figures are left out where the database takes long.
async fn told(ask: impl Fn() -> RequestBuilder, missing: impl Fn(&str) -> Vec<String>) -> anyhow::Result<String> {
    let since = Instant::now();
    loop {
        let text = ask().send().await?.text().await?;
        let missing = missing(&text);
        if missing.is_empty() {
            return Ok(text);
        }
        anyhow::ensure!(since.elapsed() < PATIENCE, "{missing:?} is missing in {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Which of these parts a text lacks.
fn lacking<const COUNT: usize>(parts: [&str; COUNT]) -> impl Fn(&str) -> Vec<String> {
    move |text| {
        let missing = parts.iter().filter(|part| !text.contains(**part));
        missing.map(|part| (*part).to_owned()).collect()
    }
}

#[tokio::test]
async fn metrics_tell_what_was_done() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served.import(CSV).await?;
    served.get("/products?q=lamp").await?.error_for_status()?;
    served.get("/products?q=table").await?.error_for_status()?;
    served.get("/made/up").await?;
    let answer = served.get("/metrics").await?.error_for_status()?;
    assert!(
        answer.headers()["content-type"]
            .to_str()?
            .starts_with("application/openmetrics-text")
    );
    let lines = [
        "http_requests_total{method=\"GET\",route=\"/products\",status=\"200\"} 2",
        "http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
        "http_requests_total{method=\"POST\",route=\"/api/v1/imports\",status=\"202\"} 1",
        "product_importer_imports{state=\"done\"} 1",
        "product_importer_imports{state=\"failed\"} 0",
        "product_importer_import_rows_total{outcome=\"created\"} 2",
        "product_importer_import_rows_total{outcome=\"rejected\"} 1",
        "product_importer_queue_depth{queue=\"imports\"} 0",
        "product_importer_database_up 1",
        "product_importer_broker_up 1",
        "product_importer_processes{role=\"serve\"} 1",
        "product_importer_process_silent_seconds{role=\"serve\",host=",
        "product_importer_claims{queue=\"imports\"} 0",
        "product_importer_database_connections_max{pool=\"pages\"} 6",
        "product_importer_database_connections_max{pool=\"work\"} 6",
    ];
    let metrics = told(|| served.client.get(served.url("/metrics")), lacking(lines)).await?;
    assert!(!metrics.contains("lamp") && metrics.ends_with("# EOF\n"), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn what_is_named_for_dashboards_and_alarms_is_told() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served.import(CSV).await?;
    served.get("/products").await?.error_for_status()?;
    let mut all_used = BTreeSet::new();
    for (name, least) in [("deploy/alerts.yaml", 8), ("deploy/grafana-dashboard.json", 12)] {
        let text = file(name)?;
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let is_metric = |word: &&str| {
            ["http_", "process_", "product_importer_"]
                .iter()
                .any(|start| word.starts_with(start))
        };
        let used: BTreeSet<String> = words.filter(is_metric).map(str::to_owned).collect();
        assert!(used.len() >= least, "{name}: {used:?}");
        all_used.extend(used);
    }
    let missing = |metrics: &str| {
        let told = names(metrics);
        let missing = all_used.iter().filter(|name| !told.contains(name.as_str()));
        missing.cloned().collect()
    };
    told(|| served.client.get(served.url("/metrics")), missing).await?;
    let alarms = file("deploy/alerts.yaml")?;
    let guide = file("docs/OPERATING.md")?;
    for alarm in alarms.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(
            guide.contains(alarm),
            "docs/OPERATING.md does not say what {alarm} means"
        );
    }
    Ok(())
}

#[tokio::test]
async fn as_many_files_are_open_as_the_system_allows() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let program = program(Some(&database.url()));
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "ulimit -Sn 100; exec \"$0\" web"])
        .arg(program.get_program());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let (_web, address) = Process::serve(&mut limited)?;
    let metrics = reqwest::get(format!("{address}/metrics")).await?.text().await?;
    let most = metrics.lines().find_map(|line| line.strip_prefix("process_max_fds "));
    assert!(most.context("no limit is told")?.parse::<f64>()? > 100.0, "{most:?}");
    Ok(())
}

#[tokio::test]
async fn a_worker_tells_nobody_beyond_the_machine_without_a_password() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut worker = program(Some(&database.url()));
    let output = worker
        .args(["worker", "--metrics-port", "0", "--host", "0.0.0.0"])
        .output()?;
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("ACCESS_PASSWORD"), "{told}");
    Ok(())
}

#[tokio::test]
async fn a_broker_that_is_not_there_can_be_seen() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut web = program(Some(&database.url()));
    let (_web, address) = Process::serve(web.arg("web").env("BROKER_URL", "redis://127.0.0.1:1"))?;
    let metrics = reqwest::get(format!("{address}/metrics")).await?.text().await?;
    assert!(metrics.contains("product_importer_broker_up 0"), "{metrics}");
    Ok(())
}

/// Prometheus asks by the address at which it finds a process.
#[tokio::test]
async fn a_worker_that_is_open_tells_by_any_name() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let client = reqwest::Client::new();
    for (access, status) in [(Some("open"), 200), (None, 403)] {
        let mut worker = program(Some(&database.url()));
        worker.args(["worker", "--metrics-port", "0"]);
        worker.envs(access.map(|who| ("ACCESS", who)));
        let (_worker, address) = Process::serve(&mut worker)?;
        let asked = client.get(format!("{address}/metrics")).header("Host", "worker-1:9090");
        assert_eq!(asked.send().await?.status(), status, "{access:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_tells_too_where_it_is_told_to() -> anyhow::Result<()> {
    let served = Served::start("web").await?;
    let url = served.database.url();
    let mut worker = program(Some(&url));
    worker
        .args(["worker", "--metrics-port", "0"])
        .env("ACCESS_PASSWORD", "open sesame");
    let (_worker, address) = Process::serve(&mut worker)?;
    let ask = |path: &str| served.client.get(format!("{address}{path}"));
    assert_eq!(ask("/healthz").send().await?.status(), 200);
    assert_eq!(ask("/readyz").send().await?.status(), 200);
    assert_eq!(ask("/metrics").send().await?.status(), 401);
    let lines = [
        "product_importer_processes{role=\"worker\"} 1",
        // What works is told of, not only what answers this.
        "product_importer_database_connections_max{pool=\"work\"} 11",
        "product_importer_database_connections_max{pool=\"pages\"} 1",
    ];
    told(|| ask("/metrics").bearer_auth("open sesame"), lacking(lines)).await?;
    assert_eq!(ask("/products").send().await?.status(), 404);

    let both = lacking(["<td>worker</td>", "<td>web</td>"]);
    told(|| served.client.get(served.url("/status")), both).await?;
    Ok(())
}

/// Changes a product that a receiver is to be told of who is not there, and waits until that was tried.
async fn tell_in_vain(address: &str) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let send = async |path: &str, body: Value| {
        let request = client.post(format!("{address}/api/v1/{path}")).json(&body);
        anyhow::Ok(request.bearer_auth(LOG_PASSWORD).send().await?.error_for_status()?)
    };
    let receiver = serde_json::json!({"url": "http://127.0.0.1:1/secret-path"});
    let made: Value = send("webhooks", receiver).await?.json().await?;
    send("products", serde_json::json!({"sku": "A-10", "name": "Lampshade"})).await?;
    let place = format!("{address}/api/v1/webhooks/{}", made["id"].as_str().context("no id")?);
    loop {
        let asked = client.get(&place).bearer_auth(LOG_PASSWORD).send().await?;
        let webhook: Value = asked.error_for_status()?.json().await?;
        if !webhook["last_attempt_at"].is_null() {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn the_log_for_machines_names_what_it_is_about_and_no_product() -> anyhow::Result<()> {
    let database = TestDatabase::create().await?;
    let mut command = program(Some(&database.url()));
    command
        .args(["serve", "--log-format", "json", "--log", "info,product_importer=debug"])
        .env("ACCESS_PASSWORD", LOG_PASSWORD)
        .env("WEBHOOK_ALLOW_NETS", "127.0.0.0/8")
        .stderr(Stdio::piped());
    let (mut process, address) = Process::serve(&mut command)?;
    let mut log = process.take_stderr()?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text)
    });
    let client = reqwest::Client::new();
    let ask = |request: RequestBuilder| request.bearer_auth(LOG_PASSWORD);
    let url = format!("{address}/api/v1/imports?filename=secret-prices.csv");
    let sent = ask(client.post(url))
        .header("Content-Type", "text/csv")
        .body(CSV)
        .send()
        .await?;
    let place = format!("{address}{}", sent.error_for_status()?.headers()["location"].to_str()?);
    loop {
        let import: Value = ask(client.get(&place)).send().await?.error_for_status()?.json().await?;
        if support::served::is_over(&import) {
            break;
        }
    }
    tell_in_vain(&address).await?;
    let id = "6f3c1a52-7d0e-4c55-8a9c-2f1d5f0a1b2c";
    let found = ask(client.get(format!("{address}/products?q=Lamp")))
        .header("X-Request-Id", id)
        .send()
        .await?;
    assert_eq!(found.headers()["x-request-id"], id);
    assert!(process.terminate()?.success());

    let text = reading
        .join()
        .map_err(|_| anyhow::anyhow!("the log could not be read"))??;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let has_span = |name: &str, field: &str, value: &Value| {
        let spans = lines.iter().filter_map(|line| line["spans"].as_array()).flatten();
        spans
            .into_iter()
            .any(|span| span["name"] == name && span[field] == *value)
    };
    assert!(has_span("request", "id", &id.into()), "{text}");
    assert!(has_span("request", "route", &"/products".into()), "{text}");
    assert!(has_span("import", "id", &1.into()), "{text}");
    let in_vain = lines.iter().find(|line| line["message"] == "sent in vain");
    let in_vain = in_vain.context("no line of what was sent")?;
    assert_eq!(
        in_vain["spans"][0],
        serde_json::json!({"name": "delivery", "id": 1, "webhook": 1})
    );
    for private in ["Lamp", "A-1", "secret-prices", "secret-path", LOG_PASSWORD] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    Ok(())
}

/// As docs/OPERATING.md says it.
#[tokio::test]
async fn a_backup_comes_back_with_everything() -> anyhow::Result<()> {
    let served = Served::start("serve").await?;
    served.import(CSV).await?;
    let folder = tempfile::tempdir()?;
    let dump = folder.path().join("products.dump");
    let run = |program: &str, arguments: &[&str]| -> anyhow::Result<()> {
        let ran = Command::new(program).args(arguments).output()?;
        anyhow::ensure!(
            ran.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        Ok(())
    };
    let file = dump.to_str().unwrap_or_default();
    let from = served.database.url();
    run("pg_dump", &["--format=custom", "--no-owner", "--file", file, &from])?;
    let restored = TestDatabase::empty().await?;
    run(
        "pg_restore",
        &["--no-owner", "--jobs=2", "--dbname", &restored.url(), file],
    )?;

    let (process, address) = Process::serve(program(Some(&restored.url())).arg("serve"))?;
    let restored = Served {
        database: restored,
        process,
        address,
        client: served.client.clone(),
    };
    let found = restored.json("/api/v1/products?q=tab").await?;
    assert_eq!(found["items"][0]["sku"], "A-2", "{found}");
    let again = restored.import(CSV).await?;
    assert_eq!((&again["id"], &again["unchanged"]), (&"2".into(), &2.into()), "{again}");
    Ok(())
}

#[test]
fn platforms_are_told_the_same_and_of_settings_that_exist() -> anyhow::Result<()> {
    let help = |command: &str| -> anyhow::Result<String> {
        support::process::output(&program(None).args([command, "--help"]).output()?)
    };
    // Lines are broken to the width of a terminal.
    let known = format!("{}{}", help("web")?, help("worker")?);
    let known = known.split_whitespace().collect::<Vec<_>>().join(" ");
    let app: Value = serde_json::from_str(&file("app.json")?)?;
    let settings = app["env"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str());
    let compose = file("compose.yaml")?;
    let composed = [
        "DATABASE_URL",
        "BROKER_URL",
        "ACCESS_PASSWORD",
        "SECRET_KEY",
        "LOG_FORMAT",
        "METRICS_PORT",
    ];
    for name in composed {
        assert!(compose.contains(&format!("{name}:")), "{name}");
    }
    for name in settings.chain(composed) {
        assert!(known.contains(&format!("[env: {name}")), "{name} is no setting");
    }
    for secret in ["ACCESS_PASSWORD", "SECRET_KEY"] {
        assert_eq!(app["env"][secret]["generator"], "secret", "{secret}");
    }
    // The plan that comes with the button allows 20 connections, of which two are for `migrate` and the operator.
    assert_eq!(
        app["addons"],
        serde_json::json!([{"plan": "heroku-postgresql:essential-0"}])
    );
    let each: u64 = app["env"]["DATABASE_CONNECTIONS"]["value"]
        .as_str()
        .context("no number of connections")?
        .parse()?;
    for formation in [&app["formation"], &app["environments"]["review"]["formation"]] {
        let processes = ["web", "worker"].map(|kind| formation[kind]["quantity"].as_u64().unwrap_or_default());
        assert!(processes.iter().all(|quantity| *quantity > 0), "{formation}");
        assert!(processes.iter().sum::<u64>() * each <= 20 - 2, "{formation}");
    }
    let (procfile, heroku) = (file("Procfile")?, file("heroku.yml")?);
    for (kind, command) in [("release", "migrate"), ("web", "web"), ("worker", "worker")] {
        let line = procfile.lines().find(|line| line.starts_with(&format!("{kind}: ")));
        assert!(
            line.is_some_and(|line| line.ends_with(&format!("product-importer {command}"))),
            "{kind}"
        );
        assert!(heroku.contains(&format!("product-importer {command}")), "{kind}");
    }
    Ok(())
}
