//! ELB: load balancers of the second kind (network, application), and what is looked at of classic ones.
//!
//! Records have the members of the answers; what begins with an underscore is only ours. Their network interfaces are
//! EC2's, and vanish a while after the load balancer.

mod classic;
pub mod inside;
mod listener;
mod load_balancer;
mod operations;
mod tags;
mod target_group;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::account::{ACCOUNT, authenticate, random};
use super::ec2::Region;
use super::query::{self, Error, Parameters, answer, failure};
use super::signature::Signature;
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::Change;

/// ELB.
pub struct Elb;

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const CLASSIC_NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/";
/// The version of the protocol that classic load balancers are asked for with.
const CLASSIC_VERSION: &str = "2012-06-01";

/// A call of an operation.
struct Invocation<'c, 'w> {
    region: Region<'c, 'w>,
    parameters: Parameters,
}

impl Invocation<'_, '_> {
    fn needed(&self, name: &str) -> Result<String, Error> {
        let missing = || Error::new("ValidationError", format!("{name} must be specified"));
        self.parameters.get(name).filter(|value| !value.is_empty()).map(str::to_owned).ok_or_else(missing)
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Error> {
        let wrong = |text: &str| Error::new("ValidationError", format!("'{text}' is not a number, for {name}"));
        self.parameters.get(name).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }

    /// Returns a page of a list, as `PageSize` and `Marker` want it.
    fn page(&self, member: &str, all: Vec<Json>) -> Result<Json, Error> {
        let most = self.number("PageSize")?.unwrap_or(400);
        if !(1..=400).contains(&most) {
            return Err(Error::new("ValidationError", "PageSize must be between 1 and 400"));
        }
        let from = match self.parameters.get("Marker") {
            None | Some("") => 0,
            Some(marker) => {
                marker.parse().map_err(|_| Error::new("ValidationError", format!("Invalid marker '{marker}'")))?
            }
        };
        let is_more = all.len() > most as usize + from;
        let page: Vec<Json> = all.into_iter().skip(from).take(most as usize).collect();
        let next = is_more.then(|| (from + most as usize).to_string());
        Ok(json!({member: page, "NextMarker": next}))
    }
}

/// Returns the name of a record.
fn record(region: &str, kind: &str, id: &str) -> String {
    format!("aws/elb/{region}/{kind}/{id}")
}

/// Returns all records of a kind.
fn all(region: &Region<'_, '_>, kind: &str) -> Vec<Json> {
    let prefix = record(&region.name, kind, "");
    region.change.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
}

/// Writes a record under the last part of its ARN, which no other has.
fn put(region: &mut Region<'_, '_>, kind: &str, arn: &str, object: &Json) {
    let name = record(&region.name, kind, &key(arn));
    region.change.put(&name, object);
}

/// Returns what tells an ARN apart, without slashes.
fn key(arn: &str) -> String {
    arn.splitn(6, ':').last().unwrap_or(arn).replace('/', ":")
}

fn find(region: &Region<'_, '_>, kind: &str, arn: &str) -> Option<Json> {
    region.change.get::<Json>(&record(&region.name, kind, &key(arn)))
}

fn remove(region: &mut Region<'_, '_>, kind: &str, arn: &str) {
    let name = record(&region.name, kind, &key(arn));
    region.change.remove(&name);
}

/// Makes an ARN.
fn arn(region: &str, rest: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:{rest}/{}", random::<8>())
}

/// Plans what happens to an object later.
fn later(region: &mut Region<'_, '_>, seconds: u64, action: &str, arn: &str) {
    let what = json!({"do": action, "object": arn, "region": region.name});
    let task = Task { service: "elb".to_owned(), what };
    match region.is_stuck {
        true => region.frame.strand(region.change, &task),
        false => region.frame.plan(region.change, Duration::from_secs(seconds), &task),
    }
}

fn is_classic(parameters: &Parameters) -> bool {
    parameters.get("Version") == Some(CLASSIC_VERSION)
}

impl Service for Elb {
    fn name(&self) -> &'static str {
        "elb"
    }

    fn accepts(&self, request: &Request) -> bool {
        Signature::read(request).is_ok_and(|signature| signature.service == "elasticloadbalancing")
    }

    fn operation(&self, request: &Request) -> String {
        query::action(request)
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let namespace = if is_classic(&Parameters::of(&request)) { CLASSIC_NAMESPACE } else { NAMESPACE };
            match act(frame, &request, is_stuck).await {
                Ok((action, result)) => answer(namespace, action, &result),
                Err(error) => failure(namespace, &error),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        failure(NAMESPACE, &Error::of_status(code, status, message))
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("Throttling", 400)
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, task: Task) -> Call<'a, ()> {
        Box::pin(frame.happen(move |change| {
            change.remove(name);
            let region = task.what["region"].as_str().unwrap_or_default();
            let mut region = Region::of(change, frame, region);
            let object = task.what["object"].as_str().unwrap_or_default();
            if task.what["do"] == "active" {
                load_balancer::become_active(&mut region, object);
            }
        }))
    }
}

async fn act(frame: &Arc<Frame>, request: &Request, is_stuck: bool) -> Result<(&'static str, Json), Error> {
    let (_, signature) = authenticate(frame, request, "elasticloadbalancing")?;
    let parameters = Parameters::of(request);
    let action = parameters.get("Action").unwrap_or_default();
    let Some((action, run)) = operations::find(action, is_classic(&parameters)) else {
        let text = format!("The sandbox does not emulate the action {action} of ELB.");
        return Err(Error::new("InvalidAction", text));
    };
    let perform = |change: &mut Change<'_>| {
        let mut region = Region::of(change, frame, &signature.region);
        region.is_stuck = is_stuck;
        run(&mut Invocation { region, parameters })
    };
    frame.world.change(perform).await.map(|result| (action, result))
}
