//! Data sources for one kind of objects each, with the attributes of the resource types.

use std::sync::Arc;

use sdk::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{ObjectType, Type, Value, value_from_json};
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse, block};
use serde_json::{Map, Value as Json};

use crate::cluster::Cluster;
use crate::data::{find, named};
use crate::json::{at, with};
use crate::metadata;
use crate::typed::Special;

/// A data source for one kind of objects.
pub(crate) struct TypedData<S> {
    pub(crate) name: &'static str,
    pub(crate) special: S,
    pub(crate) cluster: Arc<Cluster>,
}

/// Returns the block that names an object and shows what all have.
fn metadata_block(is_namespaced: bool) -> NestedBlock {
    let text = |name, description: &str| Attribute::new(name, Type::String).describe(description);
    let map = |name, description: &str| {
        Attribute::new(name, Type::map(Type::String)).optional().computed().describe(description)
    };
    let mut attributes = vec![
        map("annotations", "Its annotations."),
        map("labels", "Its labels."),
        text("name", "Its name.").required(),
        text("generate_name", "Empty: names are not searched by their beginnings.").optional(),
        Attribute::new("generation", Type::Number).computed().describe("How often what is wanted has changed."),
        text("resource_version", "Its version.").computed(),
        text("uid", "What tells it apart from others that had its name.").computed(),
    ];
    if is_namespaced {
        attributes.push(text("namespace", "The namespace that it is in; `default` unless set.").optional().computed());
    }
    NestedBlock { min_items: 1, max_items: 1, ..block("metadata", BlockNesting::List, "Which object.", attributes) }
}

fn id() -> Attribute {
    Attribute::new("id", Type::String).computed().describe("Its namespace and name, with a slash between.")
}

/// Returns what can be set as what is only found.
fn found(attribute: Attribute) -> Option<Attribute> {
    // What is never stored cannot be found either.
    if attribute.write_only || attribute.name.contains("_wo_") || attribute.name.starts_with("wait_") {
        return None;
    }
    Some(Attribute { required: false, optional: false, computed: true, ..attribute })
}

/// Completes the answer: metadata and id.
fn answered(config: &Value, object: &Json, mut changes: Vec<(&str, Value)>, is_namespaced: bool) -> Value {
    let value = metadata::taken_over(config, object, true, &[]);
    let (namespace, name) = (at(object, "/metadata/namespace"), at(object, "/metadata/name"));
    let id = if is_namespaced { format!("{namespace}/{name}") } else { name.to_owned() };
    changes.push(("id", Value::string(id)));
    with(&value, changes)
}

impl<S: Special> DataSource for TypedData<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&self) -> Schema {
        let attributes = [vec![id()], self.special.attributes().into_iter().filter_map(found).collect()].concat();
        let blocks = self.special.blocks().into_iter().map(|nested| {
            // What is only found has no blocks.
            let ty = match nested.nesting {
                BlockNesting::Set => Type::set(nested.block.ty()),
                _ => Type::list(nested.block.ty()),
            };
            Attribute::new(nested.name, ty).computed().describe(&nested.block.description)
        });
        let attributes = [attributes, blocks.collect()].concat();
        let description = self.special.description().into();
        let blocks = vec![metadata_block(S::IS_NAMESPACED)];
        Schema { version: 0, block: Block { attributes, blocks, description, ..Block::default() } }
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let result = async {
                let named = named(&request.config, Some(S::API_VERSION), Some(S::KIND));
                let object = find(&self.cluster, &named).await?;
                let known = |name: &str| context.schema.block.attribute(name).is_some();
                let changes = self.special.read(&object, &request.config);
                let changes = changes.into_iter().filter(|(name, _)| known(name)).collect();
                Ok::<_, Problem>(answered(&request.config, &object, changes, S::IS_NAMESPACED))
            };
            result.await.map_or_else(ReadDataResponse::failed, ReadDataResponse::new)
        })
    }
}

/// `data.kubernetes_service`: a service with the address that it got.
pub(crate) struct ServiceData {
    pub(crate) name: &'static str,
    pub(crate) cluster: Arc<Cluster>,
}

