//! Renders every page in every state it can be in, without a server or a database.
//!
//! The files are left under `target/tmp/pages`, together with the assets, so that a browser can look at them: after
//! `python3 -m http.server` there, `bin/screenshots http://127.0.0.1:8000 target/screenshots /imports/done.html`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use askama::Template;
use chrono::{DateTime, Duration, Utc};
use product_importer::catalog::api::ListQuery;
use product_importer::catalog::pages::ProductsPage;
use product_importer::catalog::view::ListView;
use product_importer::catalog::{Counts, IndexBacklog, Page as ProductList, Product, Total};
use product_importer::http::FieldError;
use product_importer::http::assets;
use product_importer::http::pages::{ErrorPage, Flash, Pager};
use product_importer::imports::pages::{ImportPage, ImportsPage, RunningNotice};
use product_importer::imports::view::{Columns, Example, ImportView, RejectionView, UsedColumn, Warning};
use product_importer::webhooks::form::WebhookForm;
use product_importer::webhooks::health::{Health, Hour};
use product_importer::webhooks::log::pages::{DeliveryPage, RetryChoice, RetryPage, RetryView};
use product_importer::webhooks::log::view::{AttemptView, DeliveryView};
use product_importer::webhooks::log::{LogView, State};
use product_importer::webhooks::pages::{EditWebhookPage, NewWebhookPage, WebhookPage, WebhooksPage};
use product_importer::webhooks::view::WebhookView;
use std::fs;
use std::path::{Path, PathBuf};

const SIZE_LIMIT: i64 = 4 << 30;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages")
}

fn check(name: &str, page: &impl Template) -> String {
    let html = page.render().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!html.contains(" style=\""), "{name} has an inline style");
    assert!(!html.contains("{{") && !html.contains("{%"), "{name} has a hole");
    for script in html.split("<script").skip(1) {
        assert!(script.contains("src="), "{name} has an inline script");
    }
    for address in html.split("\"/assets/").skip(1) {
        let path = address.split('"').next().unwrap().split_once('/').unwrap().1;
        assert!(
            assets::all().iter().any(|asset| asset.path == path),
            "{name} wants {path}"
        );
    }
    let file = folder().join(format!("{name}.html"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, &html).unwrap();
    html
}

#[expect(clippy::disallowed_methods, reason = "pages are looked at now; there is no database")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn import(id: i64, state: &str, phase: &str) -> ImportView {
    ImportView {
        id,
        filename: "products_500k.csv".into(),
        source: "upload".into(),
        mode: "overwrite".into(),
        new_status: "active".into(),
        state: state.into(),
        phase: phase.into(),
        bytes_total: Some(90_233_871),
        bytes_received: 90_233_871,
        bytes_read: 90_233_871,
        rows_read: 500_000,
        created: 0,
        updated: 0,
        unchanged: 0,
        duplicates: 0,
        skipped: 0,
        rejected: 0,
        error: None,
        warnings: Vec::new(),
        columns: Some(columns()),
        created_at: now() - Duration::seconds(134),
        started_at: Some(now() - Duration::seconds(133)),
        finished_at: matches!(state, "done" | "failed" | "cancelled").then(|| now() - Duration::seconds(120)),
    }
}

fn columns() -> Columns {
    let used = [
        ("sku", "Artikel-Nr."),
        ("name", "Product name"),
        ("description", "description"),
    ];
    Columns {
        used: used
            .map(|(field, header)| UsedColumn {
                field: field.into(),
                header: header.into(),
            })
            .into(),
        ignored: vec!["Price".into(), "Weight (kg)".into()],
    }
}

fn mangled() -> Warning {
    let examples = [(118, "1.23E+12"), (4_020, "4.006E+12"), (271_818, "9.78014E+12")];
    Warning {
        kind: "mangled_sku".into(),
        count: 312,
        examples: examples
            .map(|(line, value)| Example {
                line,
                value: value.into(),
            })
            .into(),
        text: "312 SKUs look as if a spreadsheet had turned them into numbers.".into(),
    }
}

