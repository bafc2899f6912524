//! `kubernetes_service_account`: who programs in the cluster are.

use sdk::schema::{Attribute, BlockNesting, NestedBlock};
use sdk::value::{Type, Value};
use sdk::{attribute, block};
use serde_json::{Value as Json, json};

use crate::json::{at, set_text};
use crate::typed::Special;

/// The kind.
pub(crate) struct ServiceAccount;

fn references() -> Vec<Attribute> {
    vec![Attribute::new("name", Type::String).optional().describe("The secret's name.")]
}

impl Special for ServiceAccount {
    const API_VERSION: &'static str = "v1";
    const KIND: &'static str = "ServiceAccount";
    const IS_NAMESPACED: bool = true;

    fn description(&self) -> &'static str {
        "Who programs in the cluster are. Clouds let them in by its name, or by annotations of it."
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            Attribute::new("automount_service_account_token", Type::Bool)
                .optional()
                .computed()
                .describe("Whether pods get its token by themselves; true unless set."),
            Attribute::new("default_secret_name", Type::String)
                .computed()
                .describe("Empty: clusters no longer make a secret for an account."),
        ]
    }

    fn blocks(&self) -> Vec<NestedBlock> {
        let list = |name, description: &str| block(name, BlockNesting::Set, description, references());
        vec![
            list("image_pull_secret", "A secret that images are fetched with."),
            list("secret", "A secret that pods of the account may use."),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        vec![("automount_service_account_token", Value::TRUE), ("default_secret_name", Value::string(""))]
    }

    fn write(&self, planned: &Value, _: &Value, body: &mut Json) {
        let mount = attribute(planned, "automount_service_account_token").as_bool().unwrap_or(true);
        body["automountServiceAccountToken"] = mount.into();
        for (name, member) in [("image_pull_secret", "imagePullSecrets"), ("secret", "secrets")] {
            let blocks = attribute(planned, name);
            let names = blocks.as_sequence().unwrap_or_default().iter().filter_map(|one| set_text(one, "name"));
            let names: Vec<Json> = names.map(|name| json!({"name": name})).collect();
            if !names.is_empty() {
                body[member] = names.into();
            }
        }
    }

    fn read(&self, object: &Json, _: &Value) -> Vec<(&'static str, Value)> {
        let mount = object.get("automountServiceAccountToken").and_then(Json::as_bool).unwrap_or(true);
        let references = |member: &str| {
            let list = object.get(member).and_then(Json::as_array).into_iter().flatten();
            let blocks = list.map(|one| Value::object([("name", Value::string(at(one, "/name")))]));
            Value::set(Type::object([("name", Type::String)]), blocks.collect::<Vec<_>>())
        };
        vec![
            ("automount_service_account_token", Value::bool(mount)),
            ("default_secret_name", Value::string("")),
            ("image_pull_secret", references("imagePullSecrets")),
            ("secret", references("secrets")),
        ]
    }
}
