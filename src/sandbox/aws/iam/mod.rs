//! IAM: its query protocol, over records of the world. One for all regions.
//!
//! Each type of resource has a file; each operation, a line in `operations.rs`. Trust policies are enforced (`trust.rs`);
//! what else policies allow is checked in its form and kept, and nobody is refused for it.

mod call;
pub mod document;
mod instance_profile;
mod managed;
mod oidc;
mod operations;
mod policy;
mod role;
mod role_policy;
mod service_linked;
mod tags;
pub mod trust;
mod user;

use std::sync::Arc;

use serde_json::Value as Json;

use self::call::Invocation;
use super::account::authenticate;
use super::query::{Error, Parameters, answer, failure};
use super::signature::Signature;
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::Change;

pub use oidc::provider_of;
pub use role::{Role, role_of, role_of_session};

/// IAM.
pub struct Iam;

const VERSION: &str = "2010-05-08";
const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// How long the rest of AWS does not know yet what was changed in IAM, in milliseconds of the sandbox.
pub const PROPAGATION_MILLISECONDS: u64 = 8_000;

impl Service for Iam {
    fn name(&self) -> &'static str {
        "iam"
    }

    fn accepts(&self, request: &Request) -> bool {
        match Signature::read(request) {
            Ok(signature) => signature.service == "iam",
            Err(_) => request.path == "/" && Parameters::of(request).get("Version") == Some(VERSION),
        }
    }

    fn operation(&self, request: &Request) -> String {
        Parameters::of(request).get("Action").unwrap_or("unknown").to_owned()
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            let action = self.operation(&request);
            match act(frame, &request, &action).await {
                Ok(result) => answer(NAMESPACE, &action, &result),
                Err(error) => failure(NAMESPACE, &error),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        failure(NAMESPACE, &Error::of_status(code, status, message))
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("Throttling", 400)
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, _task: Task) -> Call<'a, ()> {
        Box::pin(async move { _ = frame.forget(name).await })
    }
}

async fn act(frame: &Arc<Frame>, request: &Request, action: &str) -> Result<Json, Error> {
    let (caller, _) = authenticate(frame, request, "iam")?;
    let Some(run) = operations::find(action) else {
        let message = format!("The sandbox does not emulate the operation {action} of IAM.");
        return Err(Error::new("InvalidAction", message));
    };
    let form = Parameters::of(request);
    let now = frame.clock.now();
    let perform = |change: &mut Change<'_>| run(&mut Invocation { change, form, now, caller });
    frame.world.change(perform).await
}
