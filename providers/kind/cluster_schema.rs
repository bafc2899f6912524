//! What `kind_cluster` looks like.

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Type, Value};
use sdk::{Problem, attribute, block};

/// The longest name that all parts of a cluster have room for.
const NAME_MAX: usize = 50;

fn text(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::String).optional().describe(description)
}

fn flag(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::Bool).optional().describe(description)
}

fn texts(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::list(Type::String)).optional().describe(description)
}

fn map(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::map(Type::String)).optional().describe(description)
}

/// Returns the schema.
pub(crate) fn schema() -> Schema {
    let found = |name, description: &str| Attribute::new(name, Type::String).computed().describe(description);
    let attributes = vec![
        Attribute::new("name", Type::String).required().describe(
            "Its name: small letters, digits, dots and dashes. A change replaces the cluster, as any other does.",
        ),
        text("node_image", "The image of its nodes, which tells the version; what `kind` was made for unless set."),
        flag(
            "wait_for_ready",
            "Whether to wait until nodes and name server are ready; otherwise only the API server is waited for.",
        ),
        text("kubeconfig_path", "A kubeconfig file that gets a context for the cluster; none unless set."),
        text("config", "What it is made from, in YAML as `kind` reads it. Not together with `kind_config`."),
        text("timeout", "How long it may take until it is ready, like `10m`; five minutes unless set."),
        found("id", "Its name."),
        found("kubeconfig", "A kubeconfig for it alone.").sensitive(),
        found("endpoint", "The address of its API server."),
        found("cluster_ca_certificate", "The certificate that its API server's is signed by, in PEM."),
        found("client_certificate", "A certificate of an administrator, in PEM."),
        found("client_key", "The key of that certificate.").sensitive(),
        Attribute::new("completed", Type::Bool)
            .computed()
            .describe("Whether its API server answers. A cluster that does not work any more is replaced."),
    ];
    let description = "A cluster of containers on this machine, made by the program `kind`.".into();
    let blocks = vec![kind_config()];
    Schema { version: 0, block: Block { attributes, blocks, description, ..Block::default() } }
}

fn one(name: &str, description: &str, attributes: Vec<Attribute>) -> NestedBlock {
    NestedBlock { max_items: 1, ..block(name, BlockNesting::List, description, attributes) }
}

fn kind_config() -> NestedBlock {
    let attributes = vec![
        Attribute::new("kind", Type::String).required().describe("Always `Cluster`."),
        Attribute::new("api_version", Type::String)
            .required()
            .describe("The version of the form: `kind.x-k8s.io/v1alpha4`."),
        texts("containerd_config_patches", "Patches of the configuration of containerd, in TOML."),
        texts("kubeadm_config_patches", "Patches of the configuration of kubeadm, in YAML."),
        map("feature_gates", "Features of Kubernetes: `true` or `false`."),
        map("runtime_config", "APIs of Kubernetes: `true` or `false`."),
    ];
    let networking = vec![
        text("api_server_address", "The address that the API server listens at; 127.0.0.1 unless set."),
        Attribute::new("api_server_port", Type::Number)
            .optional()
            .describe("The port that it listens at; a free one unless set."),
        text("pod_subnet", "The addresses of pods."),
        text("service_subnet", "The addresses of services."),
        flag("disable_default_cni", "Whether the cluster comes without a network for its pods."),
        text("kube_proxy_mode", "`iptables`, `ipvs`, `nftables` or `none`."),
        text("ip_family", "`ipv4`, `ipv6` or `dual`."),
        texts("dns_search", "Domains that names are looked for in."),
    ];
    let mut config = one("kind_config", "What it is made from; one node that is everything unless set.", attributes);
    config.block.blocks = vec![node(), one("networking", "Its network.", networking)];
    config
}

fn node() -> NestedBlock {
    let attributes = vec![
        text("role", "`control-plane` or `worker`."),
        text("image", "The image of this node."),
        map("labels", "Labels of this node."),
        texts("kubeadm_config_patches", "Patches of the configuration of kubeadm, in YAML."),
    ];
    let mounts = vec![
        text("host_path", "The path on this machine."),
        text("container_path", "The path in the node."),
        text("propagation", "`None`, `HostToContainer` or `Bidirectional`."),
        flag("read_only", "Whether nothing can be written there."),
        flag("selinux_relabel", "Whether SELinux is told of it."),
    ];
    let port = |name, description: &str| Attribute::new(name, Type::Number).optional().describe(description);
    let ports = vec![
        port("container_port", "The port of the node."),
        port("host_port", "The port of this machine."),
        text("listen_address", "The address of this machine."),
        text("protocol", "`TCP`, `UDP` or `SCTP`."),
    ];
    let mut node = block("node", BlockNesting::List, "A node.", attributes);
    node.block.blocks = vec![
        block("extra_mounts", BlockNesting::List, "A folder of this machine in the node.", mounts),
        block("extra_port_mappings", BlockNesting::List, "A port of the node that this machine serves.", ports),
    ];
    node
}

