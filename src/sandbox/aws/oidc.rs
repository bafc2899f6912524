//! Issuers of the tokens of clusters' service accounts, under the names that EKS gives them.

use std::sync::Arc;

use http::header::HOST;
use serde_json::{Value as Json, json};

use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};

/// The service.
pub struct Issuers;

/// Tells whether issuers are at a host.
pub fn is_host(host: &str) -> bool {
    host.starts_with("oidc.eks.") && host.ends_with(".amazonaws.com")
}

/// Tells whether a cluster has an issuer.
pub fn is_issuer(frame: &Frame, issuer: &str) -> bool {
    frame.world.look(|records| {
        let clusters = records.under("aws/eks/").filter(|(name, _)| name.split('/').nth(3) == Some("clusters"));
        clusters
            .filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok())
            .any(|cluster| cluster["identity"]["oidc"]["issuer"] == *issuer)
    })
}

fn host(request: &Request) -> Option<&str> {
    let host = request.headers.get(HOST)?.to_str().ok()?;
    Some(host.split(':').next().unwrap_or(host))
}

impl Service for Issuers {
    fn name(&self) -> &'static str {
        "oidc"
    }

    fn accepts(&self, request: &Request) -> bool {
        host(request).is_some_and(is_host)
    }

    fn operation(&self, request: &Request) -> String {
        request.path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let path = request.path.strip_suffix("/.well-known/openid-configuration");
            let issuer = format!("https://{}{}", host(&request).unwrap_or_default(), path.unwrap_or_default());
            if path.is_none() || !is_issuer(frame, &issuer) {
                return self.fail(&request, "NotFound", 404, "There is no such document.");
            }
            let document = json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/keys"),
                "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "claims_supported": ["sub", "iss"],
                "id_token_signing_alg_values_supported": ["RS256"],
            });
            Response::new(200, "application/json", document.to_string())
        })
    }

    fn fail(&self, _: &Request, code: &str, status: u16, message: &str) -> Response {
        let answer = Response::new(status, "application/json", json!({"message": message}).to_string());
        Response { error: Some(code.to_owned()), ..answer }
    }

    fn due<'a>(&'a self, _: &'a Arc<Frame>, _: &'a str, _: Task) -> Call<'a, ()> {
        Box::pin(async {})
    }
}