fn rejections(count: i64) -> Vec<RejectionView> {
    let reasons = [
        "There is no SKU",
        "The name is longer than 1,000 characters",
        "7 columns where the header has 3",
    ];
    let row = |number: i64| RejectionView {
        line: number * 2_417 + 12,
        reason: reasons[usize::try_from(number).unwrap() % 3].into(),
        values: vec![
            String::new(),
            "Ergonomic <Granite> Chair".into(),
            "Beautifully made.\nIn two lines. ".repeat(8),
        ],
    };
    (0..count).map(row).collect()
}

#[test]
fn an_upload_going_on() {
    let mut view = import(7, "uploading", "receiving");
    (view.bytes_received, view.bytes_read, view.rows_read, view.rejected) = (43_100_000, 40_000_000, 221_004, 3);
    let html = check("imports/uploading", &ImportPage::new(view.clone(), rejections(3)));
    assert!(html.contains("aria-valuenow=\"23\""));
    assert!(html.contains("43.1 MB of 90.2 MB"));
    let mut begun = view.clone();
    (
        begun.bytes_received,
        begun.bytes_read,
        begun.rows_read,
        begun.rejected,
        begun.columns,
    ) = (0, 0, 0, 0, None);
    check("imports/begun", &ImportPage::new(begun, Vec::new()));
    (
        view.bytes_total,
        view.rows_read,
        view.bytes_read,
        view.rejected,
        view.columns,
    ) = (None, 0, 0, 0, None);
    let html = check("imports/streaming", &ImportPage::new(view, Vec::new()));
    assert!(!html.contains("aria-valuenow"));
}

#[test]
fn reading_waiting_and_merging() {
    let mut view = import(7, "running", "reading");
    (view.bytes_read, view.rows_read) = (61_000_000, 338_120);
    assert!(check("imports/reading", &ImportPage::new(view, Vec::new())).contains("338,120 rows"));
    let waiting = ImportPage::new(import(7, "running", "waiting"), Vec::new());
    assert!(check("imports/waiting", &waiting).contains("goes on by itself"));
    let mut view = import(7, "running", "merging");
    (view.created, view.updated, view.duplicates, view.rejected) = (231_044, 1_204, 33_307, 1_412);
    view.warnings.push(mangled());
    let html = check("imports/merging", &ImportPage::new(view, rejections(200)));
    assert!(html.contains("266,967 of 500,000"));
    assert!(html.contains("The last 200 are shown"));
    assert!(html.contains("How to export SKUs"));
}

#[test]
fn a_finished_import_sums_up() {
    let mut view = import(7, "done", "over");
    (view.created, view.updated, view.unchanged) = (436_902, 29_001, 766);
    (view.duplicates, view.rejected) = (33_307, 24);
    view.warnings.push(mangled());
    let html = check("imports/done", &ImportPage::new(view.clone(), rejections(24)));
    assert!(html.contains("436,902 products added, 29,001 updated"));
    assert!(html.contains("24 rows could not be taken"));
    (view.created, view.updated, view.unchanged, view.rejected) = (0, 0, 500_000, 0);
    view.warnings.clear();
    let html = check("imports/done-unchanged", &ImportPage::new(view, Vec::new()));
    assert!(html.contains("Your catalogue already had all of this"));
}

#[test]
fn an_import_that_failed_says_what_stays() {
    let mut view = import(7, "failed", "over");
    view.filename = "Kopie von Preisliste_Fruehjahr_2026_final_FINAL-ueberarbeitet(3)_fuer_den_Import.csv".into();
    view.error = Some("There is no SKU column. The columns found are: Titel, Preis, Lagerbestand.".into());
    view.columns = None;
    view.rows_read = 0;
    let html = check("imports/failed", &ImportPage::new(view.clone(), Vec::new()));
    assert!(html.contains("Nothing in your catalogue was changed."));
    (view.error, view.created, view.rows_read) = (None, 120_000, 500_000);
    assert!(check("imports/failed-late", &ImportPage::new(view, Vec::new())).contains("120,000 products added"));
}

#[test]
fn a_cancelled_import_says_what_stays() {
    let mut view = import(7, "cancelled", "over");
    (view.created, view.updated) = (120_000, 1);
    view.mode = "create_only".into();
    let html = check("imports/cancelled", &ImportPage::new(view, Vec::new()));
    assert!(html.contains("120,000 products added, 1 changed"));
    assert!(html.contains("you have them already"));
    assert!(html.contains("379,999"), "rows that were not reached");
}

