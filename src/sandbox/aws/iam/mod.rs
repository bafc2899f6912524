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
use super::query::{Error, Global, Parameters};
use crate::frame::Frame;
use crate::server::Request;
use crate::world::Change;

pub use oidc::provider_of;
pub use role::{Role, role_of, role_of_session};

/// IAM.
pub const IAM: Global = Global {
    name: "iam",
    version: "2010-05-08",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    act: |frame, request, action| Box::pin(act(frame, request, action)),
};

/// How long the rest of AWS does not know yet what was changed in IAM, in milliseconds of the sandbox.
pub const PROPAGATION_MILLISECONDS: u64 = 8_000;

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