/// Checks what the schema cannot say.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(name) = attribute(config, "name").as_str() {
        let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if name.is_empty() || !name.chars().all(is_fit) {
            let detail = format!("{name:?} is no name for a cluster: small letters, digits, dots and dashes are.");
            problems.push(Problem::error("Invalid name", detail).at("name"));
        } else if name.len() > NAME_MAX {
            let detail = format!("{name:?} is longer than {NAME_MAX} letters; names of nodes may become too long.");
            problems.push(Problem::warning("Long name", detail).at("name"));
        }
    }
    let (blocks, text) = (attribute(config, "kind_config"), attribute(config, "config"));
    if blocks.element_count().is_some_and(|count| count > 0) && text.is_known() && !text.is_null() {
        let detail = "`kind_config` and `config` contradict each other: leave one of them out.";
        problems.push(Problem::error("Contradictory configuration", detail).at("config"));
    }
    if let Some(text) = attribute(config, "timeout").as_str()
        && crate::cluster::parse_duration(text).is_none()
    {
        let detail = format!("{text:?} is no duration; write one like `90s` or `10m`.");
        problems.push(Problem::error("Invalid duration", detail).at("timeout"));
    }
    problems.extend(blocks.as_sequence().unwrap_or_default().first().iter().flat_map(|block| validate_nodes(block)));
    problems
}

fn validate_nodes(block: &Value) -> Vec<Problem> {
    let at = |problem: Problem| problem.at("kind_config").at_element(0).at("node");
    let nodes = attribute(block, "node");
    let nodes = nodes.as_sequence().unwrap_or_default();
    let mut problems = Vec::new();
    let mut has_control = nodes.is_empty();
    let mut ports: Vec<(String, String)> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let role = attribute(node, "role");
        match role.as_str() {
            Some("worker") => {}
            Some("control-plane") | None => has_control = true,
            Some(other) => {
                let detail = format!("{other:?} is no role; `control-plane` and `worker` are.");
                problems.push(at(Problem::error("Unknown role", detail)).at_element(index as i64).at("role"));
                has_control = true;
            }
        }
        let mappings = attribute(node, "extra_port_mappings");
        for mapping in mappings.as_sequence().unwrap_or_default() {
            let Some(port) = attribute(mapping, "host_port").as_number().and_then(|port| port.to_i64()) else {
                continue;
            };
            if ["listen_address", "protocol"].iter().any(|name| !attribute(mapping, name).is_known()) {
                continue;
            }
            let part = |name: &str, usual: &str| attribute(mapping, name).as_str().unwrap_or(usual).to_lowercase();
            let (address, key) = (part("listen_address", "0.0.0.0"), format!("{port}/{}", part("protocol", "tcp")));
            let is_any = |address: &str| address == "0.0.0.0" || address == "::" || address == "[::]";
            let is_taken = |(other, known): &(String, String)| {
                *known == key && (*other == address || is_any(other) || is_any(&address))
            };
            // 0 and -1 mean a free one.
            if port > 0 && ports.iter().any(is_taken) {
                let detail = format!("The port {key} of this machine is mapped twice.");
                problems.push(at(Problem::error("Port mapped twice", detail)).at_element(index as i64));
            }
            ports.push((address, key));
        }
    }
    if !has_control {
        problems.push(at(Problem::error("No control plane", "At least one node has the role `control-plane`.")));
    }
    problems
}

#[cfg(test)]
mod tests {
    use sdk::value::{Type, Value};
    use serde_json::{Value as Json, json};

    use super::{schema, validate};

    fn check(config: Json, expected: &[&str]) {
        let schema = schema();
        let value = sdk::read_stored(&config, &schema.block, &schema.block.ty()).unwrap();
        let found: Vec<String> = validate(&value).into_iter().map(|problem| problem.summary).collect();
        assert_eq!(found, expected, "{config}");
    }

    #[test]
    fn mistakes_are_found_before_anything_is_made() {
        let nodes =
            |nodes: Json| json!({"name": "a", "kind_config": [{"kind": "Cluster", "api_version": "v", "node": nodes}]});
        check(json!({"name": "a-1.b"}), &[]);
        check(json!({"name": "A"}), &["Invalid name"]);
        check(json!({"name": "a".repeat(51)}), &["Long name"]);
        check(json!({"name": "a", "timeout": "soon"}), &["Invalid duration"]);
        check(nodes(json!([])), &[]);
        check(nodes(json!([{"role": "worker"}])), &["No control plane"]);
        check(nodes(json!([{"role": "boss"}])), &["Unknown role"]);
        let port = |port: i64| json!({"role": "control-plane", "extra_port_mappings": [{"container_port": 80, "host_port": port}]});
        check(nodes(json!([port(80), port(80)])), &["Port mapped twice"]);
        check(nodes(json!([port(0), port(0)])), &[]);
        let blocks = json!([{"kind": "Cluster", "api_version": "v"}]);
        check(json!({"name": "a", "kind_config": blocks, "config": "a: b"}), &["Contradictory configuration"]);
    }

    #[test]
    fn a_text_that_is_not_known_yet_contradicts_nothing() {
        let unknown = Value::unknown(Type::String);
        let block = Value::object([("kind", "Cluster".into())]);
        let blocks = Value::list(block.ty(), [block]);
        let config = Value::object([("name", "a".into()), ("kind_config", blocks), ("config", unknown)]);
        assert!(validate(&config).is_empty());
    }
}