#[test]
fn the_imports_page_empty_and_full() {
    let html = check(
        "imports/empty",
        &ImportsPage::new(SIZE_LIMIT, Vec::new(), Pager::default()),
    );
    assert!(html.contains("No file has been imported yet"));
    let states = [
        ("uploading", "receiving"),
        ("running", "merging"),
        ("done", "over"),
        ("failed", "over"),
        ("cancelled", "over"),
        ("queued", "waiting"),
    ];
    let mut history: Vec<_> = (0..18)
        .map(|number| {
            let (state, phase) = if number < 6 { states[number] } else { ("done", "over") };
            let mut view = import(40 - number as i64, state, phase);
            view.created_at = now() - Duration::minutes(number as i64 * 311 + 2);
            view.finished_at = view
                .finished_at
                .map(|_| view.created_at + Duration::milliseconds(13_400));
            if state == "done" {
                (view.created, view.updated, view.rejected) = (466_000, 29_001, number as i64 % 3 * 12);
            }
            view
        })
        .collect();
    history[3].filename = "Kopie von Preisliste_Fruehjahr_2026_final_FINAL-ueberarbeitet(3)_fuer_den_Import.csv".into();
    let pager = Pager {
        previous: None,
        next: Some("/imports?cursor=22".into()),
    };
    let html = check("imports/index", &ImportsPage::new(SIZE_LIMIT, history, pager));
    assert!(html.contains("data-open=\"true\""));
    assert!(html.contains("/imports?cursor=22"));
}

#[test]
fn the_notice_on_other_pages() {
    let notice = RunningNotice {
        import: Some(import(7, "running", "merging")),
        others: 2,
        backlog: IndexBacklog::default(),
    };
    let html = check("imports/running", &notice);
    assert!(html.contains("50%"));
    assert!(html.contains("2 more after it."));
    let after_it = |products| RunningNotice {
        import: None,
        others: 0,
        backlog: IndexBacklog {
            products,
            ..IndexBacklog::default()
        },
    };
    let html = check("imports/running-indexing", &after_it(12_000));
    assert!(html.contains("12,000 products are being made searchable."), "{html}");
    let html = check("imports/running-none", &after_it(0));
    assert_eq!(html.trim(), "");
}

fn products() -> Vec<Product> {
    let names = [
        "Ergonomic Granite Chair",
        "Lampe à pied, laiton brossé",
        "Sleek Wooden Keyboard",
        "Ψηφιακό ρολόι",
    ];
    let mut products: Vec<_> = (0..50)
        .map(|number: i64| Product {
            id: number + 1,
            created_at: now() - Duration::days(40),
            updated_at: now() - Duration::minutes(number * number * 3 + 1),
            import_id: None,
            import_line: None,
            version: 1,
            active: number % 7 != 3,
            sku: format!("lay-raise-best-{:05}", number * 7919 % 100_000),
            sku_key: format!("lay-raise-best-{:05}", number * 7919 % 100_000),
            name: format!("{} {}", names[number as usize % 4], number + 1),
            description: "It is made of what it is made of, by people who know how.".repeat(number as usize % 4),
        })
        .collect();
    products[4].name = "An unusually long product name that goes on and on because a supplier wrote the sales pitch into the title column of the export, twice over and without a pause".into();
    products[6].sku = "X".repeat(255);
    products
}

fn list(asked: ListQuery, counts: Counts, products: Vec<Product>) -> ListView {
    let query = asked.parse().unwrap();
    let total = Total {
        value: if products.is_empty() { 0 } else { counts.all() },
        is_exact: true,
    };
    let page = ProductList {
        products,
        previous: None,
        next: None,
        total,
    };
    ListView::new(asked, &query, counts, page)
}

