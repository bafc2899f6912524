//! Sets whether an object is to be replaced, for `taint` and `untaint`.

use std::sync::Arc;
use std::time::Duration;

use diag::Diagnostic;
use state::record::{Record, Settled};
use state::{Object, Status, Target};

use crate::{Exit, Session, stored};

/// Sets the status of an instance's current object; tells whether there is one.
pub(super) fn set_status(
    session: &mut Session,
    (operation, patience): (&str, Duration),
    address: &str,
    status: Status,
) -> Result<bool, Exit> {
    let address = stored::instance(address).or_else(|diagnostic| stored::fail(session, diagnostic))?;
    stored::change(session, operation, patience, |journal| {
        let state = journal.state();
        let target = Target::from(address);
        let resource = state.resource(&target.address.resource);
        let Some((resource, object)) = resource.zip(state.object(&target)) else { return Ok(false) };
        if object.status != status {
            let object = Arc::new(Object { status, ..Object::clone(object) });
            let settled = Settled { token: None, provider: resource.provider.clone(), target, object };
            let committed = journal.commit(&Record::Object(settled));
            committed.map_err(|error| Diagnostic::error("State not saved", error.to_string()))?;
        }
        Ok(true)
    })
}
