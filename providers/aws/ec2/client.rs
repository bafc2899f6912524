//! A client of the query protocol of EC2 and ELB, written by hand.
//!
//! `aws-sdk-ec2` takes eight gigabytes to compile for its seven hundred operations, of which two dozen are needed here. This
//! one signs with `aws-sigv4` and sends by the HTTP client that the other services' clients use.

use std::time::Duration;

use ::http::Request;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::{SystemTimeSource, TimeSource};
use aws_smithy_types::body::SdkBody;
use sdk::Problem;
use serde_json::Value as Json;

use super::xml;
use crate::cloud::{At, partition};
use crate::fault::{Answer, Fault};
use crate::http;
use crate::managed::Done;

/// A service that speaks the protocol.
pub(super) struct Service {
    /// What it is called in addresses and signatures.
    name: &'static str,
    /// What the provider's configuration calls it.
    endpoint: &'static str,
    version: &'static str,
}

/// Networks, machines, volumes.
pub(super) const EC2: Service = Service { name: "ec2", endpoint: "ec2", version: "2016-11-15" };
/// Load balancers for applications, networks and gateways.
pub(super) const ELB: Service = Service { name: "elasticloadbalancing", endpoint: "elbv2", version: "2015-12-01" };
/// Load balancers of the first kind.
pub(super) const CLASSIC_ELB: Service =
    Service { name: "elasticloadbalancing", endpoint: "elb", version: "2012-06-01" };

/// Attempts for what passes by itself.
const ATTEMPTS_MAX: u32 = 8;
/// Time for one attempt, by our clock.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(60);
/// Pages of a list.
const PAGES_MAX: usize = 1000;

/// Parameters of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Makes parameters.
    pub(super) fn of(list: &[(&str, &str)]) -> Parameters {
        Parameters(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Adds a parameter.
    pub(super) fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a parameter, if there is a value.
    pub(super) fn add_some(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// Adds a list: `Name.1`, `Name.2`.
    pub(super) fn add_list(&mut self, name: &str, values: &[String]) {
        for (place, value) in values.iter().enumerate() {
            self.add(format!("{name}.{}", place + 1), value);
        }
    }

    /// Adds a filter.
    pub(super) fn filter(mut self, name: &str, values: &[String]) -> Parameters {
        let number =
            1 + self.0.iter().filter(|(name, _)| name.starts_with("Filter.") && name.ends_with(".Name")).count();
        self.add(format!("Filter.{number}.Name"), name);
        self.add_list(&format!("Filter.{number}.Value"), values);
        self
    }
}

/// Calls an operation of EC2, again for as long as its fault passes by itself.
pub(super) async fn call(at: &At, action: &str, parameters: &Parameters) -> Answer<Json> {
    call_of(&EC2, at, action, parameters).await
}

/// Calls an operation, again for as long as its fault passes by itself.
pub(super) async fn call_of(service: &Service, at: &At, action: &str, parameters: &Parameters) -> Answer<Json> {
    let mut pause = Duration::from_millis(500);
    let mut attempt = 1;
    let mut is_uncertain = false;
    loop {
        match send(service, at, action, parameters).await {
            Err(fault)
                if attempt < ATTEMPTS_MAX
                    && (passes(&fault) || (fault.is_uncertain && is_repeatable(action, parameters))) =>
            {
                is_uncertain |= fault.is_uncertain;
                at.sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(20));
                attempt += 1;
            }
            // An attempt whose answer was lost may have deleted it.
            Err(fault) if is_uncertain && action.starts_with("Delete") && is_missing(&fault) => return Ok(Json::Null),
            answer => return answer,
        }
    }
}

/// Tells whether EC2 only wants to be asked later.
fn passes(fault: &Fault) -> bool {
    let codes = [
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "EC2ThrottledException",
        "Client.RequestLimitExceeded",
    ];
    codes.contains(&&*fault.code)
}

/// Tells whether it does no harm to ask twice.
fn is_repeatable(action: &str, parameters: &Parameters) -> bool {
    !action.starts_with("Create") && !action.starts_with("Allocate") && !action.starts_with("Authorize")
        || parameters.0.iter().any(|(name, _)| name == "ClientToken")
}

/// Tells whether what a call is about is not there.
pub(super) fn is_missing(fault: &Fault) -> bool {
    fault.code.ends_with(".NotFound") || fault.code.ends_with("NotFound") || fault.code.ends_with(".NotFoundException")
}

async fn send(service: &Service, at: &At, action: &str, parameters: &Parameters) -> Answer<Json> {
    let endpoint = match at.session.endpoint(service.endpoint) {
        Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
        None => format!("https://{}.{}.{}", service.name, at.region, partition(&at.region).1),
    };
    let mut body = format!("Action={action}&Version={}", service.version);
    for (name, value) in &parameters.0 {
        body.push_str(&format!("&{}={}", escape(name), escape(value)));
    }
    let lost = |message: String, is_uncertain: bool| Fault { message, is_uncertain, ..Fault::default() };
    let request = signed(service, at, &endpoint, &body).await.map_err(|message| lost(message, false))?;
    let (status, text) = http::send(http::client(), &endpoint, request, ATTEMPT_LIMIT).await?;
    let answer = xml::read(&text);
    if status < 300 {
        return answer.map_err(|error| lost(format!("The answer is not XML: {error}"), true));
    }
    let answer = answer.unwrap_or_default();
    let error = if answer["Error"].is_object() { &answer["Error"] } else { &answer["Errors"]["Error"] };
    let code = xml::text(error, "Code");
    Err(Fault {
        code: if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() },
        message: xml::text(error, "Message").to_owned(),
        request: answer["RequestID"].as_str().or(answer["RequestId"].as_str()).map(str::to_owned),
        is_uncertain: status >= 500 && code != "RequestLimitExceeded",
    })
}