#[test]
fn the_products_page_empty_and_full() {
    let nothing = list(ListQuery::default(), Counts::default(), Vec::new());
    check("products/empty", &ProductsPage::new(nothing));
    let counts = Counts {
        active: 498_000,
        inactive: 231,
    };
    let asked = ListQuery {
        q: "lampe chair".into(),
        changed_since: "2026-11-20".into(),
        import: "3".into(),
        ..ListQuery::default()
    };
    let mut page = ProductsPage::new(list(asked.clone(), counts, products()));
    page.list.pager = Pager {
        previous: Some("/products".into()),
        next: Some("/products?cursor=9".into()),
    };
    page.layout.flash = Some(Flash::good("Everything is in."));
    let html = check("products/index", &page);
    assert!(html.contains("498,231 products") && html.contains("231</span>"));
    let found = check("products/nothing", &ProductsPage::new(list(asked, counts, Vec::new())));
    assert!(found.contains("No products match “<bdi>lampe chair</bdi>” with these filters"));
}

fn webhook(id: i64, description: &str) -> WebhookView {
    let mut hours = [Hour::default(); 24];
    for (place, hour) in hours.iter_mut().enumerate().skip(id as usize * 2) {
        hour.delivered = (place as i64 * 7919 * id) % 97 + 3;
    }
    WebhookView {
        id,
        url: format!("https://shop-{id}.example.com/hooks/products?tenant=munich"),
        description: description.into(),
        events: ["product.created", "product.updated", "product.deleted"]
            .map(str::to_owned)
            .into(),
        only_fields: Vec::new(),
        header_names: Vec::new(),
        enabled: true,
        stopped_reason: None,
        failing_since: None,
        rest_until: None,
        paused_at: None,
        last_status: Some(200),
        last_error: None,
        last_attempt_at: Some(now() - Duration::minutes(id * 3)),
        previous_secret_until: None,
        created_at: now() - Duration::days(12),
        updated_at: now() - Duration::days(2),
        health: Health { hours, waiting: 0 },
    }
}

fn failing() -> WebhookView {
    let mut view = WebhookView {
        failing_since: Some(now() - Duration::hours(5)),
        rest_until: None,
        last_status: None,
        last_error: Some("the certificate has expired".into()),
        header_names: vec!["X-Api-Key".into(), "X-Tenant".into()],
        only_fields: vec!["name".into(), "active".into()],
        previous_secret_until: Some(now() + Duration::hours(20)),
        ..webhook(2, "Stock system in the warehouse")
    };
    view.health.waiting = 1_204;
    for hour in &mut view.health.hours[18..] {
        *hour = Hour {
            delivered: 0,
            failed: 31,
        };
    }
    view
}

fn delivery(id: i64, state: State, attempts: i32) -> DeliveryView {
    let kinds = ["product.updated", "product.created", "product.deleted"];
    let names = [
        "Lampe à pied, laiton brossé",
        "Ergonomic Granite Chair",
        "Sleek Wooden Keyboard with a very long name that goes on",
    ];
    DeliveryView {
        id,
        webhook_id: 2,
        event_id: "msg_019a5f0c7c3e7d1c8b1f2a6d4e9b3c55".into(),
        kind: kinds[id as usize % 3].into(),
        product_id: Some(id),
        product_name: Some(names[id as usize % 3].into()),
        state,
        attempts,
        last_status: (state == State::Delivered).then_some(200),
        last_error: (state != State::Delivered && attempts > 0).then(|| "the certificate has expired".into()),
        created_at: now() - Duration::minutes(id * id * 3),
        finished_at: None,
        next_attempt_at: (state == State::Pending).then(|| now() + Duration::minutes(27)),
    }
}

fn deliveries() -> Vec<DeliveryView> {
    (1..=14)
        .map(|id| match id {
            1 => delivery(id, State::Pending, 0),
            2..=4 => delivery(id, State::Pending, id as i32 - 1),
            5 | 9 => delivery(id, State::Failed, 10),
            _ => delivery(id, State::Delivered, 1),
        })
        .collect()
}

#[test]
fn the_webhooks_page_empty_and_full() {
    check("webhooks/empty", &WebhooksPage::new(Vec::new(), Pager::default()));
    let mut quiet = webhook(3, "");
    (quiet.last_status, quiet.last_attempt_at, quiet.health) = (None, None, Health::default());
    let gone = WebhookView {
        enabled: false,
        stopped_reason: Some("gone".into()),
        last_status: Some(410),
        last_error: Some("the other system said that this address is gone (410)".into()),
        events: vec!["product.deleted".into()],
        ..webhook(4, "Marketplace")
    };
    let paused = WebhookView {
        paused_at: Some(now() - Duration::hours(1)),
        ..failing()
    };
    let list = vec![webhook(1, "Web shop"), failing(), quiet, gone, paused];
    let html = check("webhooks/index", &WebhooksPage::new(list, Pager::default()));
    assert!(html.contains("Paused") && html.contains("Gone") && html.contains("Failing"));
}

