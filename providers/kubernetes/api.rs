//! Requests to an API server: with a login that is renewed, and again where that is safe and may help.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ClientBuilder, ConfigExt};
use sdk::{Problem, Runtime};
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;

use crate::connection::Connection;
use crate::credentials::Credentials;
use crate::discovery::Kind;
use crate::failure::{Failure, Status};

/// Tries of one request, as long as the server says that it is busy or is not there.
const TRIES_MAX: u32 = 5;
/// Objects on a page of a list.
const PAGE: usize = 500;
/// A connection that says nothing for so long is broken.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// An API server.
pub(crate) struct Api {
    connection: Connection,
    credentials: Credentials,
    runtime: Arc<dyn Runtime>,
    client: OnceCell<kube::Client>,
}

/// An object's place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// Its kind.
    pub(crate) kind: Kind,
    /// The namespace that it is in, unless its kind has none.
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
}

/// How a server-side apply is done.
#[derive(Clone, Copy)]
pub(crate) struct Applying<'a> {
    /// Who owns the fields.
    pub(crate) manager: &'a str,
    /// Fields of others are taken over.
    pub(crate) is_forced: bool,
    /// It is only tried.
    pub(crate) is_dry: bool,
}

/// A request before it is sent.
struct Asked<'a> {
    method: Method,
    path: &'a str,
    content_type: &'static str,
    body: Option<&'a Json>,
}

impl Place {
    /// Returns its path on the API server.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.kind.path(self.namespace.as_deref()), escaped(&self.name))
    }

    /// Names it to people: ``ConfigMap `a` in the namespace `b` ``.
    pub(crate) fn describe(&self) -> String {
        let Place { kind, namespace, name } = self;
        match namespace {
            Some(namespace) => format!("{} `{name}` in the namespace `{namespace}`", kind.kind),
            None => format!("{} `{name}`", kind.kind),
        }
    }
}

impl Api {
    /// Makes a client; nothing is asked yet.
    pub(crate) fn new(connection: Connection, runtime: Arc<dyn Runtime>) -> Result<Api, Problem> {
        // What is wrong with the connection is told now.
        connection.to_kube()?;
        let credentials = Credentials::new(connection.login.clone(), runtime.clone());
        Ok(Api { connection, credentials, runtime, client: OnceCell::new() })
    }

    async fn client(&self) -> Result<&kube::Client, Failure> {
        let make = || async {
            let config = self.connection.to_kube().map_err(|problem| Failure::Unsent(Box::new(problem)))?;
            let failed = |error: kube::Error| {
                let detail = format!("The connection to {} cannot be set up: {error}.", self.connection.host);
                Failure::Unsent(Box::new(Problem::error("Invalid connection", detail)))
            };
            let direct = ClientBuilder::try_from(config.clone()).map_err(failed)?;
            let Some(proxy) = self.connection.proxy.clone() else { return Ok(direct.build()) };
            let through = config.rustls_https_connector_with_connector(proxy).map_err(failed)?;
            let service = HttpClient::builder(TokioExecutor::new()).build(through);
            Ok(ClientBuilder::new(service, "default").with_layer(&config.base_uri_layer()).build())
        };
        self.client.get_or_try_init(make).await
    }

    /// Sends a request, and again if that is worth it; returns the status and the body.
    async fn ask(&self, asked: Asked<'_>) -> Result<(u16, Json), Failure> {
        let mut refused: Option<String> = None;
        let mut tries = 0;
        loop {
            tries += 1;
            let header = self.credentials.header(refused.as_deref()).await;
            let header = header.map_err(|problem| Failure::Unsent(Box::new(problem)))?;
            let failure = match self.send(&asked, header.as_deref()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match &failure {
                Failure::Api(status) if status.code == 401 && refused.is_none() && self.credentials.can_refresh() => {
                    refused = header;
                    continue;
                }
                _ if tries >= TRIES_MAX => return Err(failure),
                Failure::Api(status) if matches!(status.code, 429 | 502 | 503 | 504) => {
                    self.runtime.sleep(status.retry_after.unwrap_or(backoff(tries)).min(Duration::from_secs(30))).await;
                }
                Failure::Api(status) if status.code == 500 && status.reason == "ServerTimeout" => {
                    self.runtime.sleep(backoff(tries)).await;
                }
                // Everything that is asked here can be asked twice: an apply, a deletion of one uid, a look.
                Failure::Unreachable(_) if tries < 3 => self.runtime.sleep(backoff(tries)).await,
                _ => return Err(failure),
            }
        }
    }

    async fn send(&self, asked: &Asked<'_>, authorization: Option<&str>) -> Result<(u16, Json), Failure> {
        let unsent =
            |error: http::Error| Failure::Unsent(Box::new(Problem::error("Invalid request", format!("{error}."))));
        let mut request = Request::builder().method(asked.method.clone()).uri(asked.path);
        request = request.header("accept", "application/json").header("user-agent", "gantry");
        if asked.body.is_some() {
            request = request.header("content-type", asked.content_type);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let body = asked.body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let request = request.body(Body::from(body)).map_err(unsent)?;
        let client = self.client().await?;
        let exchange = async {
            let answer = client.send(request).await.map_err(|error| Failure::Unreachable(reasons(&error)))?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| Failure::Unreachable(reasons(&error)))?.to_bytes();
            Ok((head, body))
        };
        let (head, body) = match tokio::time::timeout(ANSWER_TIME_MAX, exchange).await {
            Ok(answer) => answer?,
            Err(_) => return Err(Failure::Unreachable("There was no answer within a minute.".to_owned())),
        };
        let code = head.status.as_u16();
        if head.status.is_success() {
            let json = serde_json::from_slice(&body).map_err(|_| {
                Failure::Unreachable("What answers there is no API server: it did not answer in JSON.".to_owned())
            })?;
            return Ok((code, json));
        }
        let seconds = head.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        Err(Failure::Api(Box::new(Status::read(code, &body, seconds.map(Duration::from_secs)))))
    }

    /// Looks at a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Json, Failure> {
        let asked = Asked { method: Method::GET, path, content_type: "application/json", body: None };
        Ok(self.ask(asked).await?.1)
    }

