//! Spans for a collector, by OTLP over HTTP (<https://opentelemetry.io/docs/specs/otlp/>).
//!
//! What is a span in the log is one there: requests, stages of imports, deliveries. They are sent in batches by a thread of
//! their own; where the collector is away they are dropped, and nothing else waits.

use super::dialler::{self, Dialler};
use super::line::Tls;
use crate::config::TelemetrySettings;
use anyhow::Context as _;
use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::time::Duration;
use tokio::runtime::{self, Runtime};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Who makes the spans, in OpenTelemetry's words the instrumentation scope.
const SCOPE: &str = "product-importer";
const TRACES: &str = "v1/traces";
/// A collector that takes longer counts as away.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the end of the process waits for the last spans to be taken.
const END_PATIENCE: Duration = Duration::from_secs(3);
const MOST_ANSWER_BYTES: usize = 64 << 10;

/// What sends spans. Dropping it sends the last ones.
pub struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// Sending as the settings want it; `None` where they name no collector. Headers (`OTEL_EXPORTER_OTLP_HEADERS`), more
    /// about this service (`OTEL_RESOURCE_ATTRIBUTES`) and what is sampled (`OTEL_TRACES_SAMPLER`) are read from the
    /// environment, as OpenTelemetry specifies.
    ///
    /// # Errors
    /// When the file of certificates cannot be read, or a variable of OpenTelemetry makes no sense.
    pub fn of(settings: &TelemetrySettings) -> anyhow::Result<Option<Self>> {
        let Some(endpoint) = &settings.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Web::new(settings)?)
            .with_endpoint(format!("{}/{TRACES}", endpoint.trim_end_matches('/')))
            .build()
            .context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        let resource = Resource::builder().with_service_name(settings.otel_service_name.clone());
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        Ok(Some(Self(provider.with_resource(resource.build()).build())))
    }

    /// What passes spans on.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer(SCOPE))
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(END_PATIENCE) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Makes a span part of the trace that the headers of a request tell of (W3C Trace Context).
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // It cannot where nobody collects spans.
    drop(span.set_parent(context));
}

/// HTTP for the thread that sends.
#[derive(Debug)]
struct Web {
    runtime: Runtime,
    client: Client<Dialler, Full<Bytes>>,
}

impl Web {
    fn new(settings: &TelemetrySettings) -> anyhow::Result<Self> {
        Ok(Self {
            runtime: runtime::Builder::new_current_thread().enable_all().build()?,
            client: dialler::client(Tls::verifying(settings.otlp_ca_file.as_deref())?),
        })
    }
}

#[async_trait]
impl HttpClient for Web {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sending = async {
            let (head, body) = self.client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, MOST_ANSWER_BYTES).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body))
        };
        // The thread that sends has nothing else to do, and no runtime of ours.
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, sending).await })?
    }
}
