//! The parts of a node group that have a form of their own, from and to EKS.

use aws_sdk_eks::types::{
    LaunchTemplateSpecification, NodeRepairConfig, NodeRepairConfigOverrides, Nodegroup, NodegroupScalingConfig,
    NodegroupUpdateConfig, RemoteAccessConfig, Taint,
};
use sdk::value::Value;
use serde_json::{Value as Json, json};

use super::none_if_empty;
use crate::fields::{blocks, filled, flag, number, part, text, texts};

/// Describes the launch template; a version that EKS has looked up is as it was written.
pub(super) fn template(group: &Nodegroup, reference: &Value) -> Json {
    group.launch_template.as_ref().map_or(json!([]), |template| {
        let written = text(reference, "version").filter(|version| version.starts_with('$'));
        json!([{"id": template.id, "name": template.name, "version": written.or_else(|| template.version.clone())}])
    })
}

/// EKS wants the id or the name of a template, not both: what was set, and the id where both are known.
pub(super) fn template_request(after: &Value, before: Option<&Value>) -> LaunchTemplateSpecification {
    let (id, name) = (filled(after, "id"), filled(after, "name"));
    let is_renamed = before.is_some_and(|before| part(before, "name") != part(after, "name"));
    let name = name.filter(|_| id.is_none() || is_renamed);
    let id = id.filter(|_| name.is_none());
    LaunchTemplateSpecification::builder().set_id(id).set_name(name).set_version(filled(after, "version")).build()
}

/// Describes who may log in.
pub(super) fn remote_access(group: &Nodegroup, reference: &Value) -> Json {
    group.remote_access.as_ref().map_or(json!([]), |access| {
        let groups = access.source_security_groups.clone().unwrap_or_default();
        let groups = none_if_empty(groups, reference, "source_security_group_ids");
        json!([{"ec2_ssh_key": access.ec2_ssh_key, "source_security_group_ids": groups}])
    })
}

/// Returns who may log in.
pub(super) fn remote_access_request(block: &Value) -> RemoteAccessConfig {
    RemoteAccessConfig::builder()
        .set_ec2_ssh_key(filled(block, "ec2_ssh_key"))
        .set_source_security_groups(texts(block, "source_security_group_ids").filter(|groups| !groups.is_empty()))
        .build()
}

/// Describes what EKS made for the group.
pub(super) fn resources(group: &Nodegroup) -> Json {
    group.resources.as_ref().map_or(json!([]), |resources| {
        let groups: Vec<Json> =
            resources.auto_scaling_groups().iter().map(|group| json!({"name": group.name})).collect();
        json!([{
            "autoscaling_groups": groups,
            "remote_access_security_group_id": resources.remote_access_security_group,
        }])
    })
}

/// Describes the sizes. How many nodes there are is up to whoever scales them: as long as that is within the limits, the
/// number is the one that was configured last.
pub(super) fn scaling(group: &Nodegroup, reference: &Value) -> Json {
    group.scaling_config.as_ref().map_or(json!([]), |scaling| {
        let (min, max) = (scaling.min_size.unwrap_or(0), scaling.max_size.unwrap_or(i32::MAX));
        let configured = number(reference, "desired_size").filter(|size| (min..=max).contains(size));
        let desired = configured.or(scaling.desired_size);
        json!([{"desired_size": desired, "max_size": scaling.max_size, "min_size": scaling.min_size}])
    })
}

/// Returns the sizes; the number of nodes that there are is kept as far as it is within the limits.
pub(super) fn scaling_request(block: &Value, observed: Option<i32>) -> NodegroupScalingConfig {
    let (min, max) = (number(block, "min_size"), number(block, "max_size"));
    let kept = observed.map(|size| size.min(max.unwrap_or(i32::MAX)).max(min.unwrap_or(0)));
    let desired = kept.or_else(|| number(block, "desired_size"));
    NodegroupScalingConfig::builder().set_min_size(min).set_max_size(max).set_desired_size(desired).build()
}

