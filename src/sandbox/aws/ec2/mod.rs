//! EC2: its query protocol, over records of the world.
//!
//! Records are JSON whose members have the names of the answers' elements; what begins with an underscore is only ours.
//! Each family of operations has a file; each operation, a line in `operations.rs`. What takes long is planned as a task
//! with the change that begins it. `inside.rs` is for other parts of the sandbox: controllers of clusters, EKS, ELB.

mod account;
mod acl;
mod address;
mod call;
pub mod cidr;
mod endpoint;
mod gateway;
mod image;
pub mod inside;
mod instance;
pub mod instance_types;
pub mod kind;
mod launch_template;
mod launch_template_data;
mod nat;
mod network_interface;
mod operations;
pub mod region;
mod route;
mod route_table;
mod rules;
mod security_group;
mod snapshot;
mod subnet;
mod tags;
mod volume;
mod vpc;
pub mod zones;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use self::call::{Error, Invocation, Parameters};
use self::operations::Operation;
pub use self::region::Region;
use super::account::{authenticate, uuid};
use super::query::{self, element, elements, plain};
use super::signature::{Refusal, hex};
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::Change;

/// EC2.
pub struct Ec2;

const VERSION: &str = "2016-11-15";
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

impl Service for Ec2 {
    fn name(&self) -> &'static str {
        "ec2"
    }

    fn accepts(&self, request: &Request) -> bool {
        query::is_for(request, "ec2", VERSION)
    }

    fn operation(&self, request: &Request) -> String {
        query::action(request)
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            match act(frame, &request, is_stuck).await {
                Ok((action, result)) => {
                    let mut body = format!("<{action}Response xmlns=\"{NAMESPACE}\">");
                    element(&mut body, "requestId", &json!(uuid()), "item");
                    elements(&mut body, &result, "item");
                    let _ = writeln!(body, "</{action}Response>");
                    Response::new(200, "text/xml;charset=UTF-8", body)
                }
                Err(error) => failed(&error),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        failed(&Error::of_status(code, status, message))
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("RequestLimitExceeded", 503)
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, task: Task) -> Call<'a, ()> {
        Box::pin(frame.happen(move |change| {
            change.remove(name);
            let region = task.what["region"].as_str().unwrap_or_default();
            let object = task.what["object"].as_str().unwrap_or_default();
            let mut region = Region::of(change, frame, region);
            happen(&mut region, task.what["do"].as_str().unwrap_or_default(), object);
        }))
    }
}

/// Does what was planned when an operation began.
fn happen(region: &mut Region<'_, '_>, action: &str, object: &str) {
    match action {
        "nat-available" => nat::become_available(region, object),
        "nat-failed" => nat::fail(region, object),
        "nat-deleted" => nat::end(region, object),
        "nat-forget" => _ = region.remove(&kind::NAT_GATEWAY, object),
        "interface-gone" => network_interface::unmake(region, object),
        "instance-running" => instance::become_running(region, object),
        "instance-terminated" => instance::end(region, object),
        "instance-forget" => _ = region.remove(&kind::INSTANCE, object),
        "volume-available" => volume::become_available(region, object),
        "volume-attached" => volume::become_attached(region, object),
        "volume-detached" => volume::become_detached(region, object),
        "volume-modified" => volume::become_modified(region, object),
        "volume-gone" => _ = region.remove(&kind::VOLUME, object),
        "snapshot-completed" => snapshot::become_complete(region, object),
        "endpoint-available" => endpoint::become_available(region, object),
        "endpoint-gone" => endpoint::end(region, object),
        _ => {}
    }
}

fn failed(error: &Error) -> Response {
    let (code, message) = (plain(&error.code), plain(&error.message));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>\
         </Error></Errors><RequestID>{}</RequestID></Response>\n",
        uuid()
    );
    let mut response = Response::new(error.status, "text/xml;charset=UTF-8", body);
    response.error = Some(error.code.clone());
    response
}

/// Says that a signature is wrong, in the words of EC2.
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Missing => Error::new("MissingParameter", "The request must contain the parameter AWSAccessKeyId"),
        Refusal::Incomplete(text) => Error::of_status("AuthFailure", 401, text),
        Refusal::ExpiredToken => Error::new("RequestExpired", "Request has expired."),
        Refusal::Scope(text) => Error::of_status("AuthFailure", 401, text),
        Refusal::UnknownKey | Refusal::Mismatch => {
            let text = "AWS was not able to validate the provided access credentials";
            Error::of_status("AuthFailure", 401, text)
        }
    }
}

async fn act(frame: &Arc<Frame>, request: &Request, is_stuck: bool) -> Result<(&'static str, Json), Error> {
    let (_, signature) = authenticate(frame, request, "ec2").map_err(refused)?;
    let parameters = Parameters::of(request);
    let action = parameters.get("Action").unwrap_or_default();
    let Some(operation) = operations::find(action) else {
        let text =
            format!("The action {action} is not valid for this web service, or the sandbox does not emulate it.");
        return Err(Error::new("InvalidAction", text));
    };
    let Operation { name: action, run } = *operation;
    let perform = |change: &mut Change<'_>| {
        vpc::ensure_default(&mut Region::of(change, frame, &signature.region));
        let mut region = Region::of(change, frame, &signature.region);
        region.is_stuck = is_stuck;
        let mut invocation = Invocation { region, action, parameters };
        let result = with_token(&mut invocation, operation.has_token(), &run)?;
        if invocation.flag("DryRun")? == Some(true) {
            let text = "Request would have succeeded, but DryRun flag is set.";
            return Err(Error::of_status("DryRunOperation", 412, text));
        }
        Ok(result)
    };
    frame.world.change(perform).await.map(|result| (action, result))
}

type Run = fn(&mut Invocation<'_, '_>) -> Result<Json, Error>;

/// Runs an operation, or answers what it answered before if its token was there before.
fn with_token(invocation: &mut Invocation<'_, '_>, has_token: bool, run: &Run) -> Result<Json, Error> {
    let Some(token) = invocation.get("ClientToken").filter(|_| has_token) else { return run(invocation) };
    let key = hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref());
    let name = format!("aws/ec2/{}/tokens/{}/{}", invocation.region.name, invocation.action, &key[..32]);
    let said: String = invocation.parameters.iter().fold(String::new(), |mut said, (name, value)| {
        let _ = writeln!(said, "{name}={value}");
        said
    });
    let said = hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, said.as_bytes()).as_ref());
    if let Some(earlier) = invocation.region.change.get::<Json>(&name) {
        if earlier["said"] != said {
            let text =
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
            return Err(Error::new("IdempotentParameterMismatch", text));
        }
        return Ok(earlier["answer"].clone());
    }
    let mut answer = run(invocation)?;
    if let Some(members) = answer.as_object_mut()
        && invocation.action != "RunInstances"
    {
        members.insert("clientToken".to_owned(), json!(token));
    }
    invocation.region.change.put(&name, &json!({"said": said, "answer": answer}));
    Ok(answer)
}