/// Texts, numbers and lists that a service has, in the names of the API.
fn spec_type() -> Type {
    let text = |name: &'static str| (name, Type::String);
    let port = Type::object([
        text("app_protocol"),
        text("name"),
        ("node_port", Type::Number),
        ("port", Type::Number),
        text("protocol"),
        text("target_port"),
    ]);
    Type::object([
        text("cluster_ip"),
        ("cluster_ips", Type::list(Type::String)),
        ("external_ips", Type::list(Type::String)),
        text("external_name"),
        text("external_traffic_policy"),
        text("ip_family_policy"),
        text("load_balancer_class"),
        ("port", Type::list(port)),
        ("selector", Type::map(Type::String)),
        text("session_affinity"),
        text("type"),
    ])
}

fn status_type() -> Type {
    let address = Type::object([("hostname", Type::String), ("ip", Type::String)]);
    let balancer = Type::object([("ingress", Type::list(address))]);
    Type::object([("load_balancer", Type::list(balancer))])
}

impl DataSource for ServiceData {
    fn name(&self) -> &'static str {
        self.name
    }

    fn schema(&self) -> Schema {
        let attribute =
            |name, ty: Type, description: &str| Attribute::new(name, Type::list(ty)).computed().describe(description);
        let attributes = vec![
            id(),
            attribute("spec", spec_type(), "What it is."),
            attribute("status", status_type(), "What came of it: the addresses of its load balancer."),
        ];
        let description = "A service, with the address that it got.".into();
        let blocks = vec![metadata_block(true)];
        Schema { version: 0, block: Block { attributes, blocks, description, ..Block::default() } }
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let result = async {
                let named = named(&request.config, Some("v1"), Some("Service"));
                let object = find(&self.cluster, &named).await?;
                let part = |name: &'static str| {
                    let attribute = context.schema.block.attribute(name);
                    let Some(AttributeKind::Type(Type::List(element))) = attribute.map(|one| &one.kind) else {
                        return (name, Value::NULL);
                    };
                    let found = snake(object.get(name).unwrap_or(&Json::Null), element);
                    let value = value_from_json(&found, element).unwrap_or_else(|_| Value::null((**element).clone()));
                    (name, Value::list((**element).clone(), [value]))
                };
                let changes = vec![part("spec"), part("status")];
                Ok::<_, Problem>(answered(&request.config, &object, changes, true))
            };
            result.await.map_or_else(ReadDataResponse::failed, ReadDataResponse::new)
        })
    }
}

/// Brings JSON of the API into the form of a type: names with underscores, `ports` as `port`, single objects in lists.
fn snake(json: &Json, ty: &Type) -> Json {
    match (ty, json) {
        (Type::Object(object), json) => {
            let member = |name: &str, inner: &Type| -> Json {
                let camel = camel(name);
                let found = [camel.clone(), format!("{camel}s"), camel.replace("Ips", "IPs").replace("Ip", "IP")];
                let found = found.iter().find_map(|name| json.get(name)).unwrap_or(&Json::Null);
                snake(found, inner)
            };
            let attributes = ObjectType::attributes(object).iter();
            Json::Object(
                attributes.map(|one| (one.name.to_string(), member(&one.name, &one.ty))).collect::<Map<_, _>>(),
            )
        }
        (Type::List(element), Json::Array(list)) => Json::Array(list.iter().map(|one| snake(one, element)).collect()),
        (Type::List(element), Json::Object(_)) => Json::Array(vec![snake(json, element)]),
        (Type::List(_), _) => Json::Array(vec![]),
        (Type::Map(_), Json::Null) => Json::Object(Map::new()),
        _ => json.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, rest) = word.split_at(word.len().min(1));
        format!("{text}{}{rest}", head.to_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use sdk::value::value_from_json;
    use serde_json::json;

    use super::{snake, spec_type, status_type};

    #[test]
    fn services_are_shown_as_others_show_them() {
        let spec = json!({
            "type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"],
            "ports": [{"port": 80, "targetPort": "http", "nodePort": 30000}],
        });
        let spec = snake(&spec, &spec_type());
        assert_eq!(spec["cluster_ip"], "10.0.0.1");
        assert_eq!(spec["cluster_ips"], json!(["10.0.0.1"]));
        assert_eq!(spec["port"][0]["node_port"], 30000);
        assert!(value_from_json(&spec, &spec_type()).is_ok());
        let status = snake(&json!({"loadBalancer": {"ingress": [{"hostname": "h"}]}}), &status_type());
        assert_eq!(status, json!({"load_balancer": [{"ingress": [{"hostname": "h", "ip": null}]}]}));
    }
}
