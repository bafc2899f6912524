//! A client of a cluster's API server, for the little that node groups need of it: nodes, pods, evictions.
//!
//! It trusts the certificate that EKS tells, and nothing else; tokens are made for each request.

use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value as Json;

use super::{cluster, token};
use crate::cloud::At;

/// Time for one request, by our clock: an endpoint that is closed to us does not answer at all.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// A cluster's API server.
pub(super) struct Inside<'a> {
    at: &'a At,
    cluster: String,
    endpoint: String,
    client: SharedHttpClient,
}

/// Why something did not work, in words.
pub(super) type Asked<T> = Result<T, String>;

/// The error that answers of this client never are: what is wrong is read from the answer itself.
#[derive(Debug)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error of the cluster's API server")
    }
}

impl std::error::Error for Never {}

impl<'a> Inside<'a> {
    /// Finds the API server of a cluster.
    pub(super) async fn of(at: &'a At, name: &str) -> Asked<Inside<'a>> {
        let found = cluster::find(at, name).await.map_err(|problem| problem.detail)?;
        let found = found.ok_or_else(|| format!("there is no cluster {name:?}"))?;
        let authority = found.certificate_authority.and_then(|authority| authority.data).unwrap_or_default();
        let pem = aws_smithy_types::base64::decode(authority).map_err(|error| error.to_string())?;
        if !pem.starts_with(b"-----BEGIN CERTIFICATE-----") {
            return Err("its certificate is not known".to_owned());
        }
        let endpoint = found.endpoint.ok_or("its endpoint is not known")?;
        Ok(Inside { at, cluster: name.to_owned(), endpoint, client: client(pem)? })
    }

    /// Makes a request; returns the status and the answer.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> Asked<(u16, Json)> {
        let session = &self.at.session;
        let credentials = session.credentials().await.map_err(|problem| problem.detail)?;
        let minted = token::mint(&credentials, &self.at.region, session.endpoint("sts"), &self.cluster, self.at.now());
        let token = minted.map_err(|problem| problem.detail)?;
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint.trim_end_matches('/')))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json")
            .header("content-type", kind)
            .body(SdkBody::from(body.map(Json::to_string).unwrap_or_default()))
            .map_err(|error| error.to_string())?;
        let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
        let operation = Operation::builder()
            .service_name("Kubernetes")
            .operation_name("Request")
            .http_client(self.client.clone())
            .endpoint_url(&server(&self.endpoint))
            .no_auth()
            .no_retry()
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(REQUEST_LIMIT).build())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .serializer(|request: HttpRequest| Ok(request))
            .deserializer::<(u16, Json), Never>(|response: &HttpResponse| {
                let text = response.body().bytes().unwrap_or_default();
                let answer = serde_json::from_slice(text).unwrap_or_default();
                Ok::<_, OrchestratorError<Never>>((response.status().as_u16(), answer))
            })
            .build();
        operation.invoke(request).await.map_err(|error| crate::fault::chain(&error))
    }

    /// Makes a request that must go well.
    pub(super) async fn must(&self, method: &str, path: &str, body: Option<&Json>) -> Asked<Json> {
        match self.ask(method, path, body).await? {
            (200..300, answer) => Ok(answer),
            (status, answer) => Err(format!("{status} {}", answer["message"].as_str().unwrap_or_default())),
        }
    }
}

/// Makes a client that trusts one certificate.
fn client(pem: Vec<u8>) -> Asked<SharedHttpClient> {
    let trusted = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(pem)).build();
    let trusted = trusted.map_err(|error| error.to_string())?;
    Ok(aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, _| {
        let mut connector = aws_smithy_http_client::Connector::builder().sleep_impl(TokioSleep::new());
        connector.set_connector_settings(settings.cloned());
        connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(trusted.clone()).build()
    }))
}

/// Returns an address without its path.
fn server(endpoint: &str) -> String {
    endpoint.split('/').take(3).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn an_address_has_a_path_or_none() {
        assert_eq!(
            server("https://abc.gr7.eu-west-1.eks.amazonaws.com"),
            "https://abc.gr7.eu-west-1.eks.amazonaws.com"
        );
        assert_eq!(server("https://127.0.0.1:5/clusters/lake-1"), "https://127.0.0.1:5");
    }
}