    /// Looks at an object; nothing if it is not there.
    pub(crate) async fn find(&self, place: &Place) -> Result<Option<Json>, Failure> {
        match self.get(&place.path()).await {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.code() == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Applies an object, and tells whether it was not there before.
    pub(crate) async fn apply(&self, place: &Place, body: &Json, how: Applying<'_>) -> Result<(bool, Json), Failure> {
        let mut path = format!("{}?fieldManager={}&fieldValidation=Strict", place.path(), escaped(how.manager));
        if how.is_forced {
            path.push_str("&force=true");
        }
        if how.is_dry {
            path.push_str("&dryRun=All");
        }
        let content_type = "application/apply-patch+yaml";
        let asked = Asked { method: Method::PATCH, path: &path, content_type, body: Some(body) };
        let (code, object) = self.ask(asked).await?;
        Ok((code == 201, object))
    }

    /// Applies an object that is ours; what people have set otherwise by hand is taken back.
    pub(crate) async fn apply_ours(
        &self,
        place: &Place,
        body: &Json,
        how: Applying<'_>,
    ) -> Result<(bool, Json), Failure> {
        match self.apply(place, body, how).await {
            Err(Failure::Api(status)) if status.is_conflict_with_people() => {
                self.apply(place, body, Applying { is_forced: true, ..how }).await
            }
            result => result,
        }
    }

    /// Changes members of an object, whoever they belong to; one that is gone needs no change.
    pub(crate) async fn merge(&self, place: &Place, patch: &Json) -> Result<(), Failure> {
        let path = format!("{}?fieldManager=gantry", place.path());
        let content_type = "application/merge-patch+json";
        let asked = Asked { method: Method::PATCH, path: &path, content_type, body: Some(patch) };
        match self.ask(asked).await {
            Err(failure) if failure.code() != 404 => Err(failure),
            _ => Ok(()),
        }
    }

    /// Begins to delete an object, with what it owns first; tells whether it was there.
    pub(crate) async fn delete(&self, place: &Place, uid: Option<&str>) -> Result<bool, Failure> {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"});
        if let Some(uid) = uid {
            options["preconditions"] = json!({"uid": uid});
        }
        let path = place.path();
        let asked =
            Asked { method: Method::DELETE, path: &path, content_type: "application/json", body: Some(&options) };
        match self.ask(asked).await {
            Ok(_) => Ok(true),
            // Another object has the name by now.
            Err(failure) if failure.code() == 404 || uid.is_some() && failure.code() == 409 => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Lists objects, page by page; `query` is what else is asked, like `labelSelector=a%3Db`.
    pub(crate) async fn list(&self, kind: &Kind, namespace: Option<&str>, query: &str) -> Result<Vec<Json>, Failure> {
        let mut found = Vec::new();
        let mut next = String::new();
        loop {
            let mut path = format!("{}?limit={PAGE}", kind.path(namespace));
            for part in [query, next.as_str()].into_iter().filter(|part| !part.is_empty()) {
                path.push('&');
                path.push_str(part);
            }
            let mut page = match self.get(&path).await {
                Ok(page) => page,
                // The page is too old to go on from: from the beginning, all at once.
                Err(failure) if failure.code() == 410 => {
                    let path = kind.path(namespace);
                    found.clear();
                    self.get(&if query.is_empty() { path } else { format!("{path}?{query}") }).await?
                }
                Err(failure) => return Err(failure),
            };
            let token = crate::json::at(&page, "/metadata/continue").to_owned();
            if let Some(Json::Array(items)) = page.get_mut("items").map(Json::take) {
                found.extend(items);
            }
            if token.is_empty() {
                return Ok(found);
            }
            next = format!("continue={}", escaped(&token));
        }
    }
}

/// Returns how long to wait before the next try.
fn backoff(tries: u32) -> Duration {
    Duration::from_millis(500) * 2u32.pow(tries.min(6))
}

/// Returns an error with what it came from, each once.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let said = error.to_string();
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
        next = error.source();
    }
    text.push('.');
    text
}

/// Escapes a part of a path, or a value in a query.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