async fn signed(service: &Service, at: &At, endpoint: &str, body: &str) -> Result<Request<SdkBody>, String> {
    let credentials = at.session.credentials().await.map_err(|problem: Problem| problem.detail.to_string())?;
    let identity = credentials.into();
    let settings = v4::SigningParams::builder()
        .identity(&identity)
        .region(&at.region)
        .name(service.name)
        .time(SystemTimeSource::new().now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let uri = format!("{endpoint}/");
    let kind = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let signable = SignableRequest::new("POST", &uri, std::iter::once(kind), SignableBody::Bytes(body.as_bytes()));
    let signable = signable.map_err(|error| error.to_string())?;
    let (instructions, _) = sign(signable, &settings).map_err(|error| error.to_string())?.into_parts();
    let mut request = Request::builder().method("POST").uri(&uri).header(kind.0, kind.1);
    for (name, value) in instructions.headers() {
        request = request.header(name, value);
    }
    request.body(SdkBody::from(body.to_owned())).map_err(|error| error.to_string())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Calls an operation that describes, page by page, and returns all that is in a list of its answers.
pub(super) async fn list(at: &At, action: &str, set: &str, parameters: Parameters) -> Answer<Vec<Json>> {
    let (mut found, mut parameters) = (Vec::new(), parameters);
    for _ in 0..PAGES_MAX {
        let mut answer = call(at, action, &parameters).await?;
        if let Json::Array(page) = answer[set].take() {
            found.extend(page);
        }
        let Some(next) = answer["nextToken"].as_str().filter(|next| !next.is_empty()) else { break };
        parameters.0.retain(|(name, _)| name != "NextToken");
        parameters.add("NextToken", next);
    }
    Ok(found)
}

/// Calls an operation; a fault is a problem of what was being done.
pub(super) async fn must(at: &At, action: &str, parameters: &Parameters, doing: &str) -> Done<Json> {
    call(at, action, parameters).await.map_err(|fault| fault.problem(doing))
}
