//! `kubernetes_namespace`: a namespace.

use sdk::Fate;
use sdk::schema::Attribute;
use sdk::value::{Type, Value};
use serde_json::Value as Json;

use crate::typed::Special;

/// The kind.
pub(crate) struct Namespace;

impl Special for Namespace {
    const API_VERSION: &'static str = "v1";
    const KIND: &'static str = "Namespace";
    const IS_NAMESPACED: bool = false;
    /// What is in it may have made something in the cloud.
    const FATE: Fate = Fate::GoesReleased;

    fn description(&self) -> &'static str {
        "A namespace. What is in it goes with it."
    }

    fn attributes(&self) -> Vec<Attribute> {
        let wait = Attribute::new("wait_for_default_service_account", Type::Bool).optional();
        vec![
            wait.describe(
                "Accepted for other providers' sake: what needs the account is tried again until it is there.",
            ),
        ]
    }

    fn write(&self, _: &Value, _: &Value, _: &mut Json) {}

    fn read(&self, _: &Json, _: &Value) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}
