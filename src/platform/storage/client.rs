//! HTTP for talking to a bucket, over our own lines: HTTP/1, one TLS, one rule of whom to trust.

use crate::platform::dialler::{self, Dialler};
use crate::platform::line::Tls;
use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};

/// A client of HTTP. Cloning shares its connections.
#[derive(Clone, Debug)]
pub(super) struct Web(Client<Dialler, HttpRequestBody>);

impl Web {
    pub fn new(tls: Tls) -> Self {
        Self(dialler::client(tls))
    }
}

impl HttpConnector for Web {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Web {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = if error.is_connect() {
                HttpErrorKind::Connect
            } else {
                HttpErrorKind::Request
            };
            HttpError::new(kind, error)
        })?;
        Ok(answer
            .map(|body| HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)))))
    }
}
