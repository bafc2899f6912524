//! A client of a cluster's API server, for the little that node groups need of it: nodes, pods, evictions.
//!
//! It trusts the certificate that EKS tells, and nothing else; tokens are made for each request.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::body::SdkBody;
use serde_json::Value as Json;

use super::{cluster, token};
use crate::cloud::At;
use crate::http;

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
        Ok(Inside { at, cluster: name.to_owned(), endpoint, client: http::client_trusting(pem)? })
    }

    /// Makes a request; returns the status and the answer.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> Asked<(u16, Json)> {
        let session = &self.at.session;
        let credentials = session.credentials().await.map_err(|problem| problem.detail)?;
        let token = token::mint(&credentials, &self.at.region, session.endpoint("sts"), &self.cluster, self.at.now());
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let request = ::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint.trim_end_matches('/')))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json")
            .header("content-type", kind)
            .body(SdkBody::from(body.map(Json::to_string).unwrap_or_default()))
            .map_err(|error| error.to_string())?;
        let sent = http::send(self.client.clone(), &server(&self.endpoint), request, REQUEST_LIMIT).await;
        let (status, text) = sent.map_err(|fault| fault.message)?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Makes a request that must go well.
    pub(super) async fn must(&self, method: &str, path: &str, body: Option<&Json>) -> Asked<Json> {
        match self.ask(method, path, body).await? {
            (200..300, answer) => Ok(answer),
            refused => Err(refusal(&refused)),
        }
    }
}

/// Says what an API server answered that does not do what it was asked for.
pub(super) fn refusal((status, answer): &(u16, Json)) -> String {
    format!("{status} {}", answer["message"].as_str().unwrap_or_default())
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
