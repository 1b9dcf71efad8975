//! Spans that a collector is sent by OTLP over HTTP.

use crate::support::database::TestDatabase;
use crate::support::process::{Process, program};
use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Spans are sent every five seconds.
const PATIENCE: Duration = Duration::from_mins(1);
const CSV: &str = "sku,name\nA-1,Lamp\n";

/// A collector that keeps what it is sent.
async fn collector() -> anyhow::Result<(String, mpsc::Receiver<ExportTraceServiceRequest>)> {
    let (sender, receiver) = mpsc::channel(100);
    let take = async move |headers: HeaderMap, body: Bytes| {
        if headers.get("authorization").is_none_or(|key| key != "Bearer key") {
            return StatusCode::UNAUTHORIZED;
        }
        match ExportTraceServiceRequest::decode(body) {
            Ok(spans) => match sender.try_send(spans) {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::SERVICE_UNAVAILABLE,
            },
            Err(_) => StatusCode::BAD_REQUEST,
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, receiver))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_sent_spans() -> anyhow::Result<()> {
    let (url, mut sent) = collector().await?;
    let database = TestDatabase::create().await?;
    let mut command = program(Some(&database.url()));
    command
        .arg("serve")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
        .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20key")
        .env("OTEL_SERVICE_NAME", "our shop")
        .env("WEBHOOK_ALLOW_NETS", "127.0.0.0/8");
    let (mut serving, address) = Process::serve(&mut command)?;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let asked = reqwest::Client::new()
        .post(format!("{address}/api/v1/imports?filename=products.csv"))
        .header("Content-Type", "text/csv")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .body(CSV);
    asked.send().await?.error_for_status()?;
    // Whatever it answers, it is sent something.
    for (path, body) in [
        (
            "webhooks",
            json!({"url": format!("{url}/told"), "events": ["product.created"]}),
        ),
        ("products", json!({"sku": "B-1", "name": "Table"})),
    ] {
        let asked = reqwest::Client::new()
            .post(format!("{address}/api/v1/{path}"))
            .json(&body)
            .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
        asked.send().await?.error_for_status()?;
    }
    let mut wanted = BTreeSet::from([
        "request POST /api/v1/imports 202",
        "import reading",
        "import merging",
        "delivery",
    ]);
    let mut seen = Vec::new();
    while !wanted.is_empty() {
        let request = timeout(PATIENCE, sent.recv()).await;
        let request = request
            .with_context(|| format!("{wanted:?} never came, but {seen:?}"))?
            .context("the end")?;
        let resource = format!("{:?}", request.resource_spans[0].resource);
        assert!(resource.contains("our shop"), "{resource}");
        for span in spans(request) {
            let told = told(&span);
            if told.starts_with("request POST") {
                assert_eq!(span.trace_id, hex(trace), "the caller's trace goes on");
            }
            wanted.remove(&*told);
            seen.push(told);
        }
    }
    // The last ones are sent before it ends.
    reqwest::get(format!("{address}/healthz")).await?;
    assert!(serving.terminate()?.success());
    let last = timeout(PATIENCE, async {
        while let Some(request) = sent.recv().await {
            if spans(request).iter().any(|span| told(span).contains("/healthz")) {
                return true;
            }
        }
        false
    });
    assert!(last.await?);
    Ok(())
}

fn spans(request: ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// A span's name and what tells it from others.
fn told(span: &Span) -> String {
    let value = |name: &str| {
        let attribute = span.attributes.iter().find(|attribute| attribute.key == name)?;
        match attribute.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text.clone()),
            Value::IntValue(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let values = ["method", "route", "status", "stage"].into_iter().filter_map(value);
    [span.name.clone()]
        .into_iter()
        .chain(values)
        .collect::<Vec<String>>()
        .join(" ")
}

fn hex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}
