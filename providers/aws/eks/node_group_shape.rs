//! What a node group looks like, and what its schema cannot say.

use sdk::Problem;
use sdk::schema::{Attribute, NestedBlock};
use sdk::value::{Type, Value};

use crate::fields::{block, is_set, number, part, text};
use crate::shape::{
    Shape, block_set, flag as truth, needed, number as amount, objects, one_block, text as word, text_list, text_map,
    text_set, with_blocks,
};

/// EKS takes 63 letters; 26 of them are chance.
const PREFIX_MAX: usize = 37;

/// Returns what it looks like.
pub(super) fn shape() -> Shape {
    Shape {
        description: "Nodes of one kind in a cluster, that EKS looks after.",
        attributes: attributes(),
        blocks: nested_blocks(),
        is_regional: true,
        has_tags: true,
        timeouts: &["create", "update", "delete"],
        version: 0,
    }
}

fn attributes() -> Vec<Attribute> {
    let groups = Type::list(Type::object([("name", Type::String)]));
    let resources = [("autoscaling_groups", groups), ("remote_access_security_group_id", Type::String)];
    vec![
        word("cluster_name").required().describe("The cluster it is in. A change replaces it."),
        word("node_group_name").optional().computed().describe("Its name. A change replaces it."),
        word("node_group_name_prefix").optional().computed().describe(
            "What its name begins with: the way to have a new node group before the old one goes. A change replaces it.",
        ),
        word("node_role_arn").required().describe("The role of its nodes. A change replaces it."),
        text_set("subnet_ids").required().describe("The subnets of its nodes. A change replaces it."),
        word("ami_type").optional().computed().describe("The kind of image: as in `AL2023_x86_64_STANDARD`. A change replaces it."),
        word("capacity_type").optional().computed().describe("`ON_DEMAND`, `SPOT` or `CAPACITY_BLOCK`. A change replaces it."),
        amount("disk_size").optional().computed().describe("The size of each node's disk, in GiB. A change replaces it."),
        text_list("instance_types").optional().computed().describe("The types of its nodes. A change replaces it."),
        text_map("labels").optional().describe("The labels of its nodes."),
        word("version").optional().computed().describe("The version of Kubernetes; the cluster's unless set. EKS never goes back."),
        word("release_version").optional().computed().describe("The version of the image; the latest unless set."),
        truth("force_update_version")
            .optional()
            .describe("Replace nodes even though pods cannot be moved because of a disruption budget."),
        word("arn").computed().describe("Its name in all of AWS."),
        objects("resources", &resources).describe("What EKS made for it."),
        word("status").computed().describe("What it is doing: `ACTIVE` when it is ready."),
    ]
}

fn nested_blocks() -> Vec<NestedBlock> {
    let template = vec![
        word("id").optional().computed().describe("Its id. A change replaces the node group."),
        word("name").optional().computed().describe("Its name. A change replaces the node group."),
        word("version").required().describe("Its version."),
    ];
    let remote = vec![
        word("ec2_ssh_key").optional().describe("The key pair to log in with."),
        text_set("source_security_group_ids").optional().describe("The security groups to log in from."),
    ];
    let scaling = vec![
        amount("desired_size").required().describe(
            "How many nodes there are to be. Once there are, that is up to whoever scales them; a change counts.",
        ),
        amount("max_size").required().describe("How many nodes there may be at most."),
        amount("min_size").required().describe("How many nodes there must be at least."),
    ];
    let taint = vec![
        word("key").required().describe("Its key."),
        word("value").optional().describe("Its value."),
        word("effect").required().describe("`NO_SCHEDULE`, `NO_EXECUTE` or `PREFER_NO_SCHEDULE`."),
    ];
    let update = vec![
        amount("max_unavailable").optional().describe("How many nodes may be away at the same time."),
        amount("max_unavailable_percentage")
            .optional()
            .describe("How many of a hundred nodes may be away at the same time."),
        word("update_strategy")
            .optional()
            .computed()
            .describe("`DEFAULT`, or `MINIMAL`: old nodes go before new ones come."),
    ];
    let repair = vec![
        truth("enabled").optional().describe("Whether EKS replaces or restarts nodes that are not well."),
        amount("max_unhealthy_node_threshold_count")
            .optional()
            .describe("With more nodes than that not well it does nothing."),
        amount("max_unhealthy_node_threshold_percentage").optional().describe("The same, of a hundred."),
        amount("max_parallel_nodes_repaired_count").optional().describe("How many it mends at the same time."),
        amount("max_parallel_nodes_repaired_percentage").optional().describe("The same, of a hundred."),
    ];
    let overrides = vec![
        word("node_monitoring_condition").required().describe("The condition."),
        word("node_unhealthy_reason").required().describe("The reason."),
        amount("min_repair_wait_time_mins").required().describe("How long it waits, in minutes."),
        word("repair_action").required().describe("What it does: `Terminate`, `Restart` or `NoAction`."),
    ];
    vec![
        one_block("launch_template", "What its nodes are launched from.", template),
        with_blocks(
            one_block("node_repair_config", "How nodes are mended.", repair),
            vec![sdk::block(
                "node_repair_config_overrides",
                sdk::schema::BlockNesting::List,
                "What is done on a certain condition.",
                overrides,
            )],
        ),
        one_block("remote_access", "Who may log in to its nodes. A change replaces it.", remote),
        needed(one_block("scaling_config", "How many nodes there are.", scaling)),
        NestedBlock { max_items: 50, ..block_set("taint", "What keeps pods off its nodes.", taint) },
        one_block("update_config", "How nodes are replaced.", update),
    ]
}

/// What a name begins with must leave room for the rest, which is Gantry's.
pub(super) fn prefix(config: &Value, name: &str) -> Option<Problem> {
    let length = text(config, name)?.len();
    let detail =
        format!("`{name}` has {length} letters; with more than {PREFIX_MAX} the name would be too long for EKS.");
    (length > PREFIX_MAX).then(|| Problem::error("Name too long", detail).at(name))
}

/// The sizes must be in order.
pub(super) fn sizes(config: &Value) -> Option<Problem> {
    let scaling = block(config, "scaling_config")?;
    let (min, max) = (number(scaling, "min_size")?, number(scaling, "max_size")?);
    let desired = number(scaling, "desired_size");
    let detail = if min < 0 || max < 1 {
        "`min_size` must be at least 0, and `max_size` at least 1.".to_owned()
    } else if min > max {
        format!("`min_size` ({min}) must not be more than `max_size` ({max}).")
    } else if let Some(desired) = desired.filter(|desired| !(min..=max).contains(desired)) {
        format!("`desired_size` ({desired}) must be between `min_size` ({min}) and `max_size` ({max}).")
    } else {
        return None;
    };
    Some(Problem::error("Sizes contradict each other", detail).at("scaling_config"))
}

/// What a launch template says must not be said twice.
pub(super) fn template(config: &Value) -> Vec<Problem> {
    let Some(template) = block(config, "launch_template") else { return vec![] };
    let mut problems = Vec::new();
    let (id, name) = (part(template, "id"), part(template, "name"));
    if id.is_null() == name.is_null() && id.is_known() && name.is_known() {
        let detail = "Set either `id` or `name` of the launch template.";
        problems.push(Problem::error("Which launch template", detail).at("launch_template"));
    }
    for name in ["disk_size", "remote_access"] {
        let found = part(config, name);
        if is_set(config, name) && found.element_count() != Some(0) {
            let detail = format!("With a launch template, `{name}` is the template's to say.");
            problems.push(Problem::error("Said twice", detail).at(name));
        }
    }
    problems
}
