//! What every namespace has: a service account, and the certificate of the server.

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::work::{Of, Work, is_ending};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;

const NAMESPACES: Of = Of("", "namespaces");
const ACCOUNTS: Of = Of("", "serviceaccounts");
const CONFIG_MAPS: Of = Of("", "configmaps");
const CERTIFICATE: &str = "kube-root-ca.crt";

/// The controller of namespaces.
pub struct Namespaces;

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespaces"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "configmaps"), ("", "namespaces"), ("", "serviceaccounts")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "namespaces" => keys.push((String::new(), event.name.to_owned())),
            "serviceaccounts" if event.is_gone() && event.name == "default" => {
                keys.push((String::new(), event.namespace.to_owned()));
            }
            "configmaps" if event.is_gone() && event.name == CERTIFICATE => {
                keys.push((String::new(), event.namespace.to_owned()));
            }
            _ => {}
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let name = work.key.name.clone();
        let Some(namespace) = work.get(NAMESPACES, "", &name) else { return Ok(()) };
        if is_ending(&namespace) {
            return Ok(());
        }
        if !work.has(ACCOUNTS, &name, "default") {
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
            work.create(ACCOUNTS, &name, account)?;
        }
        if !work.has(CONFIG_MAPS, &name, CERTIFICATE) {
            let about =
                "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints.";
            let authority = work.frame.place().map(|place| place.authority.certificate.clone()).unwrap_or_default();
            let map: Json = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": CERTIFICATE, "annotations": {"kubernetes.io/description": about}},
                "data": {"ca.crt": authority},
            });
            work.create(CONFIG_MAPS, &name, map)?;
        }
        Ok(())
    }
}
