//! EKS: its REST-JSON protocol, over records of the world.
//!
//! Each type of resource has a file; each operation, a line in `operations.rs`. What takes long is a [`Task`] that is
//! planned with the change that begins it. Roles are asked of IAM, subnets and security groups of EC2.

pub mod access;
pub mod addon;
mod addon_catalogue;
mod addon_schema;
mod call;
mod cluster;
mod cluster_config;
mod encryption;
mod fargate;
mod identity_provider;
mod insight;
mod kubernetes;
mod network;
mod node_group;
mod operations;
mod pod_identity;
mod roles;
mod tags;
mod update;
mod versions;

use std::sync::Arc;

use http::{HeaderValue, Method};
use serde_json::{Map, Value as Json, json};

pub use self::call::record;
use self::call::{Error, Invocation};
pub use self::kubernetes::{kubernetes_of, move_endpoints, of_kubernetes, user_of};
use self::operations::{Operation, find};
use super::account::{ACCOUNT, Caller, authenticate, uuid};
use super::signature::{Refusal, Signature, pairs};
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::Change;

/// EKS.
pub struct Eks;

/// What all services say to a wrong signature.
pub(super) const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
     Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let (code, message) = match refusal {
            Refusal::Missing => ("MissingAuthenticationTokenException", "Missing Authentication Token".to_owned()),
            Refusal::Incomplete(text) => ("IncompleteSignatureException", text),
            Refusal::UnknownKey => {
                ("UnrecognizedClientException", "The security token included in the request is invalid.".to_owned())
            }
            Refusal::ExpiredToken => {
                ("ExpiredTokenException", "The security token included in the request is expired".to_owned())
            }
            Refusal::Scope(text) => ("InvalidSignatureException", text),
            Refusal::Mismatch => ("InvalidSignatureException", MISMATCH.to_owned()),
        };
        Error::new(code, 403, message)
    }
}

impl Service for Eks {
    fn name(&self) -> &'static str {
        "eks"
    }

    fn accepts(&self, request: &Request) -> bool {
        match Signature::read(request) {
            Ok(signature) => signature.service == "eks",
            Err(_) => request.path == "/clusters" || request.path.starts_with("/clusters/"),
        }
    }

    fn operation(&self, request: &Request) -> String {
        find(&request.method, &request.path).map_or("unknown", |(operation, _)| operation.name).to_owned()
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let mut response = match act(frame, &request, is_stuck).await {
                Ok(body) => Response::new(200, "application/json", body.to_string()),
                Err(error) => failed(&error),
            };
            if let Ok(id) = HeaderValue::from_str(&uuid()) {
                response.headers.insert("x-amzn-requestid", id);
            }
            response
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        failed(&Error::new(code, status, message))
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, task: Task) -> Call<'a, ()> {
        Box::pin(frame.happen(move |change| {
            change.remove(name);
            update::finish(change, frame, &task.what, frame.clock.now());
            kubernetes::join(change, frame, &task.what);
        }))
    }
}

fn failed(error: &Error) -> Response {
    let mut body = error.about.clone();
    body.insert("message".to_owned(), json!(error.message));
    let mut response = Response::new(error.status, "application/json", Json::Object(body).to_string());
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers.insert("x-amzn-errortype", code);
    }
    response.error = Some(error.code.clone());
    response
}

async fn act(frame: &Arc<Frame>, request: &Request, is_stuck: bool) -> Result<Json, Error> {
    let (caller, signature) = authenticate(frame, request, "eks")?;
    let Some((operation, arguments)) = find(&request.method, &request.path) else {
        let message = format!("EKS has no operation {} {}", request.method, request.path);
        return Err(Error::new("UnknownOperationException", 404, message));
    };
    let Operation { name, run, .. } = operation;
    let Some(run) = run else {
        let message = format!("The sandbox does not emulate the operation {name} of EKS.");
        return Err(Error::new("UnknownOperationException", 501, message));
    };
    let body = read_body(&request.body)?;
    let query = pairs(&request.query);
    let region = signature.region;
    let perform = |change: &mut Change<'_>| {
        run(&mut Invocation { change, frame, caller, operation: name, region, arguments, query, body, is_stuck })
    };
    frame.world.change(perform).await
}

/// Carries out an operation for someone else than the user; tells whether it was.
pub fn act_as_someone(
    change: &mut Change<'_>,
    frame: &Arc<Frame>,
    region: &str,
    (method, path): (&Method, &str),
    body: Map<String, Json>,
) -> bool {
    let Some((operation, arguments)) = find(method, path) else { return false };
    let Some(run) = operation.run else { return false };
    let caller = Caller { arn: format!("arn:aws:iam::{ACCOUNT}:user/someone-else"), id: "AIDASOMEONEELSE".to_owned() };
    let (region, query, is_stuck) = (region.to_owned(), Vec::new(), false);
    run(&mut Invocation { change, frame, caller, operation: operation.name, region, arguments, query, body, is_stuck })
        .is_ok()
}

fn read_body(body: &[u8]) -> Result<Map<String, Json>, Error> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Json::Object(mut members)) => {
            members.retain(|_, value| !value.is_null());
            Ok(members)
        }
        _ => Err(Error::new("SerializationException", 400, "The body is not an object of JSON.")),
    }
}