#[test]
fn a_webhooks_page_empty_failing_and_stopped() {
    let mut quiet = webhook(2, "Web shop");
    (quiet.last_status, quiet.last_attempt_at, quiet.health) = (None, None, Health::default());
    check("webhooks/quiet", &WebhookPage::new(quiet, LogView::default()));
    let log = LogView {
        deliveries: deliveries(),
        failed: 2,
        pager: Pager {
            previous: None,
            next: Some("/webhooks/2?before=1".into()),
        },
        retry: Some(RetryView {
            id: 1,
            since: now(),
            expected: 1_204,
            done: 350,
            is_over: false,
            is_cancelled: false,
        }),
        only: None,
    };
    check("webhooks/failing", &WebhookPage::new(failing(), log.clone()));
    check(
        "webhooks/well",
        &WebhookPage::new(
            webhook(1, "Web shop"),
            LogView {
                retry: None,
                failed: 0,
                ..log
            },
        ),
    );
    let paused = WebhookView {
        paused_at: Some(now() - Duration::hours(1)),
        ..failing()
    };
    check("webhooks/paused", &WebhookPage::new(paused, LogView::default()));
}

#[test]
fn the_forms_of_a_webhook() {
    check("webhooks/new", &NewWebhookPage::new(WebhookForm::blank()));
    let typed = WebhookForm {
        url: "http://10.1.2.3/hooks".into(),
        headers: vec![("X-Api-Key".into(), String::new())],
        ..WebhookForm::blank()
    };
    let fault = FieldError {
        field: "url".into(),
        message: "This address leads into a private network, which webhooks may not reach.".into(),
    };
    check(
        "webhooks/edit",
        &EditWebhookPage::new(failing(), typed).with_faults(vec![fault]),
    );
}

#[test]
fn a_message_and_trying_again() {
    let attempt = |number, status, error: Option<&str>, body: &str| AttemptView {
        number,
        at: now() - Duration::minutes(40 - i64::from(number) * 10),
        status,
        duration_ms: 41,
        error: error.map(str::to_owned),
        request_headers: vec![("webhook-id".into(), "msg_019a5f0c7c3e7d1c8b1f2a6d4e9b3c55".into())],
        response_headers: vec![("content-type".into(), "text/html".into())],
        response_body: body.into(),
    };
    let attempts = vec![
        attempt(
            2,
            Some(503),
            Some("answered 503 Service Unavailable"),
            "<html>Too busy</html>",
        ),
        attempt(1, None, Some("refused the connection"), ""),
    ];
    let body = r#"{"type":"product.updated","timestamp":"2026-11-22T08:30:14Z","data":{"product":{"id":"4711","sku":"LAMP-0042","name":"Garden lamp","description":"Warm white, 4 W, for outdoors","active":true,"version":3},"previous":{"name":"Lamp"}}}"#;
    check(
        "webhooks/delivery",
        &DeliveryPage::new(failing(), delivery(3, State::Pending, 2), attempts, body),
    );
    let choice = |label: &str, count| RetryChoice {
        since: now(),
        label: label.into(),
        count,
        is_chosen: count == 12,
    };
    let choices = vec![
        choice("in the last hour", 0),
        choice("in the last 24 hours", 12),
        choice("in the last 7 days", 1_204),
    ];
    check("webhooks/retry", &RetryPage::new(failing(), choices));
}

#[test]
fn errors() {
    let next = "It may have been removed, or the address was cut short. The list of imports shows those there are.";
    check(
        "errors/404",
        &ErrorPage::new(404, "There is no import with this number", next),
    );
}

#[test]
fn assets_lie_beside_the_pages() {
    for asset in assets::all() {
        let file = folder().join(assets::url(asset.path).trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, asset.bytes).unwrap();
    }
}
