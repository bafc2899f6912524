//! Sets whether an object is to be replaced, for `taint` and `untaint`.

use std::sync::Arc;

use diag::Diagnostic;
use state::record::{Record, Settled};
use state::{Object, Status, Target};

use crate::legacy::LegacyArgs;
use crate::working::LockArgs;
use crate::{Exit, Session, stored};

/// What `taint` and `untaint` take.
#[derive(clap::Args)]
pub(super) struct StatusArgs {
    /// Succeed even if there is no such instance.
    #[arg(long)]
    allow_missing: bool,

    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    legacy: LegacyArgs,

    /// The address of the instance.
    #[arg(value_name = "ADDRESS")]
    address: String,
}

impl StatusArgs {
    /// Sets the status and says so: the address, then `said`.
    pub(super) fn set(&self, session: &mut Session, operation: &str, status: Status, said: &str) -> Exit {
        match self.set_status(session, operation, status) {
            Ok(true) => {
                session.ui.out.print(&format!("Resource instance {} {said}.\n", self.address));
                Exit::SUCCESS
            }
            Ok(false) if self.allow_missing => Exit::SUCCESS,
            Ok(false) => {
                session.problem("No such resource instance", format!("The state has no instance {}.", self.address));
                Exit::FAILURE
            }
            Err(exit) => exit,
        }
    }
    /// Sets the status of an instance's current object; tells whether there is one.
    fn set_status(&self, session: &mut Session, operation: &str, status: Status) -> Result<bool, Exit> {
        let address = self.legacy.check().and_then(|()| stored::instance(&self.address));
        let address = address.or_else(|diagnostic| stored::fail(session, diagnostic))?;
        stored::change(session, operation, &self.lock, |journal| {
            let state = journal.state();
            let target = Target::from(address);
            let resource = state.resource(&target.address.resource);
            let Some((resource, object)) = resource.zip(state.object(&target)) else { return Ok(false) };
            if object.status != status {
                self.legacy.copy(&state)?;
                let object = Arc::new(Object { status, ..Object::clone(object) });
                let settled = Settled { token: None, provider: resource.provider.clone(), target, object };
                let committed = journal.commit(&Record::Object(settled));
                committed.map_err(|error| Diagnostic::error("State not saved", error.to_string()))?;
            }
            Ok(true)
        })
    }
}