/// Describes the taints.
pub(super) fn taints(group: &Nodegroup, reference: &Value) -> Json {
    let known = blocks(reference, "taint");
    let describe = |taint: &Taint| {
        // No value and an empty one are the same to EKS.
        let is_null = known.iter().any(|known| part(known, "value").is_null() && text(known, "key") == taint.key);
        let value = taint.value.clone().filter(|value| !value.is_empty() || !is_null);
        json!({"key": taint.key, "value": value, "effect": taint.effect.as_ref().map(|effect| effect.as_str())})
    };
    json!(group.taints().iter().map(describe).collect::<Vec<_>>())
}

/// Returns a taint.
pub(super) fn taint(block: &Value) -> Taint {
    Taint::builder()
        .set_key(text(block, "key"))
        .set_value(text(block, "value"))
        .set_effect(text(block, "effect").map(|effect| effect.as_str().into()))
        .build()
}

/// Describes how nodes are replaced.
pub(super) fn update(group: &Nodegroup) -> Json {
    group.update_config.as_ref().map_or(json!([]), |update| {
        json!([{
            "max_unavailable": update.max_unavailable,
            "max_unavailable_percentage": update.max_unavailable_percentage,
            "update_strategy": update.update_strategy.as_ref().map(|strategy| strategy.as_str()),
        }])
    })
}

/// Returns how nodes are replaced.
pub(super) fn update_request(block: &Value) -> NodegroupUpdateConfig {
    NodegroupUpdateConfig::builder()
        .set_max_unavailable(number(block, "max_unavailable").filter(|count| *count > 0))
        .set_max_unavailable_percentage(number(block, "max_unavailable_percentage").filter(|count| *count > 0))
        .set_update_strategy(filled(block, "update_strategy").map(|strategy| strategy.as_str().into()))
        .build()
}

/// Describes how nodes are mended; nothing if that is as it is known.
pub(super) fn repair(group: &Nodegroup, reference: &Value) -> Option<Json> {
    let is_configured = !blocks(reference, "node_repair_config").is_empty();
    let Some(config) = &group.node_repair_config else { return (!is_configured).then(|| json!([])) };
    if !is_configured && config.enabled != Some(true) {
        return Some(json!([]));
    }
    let describe = |one: &NodeRepairConfigOverrides| {
        json!({
            "node_monitoring_condition": one.node_monitoring_condition,
            "node_unhealthy_reason": one.node_unhealthy_reason,
            "min_repair_wait_time_mins": one.min_repair_wait_time_mins,
            "repair_action": one.repair_action.as_ref().map(|action| action.as_str()),
        })
    };
    let overrides: Vec<Json> = config.node_repair_config_overrides().iter().map(describe).collect();
    Some(json!([{
        "enabled": config.enabled,
        "max_unhealthy_node_threshold_count": config.max_unhealthy_node_threshold_count,
        "max_unhealthy_node_threshold_percentage": config.max_unhealthy_node_threshold_percentage,
        "max_parallel_nodes_repaired_count": config.max_parallel_nodes_repaired_count,
        "max_parallel_nodes_repaired_percentage": config.max_parallel_nodes_repaired_percentage,
        "node_repair_config_overrides": overrides,
    }]))
}

/// Returns how nodes are mended.
pub(super) fn repair_request(block: &Value) -> NodeRepairConfig {
    let one = |block: &Value| {
        NodeRepairConfigOverrides::builder()
            .set_node_monitoring_condition(filled(block, "node_monitoring_condition"))
            .set_node_unhealthy_reason(filled(block, "node_unhealthy_reason"))
            .set_min_repair_wait_time_mins(number(block, "min_repair_wait_time_mins"))
            .set_repair_action(filled(block, "repair_action").map(|action| action.as_str().into()))
            .build()
    };
    let overrides: Vec<_> = blocks(block, "node_repair_config_overrides").iter().map(one).collect();
    NodeRepairConfig::builder()
        .set_enabled(flag(block, "enabled"))
        .set_max_unhealthy_node_threshold_count(number(block, "max_unhealthy_node_threshold_count"))
        .set_max_unhealthy_node_threshold_percentage(number(block, "max_unhealthy_node_threshold_percentage"))
        .set_max_parallel_nodes_repaired_count(number(block, "max_parallel_nodes_repaired_count"))
        .set_max_parallel_nodes_repaired_percentage(number(block, "max_parallel_nodes_repaired_percentage"))
        .set_node_repair_config_overrides(Some(overrides).filter(|overrides| !overrides.is_empty()))
        .build()
}
