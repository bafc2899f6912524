//! `kubernetes_storage_class`: a kind of volumes that claims can ask for.

use sdk::schema::{Attribute, BlockNesting, NestedBlock};
use sdk::value::{Type, Value};
use sdk::{Costs, Ground, attribute, block};
use serde_json::{Value as Json, json};

use crate::costs;
use crate::grounds;
use crate::json::{at, entries, first_block, members, set_text, text_map, texts};
use crate::typed::Special;

/// The kind.
pub(crate) struct StorageClass;

impl Special for StorageClass {
    const API_VERSION: &'static str = "storage.k8s.io/v1";
    const KIND: &'static str = "StorageClass";
    const IS_NAMESPACED: bool = false;
    const GROUND: Ground = grounds::CLASS;
    const REPLACES: &'static [&'static str] = &[
        "allowed_topologies",
        "mount_options",
        "parameters",
        "reclaim_policy",
        "storage_provisioner",
        "volume_binding_mode",
    ];

    fn description(&self) -> &'static str {
        "A kind of volumes that claims can ask for. Volumes that are there stay when it is replaced."
    }

    fn attributes(&self) -> Vec<Attribute> {
        let chosen =
            |name, description: &str| Attribute::new(name, Type::String).optional().computed().describe(description);
        vec![
            Attribute::new("storage_provisioner", Type::String)
                .required()
                .describe("Who makes the volumes: `ebs.csi.aws.com`. A change replaces the object."),
            Attribute::new("parameters", Type::map(Type::String))
                .optional()
                .describe("What the provisioner is to know. A change replaces the object."),
            chosen(
                "reclaim_policy",
                "What becomes of a volume whose claim is gone: `Delete`, unless set, or `Retain`. A change replaces the object.",
            ),
            chosen(
                "volume_binding_mode",
                "When a volume is made: `Immediate`, unless set, or `WaitForFirstConsumer`. A change replaces the object.",
            ),
            Attribute::new("allow_volume_expansion", Type::Bool)
                .optional()
                .computed()
                .describe("Whether volumes may grow; true unless set."),
            Attribute::new("mount_options", Type::set(Type::String))
                .optional()
                .describe("How volumes are mounted. A change replaces the object."),
        ]
    }

    fn blocks(&self) -> Vec<NestedBlock> {
        let expression = vec![
            Attribute::new("key", Type::String).optional().describe("The label of nodes."),
            Attribute::new("values", Type::set(Type::String)).optional().describe("What it may be."),
        ];
        let description = "Where volumes may be. A change replaces the object.";
        let mut topology =
            NestedBlock { max_items: 1, ..block("allowed_topologies", BlockNesting::List, description, vec![]) };
        let expressions = block("match_label_expressions", BlockNesting::List, "A label of nodes.", expression);
        topology.block.blocks.push(expressions);
        vec![topology]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("allow_volume_expansion", Value::TRUE),
            ("reclaim_policy", Value::string("Delete")),
            ("volume_binding_mode", Value::string("Immediate")),
        ]
    }

    fn costs(&self, object: &Value) -> Costs {
        costs::of_class_resource(object)
    }

    fn write(&self, planned: &Value, _: &Value, body: &mut Json) {
        for (name, member) in [
            ("storage_provisioner", "provisioner"),
            ("reclaim_policy", "reclaimPolicy"),
            ("volume_binding_mode", "volumeBindingMode"),
        ] {
            if let Some(text) = set_text(planned, name) {
                body[member] = text.into();
            }
        }
        body["allowVolumeExpansion"] = attribute(planned, "allow_volume_expansion").as_bool().unwrap_or(true).into();
        let parameters = entries(planned, "parameters");
        if !parameters.is_empty() {
            body["parameters"] = members(parameters);
        }
        let options = texts(planned, "mount_options");
        if !options.is_empty() {
            body["mountOptions"] = options.into();
        }
        if let Some(topology) = first_block(planned, "allowed_topologies") {
            let expressions = attribute(&topology, "match_label_expressions");
            let expression = |one: &Value| json!({"key": set_text(one, "key"), "values": texts(one, "values")});
            let expressions: Vec<Json> = expressions.as_sequence().unwrap_or_default().iter().map(expression).collect();
            body["allowedTopologies"] = json!([{"matchLabelExpressions": expressions}]);
        }
    }

    fn read(&self, object: &Json, current: &Value) -> Vec<(&'static str, Value)> {
        let text = |member: &str, usual: &str| {
            let found = at(object, member);
            Value::string(if found.is_empty() { usual } else { found })
        };
        let options = object.get("mountOptions").and_then(Json::as_array);
        let options = match options {
            Some(options) => Value::set(Type::String, options.iter().map(crate::json::plain).collect::<Vec<_>>()),
            None => Value::null(Type::set(Type::String)),
        };
        let expansion = object.get("allowVolumeExpansion").and_then(Json::as_bool).unwrap_or(false);
        vec![
            ("storage_provisioner", text("/provisioner", "")),
            ("reclaim_policy", text("/reclaimPolicy", "Delete")),
            ("volume_binding_mode", text("/volumeBindingMode", "Immediate")),
            ("allow_volume_expansion", Value::bool(expansion)),
            ("parameters", text_map(object.get("parameters"))),
            ("mount_options", options),
            ("allowed_topologies", topologies(object, &attribute(current, "allowed_topologies"))),
        ]
    }
}

/// Reads where volumes may be, in the form that the configuration has.
fn topologies(object: &Json, current: &Value) -> Value {
    let expressions = object.pointer("/allowedTopologies/0/matchLabelExpressions").and_then(Json::as_array);
    let Some(expressions) = expressions else {
        return Value::list(element_of(current), []);
    };
    let expression = |one: &Json| {
        let values = one.get("values").and_then(Json::as_array).into_iter().flatten();
        let values = Value::set(Type::String, values.map(crate::json::plain).collect::<Vec<_>>());
        Value::object([("key", Value::string(at(one, "/key"))), ("values", values)])
    };
    let ty = Type::object([("key", Type::String), ("values", Type::set(Type::String))]);
    let list = Value::list(ty, expressions.iter().map(expression).collect::<Vec<_>>());
    let block = Value::object([("match_label_expressions", list)]);
    Value::list(block.ty(), [block])
}

fn element_of(list: &Value) -> Type {
    list.ty().element().cloned().unwrap_or(Type::Dynamic)
}
