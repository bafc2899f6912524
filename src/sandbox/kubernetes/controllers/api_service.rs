//! APIServices: available when there are pods behind the service that answers for them.

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::work::{Of, SERVICES, Work, conditions, set_condition};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const API_SERVICES: Of = Of("apiregistration.k8s.io", "apiservices");

/// The controller of APIServices.
pub struct ApiServices;

impl Controller for ApiServices {
    fn name(&self) -> &'static str {
        "apiservices"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "endpoints"), ("", "services"), ("apiregistration.k8s.io", "apiservices")]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        if event.plural == "apiservices" {
            keys.push((String::new(), event.name.to_owned()));
        } else {
            // There are few of them.
            keys.extend(index.named("apiservices").cloned());
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let name = work.key.name.clone();
        let Some(api) = work.get(API_SERVICES, "", &name) else { return Ok(()) };
        let service = &api["spec"]["service"];
        let (namespace, own) = (text(service, "/namespace").to_owned(), text(service, "/name").to_owned());
        let is_answered = |endpoints: &Json| {
            let mut subsets = endpoints["subsets"].as_array().into_iter().flatten();
            subsets.any(|subset| subset["addresses"].as_array().is_some_and(|all| !all.is_empty()))
        };
        let (is_available, reason, message) = if !service.is_object() {
            (true, "Local", "Local APIServices are always available".to_owned())
        } else if !work.has(SERVICES, &namespace, &own) {
            (false, "ServiceNotFound", format!("service/{own} in \"{namespace}\" is not present"))
        } else if work.get(Of("", "endpoints"), &namespace, &own).is_none_or(|endpoints| !is_answered(&endpoints)) {
            let message =
                format!("endpoints for service/{own} in \"{namespace}\" have no addresses with port name \"\"");
            (false, "MissingEndpoints", message)
        } else {
            (true, "Passed", "all checks passed".to_owned())
        };
        let mut all = conditions(&api);
        set_condition(&mut all, "Available", is_available, (reason, &message));
        work.set_status(API_SERVICES, &api, json!({"conditions": all}));
        Ok(())
    }
}
