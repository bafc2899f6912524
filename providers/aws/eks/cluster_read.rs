//! What EKS tells of a cluster, as the resource type and the data source show it.

use aws_sdk_eks::types::{Cluster, KubernetesNetworkConfigResponse, Logging, VpcConfigResponse};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use sdk::value::Value;
use serde_json::{Value as Json, json};

use crate::cloud::At;
use crate::fields::{block_or_null, blocks, flag, part};

/// Writes a moment as RFC 3339 does, in whole seconds.
pub(crate) fn moment(time: Option<&DateTime>) -> Json {
    let text = time.and_then(|time| DateTime::from_secs(time.secs()).fmt(Format::DateTime).ok());
    text.map_or(Json::Null, Json::from)
}

/// Returns nothing where there are no elements, and nothing was set before.
pub(crate) fn none_if_empty(found: Vec<String>, reference: &Value, name: &str) -> Json {
    if found.is_empty() && part(reference, name).is_null() { Json::Null } else { json!(found) }
}

/// Returns the block of what is off only if the configuration has such a block; null means that it is as known.
fn unless_off(found: Option<Json>, is_on: bool, reference: &Value, name: &str) -> Json {
    let is_configured = !blocks(reference, name).is_empty();
    match found {
        Some(found) if is_on || is_configured => json!([found]),
        None if is_configured => Json::Null,
        _ => json!([]),
    }
}

/// Describes a cluster; `reference` is what is known of it.
pub(super) fn describe(at: &At, cluster: &Cluster, reference: &Value) -> Json {
    let (tags, tags_all) = at.session.tags.seen(cluster.tags.clone().unwrap_or_default(), reference);
    let logs = log_types(cluster.logging.as_ref());
    let certificate = cluster.certificate_authority.as_ref().and_then(|certificate| certificate.data.clone());
    let identity = cluster.identity.as_ref().and_then(|identity| identity.oidc.as_ref());
    let mut found = json!({
        "id": cluster.name,
        "name": cluster.name,
        "arn": cluster.arn,
        "cluster_id": cluster.id,
        "certificate_authority": [{"data": certificate}],
        "created_at": moment(cluster.created_at.as_ref()),
        "enabled_cluster_log_types": none_if_empty(logs, reference, "enabled_cluster_log_types"),
        "encryption_config": encryption(cluster),
        "endpoint": cluster.endpoint,
        "identity": identity.map(|oidc| json!([{"oidc": [{"issuer": oidc.issuer}]}])).unwrap_or(json!([])),
        "platform_version": cluster.platform_version,
        "role_arn": cluster.role_arn,
        "status": cluster.status.as_ref().map(|status| status.as_str()),
        "tags": tags,
        "tags_all": tags_all,
        "version": cluster.version,
        "deletion_protection": cluster.deletion_protection.unwrap_or(false),
        "access_config": access(cluster, reference),
        "upgrade_policy": cluster.upgrade_policy.as_ref().map_or(json!([]), |policy| {
            json!([{"support_type": policy.support_type.as_ref().map(|kind| kind.as_str())}])
        }),
        "kubernetes_network_config": services(
            cluster.kubernetes_network_config.as_ref(),
            block_or_null(reference, "kubernetes_network_config"),
        ),
        "vpc_config": network(cluster.resources_vpc_config.as_ref(), block_or_null(reference, "vpc_config")),
    });
    for (name, blocks) in optional(cluster, reference) {
        if !blocks.is_null() {
            found[name] = blocks;
        }
    }
    found
}

/// Describes what most clusters do not have.
fn optional(cluster: &Cluster, reference: &Value) -> Vec<(&'static str, Json)> {
    let compute = cluster.compute_config.as_ref().map(|compute| {
        let pools = compute.node_pools.clone().unwrap_or_default();
        let before = block_or_null(reference, "compute_config");
        json!({
            "enabled": compute.enabled,
            "node_pools": none_if_empty(pools, before, "node_pools"),
            "node_role_arn": compute.node_role_arn,
        })
    });
    let runs_nodes = cluster.compute_config.as_ref().and_then(|compute| compute.enabled) == Some(true);
    let storage = cluster.storage_config.as_ref().and_then(|storage| storage.block_storage.as_ref());
    let stores = storage.and_then(|storage| storage.enabled) == Some(true);
    let storage = storage.map(|storage| json!({"block_storage": [{"enabled": storage.enabled}]}));
    let shift = cluster.zonal_shift_config.as_ref().and_then(|shift| shift.enabled);
    let shifts = shift == Some(true);
    let shift = shift.map(|enabled| json!({"enabled": enabled}));
    let tier = cluster.control_plane_scaling_config.as_ref().and_then(|scaling| scaling.tier.clone());
    let is_tiered = tier.as_ref().is_some_and(|tier| tier.as_str() != "standard");
    let tier = tier.map(|tier| json!({"tier": tier.as_str()}));
    let unless_off = |name, found, is_on| (name, unless_off(found, is_on, reference, name));
    vec![
        unless_off("compute_config", compute, runs_nodes),
        unless_off("storage_config", storage, stores),
        unless_off("zonal_shift_config", shift, shifts),
        unless_off("control_plane_scaling_config", tier, is_tiered),
        ("remote_network_config", remote(cluster)),
        ("outpost_config", outpost(cluster)),
    ]
}

fn log_types(logging: Option<&Logging>) -> Vec<String> {
    let setups = logging.and_then(|logging| logging.cluster_logging.as_deref()).unwrap_or_default();
    let enabled = setups.iter().filter(|setup| setup.enabled == Some(true));
    enabled.flat_map(|setup| setup.types()).map(|kind| kind.as_str().to_owned()).collect()
}

#[expect(deprecated, reason = "configurations must name what is encrypted, though EKS encrypts all of it by now")]
fn encryption(cluster: &Cluster) -> Json {
    let describe = |config: &aws_sdk_eks::types::EncryptionConfig| {
        let key = config.provider.as_ref().and_then(|provider| provider.key_arn.clone());
        json!({"provider": [{"key_arn": key}], "resources": config.resources})
    };
    json!(cluster.encryption_config().iter().map(describe).collect::<Vec<_>>())
}

fn access(cluster: &Cluster, reference: &Value) -> Json {
    // EKS does not tell whether the creator was let in: that is known from the plan only.
    let known = flag(block_or_null(reference, "access_config"), "bootstrap_cluster_creator_admin_permissions");
    cluster.access_config.as_ref().map_or(json!([]), |access| {
        let bootstrap = known.or(access.bootstrap_cluster_creator_admin_permissions);
        json!([{
            "authentication_mode": access.authentication_mode.as_ref().map(|mode| mode.as_str()),
            "bootstrap_cluster_creator_admin_permissions": bootstrap,
        }])
    })
}

fn services(config: Option<&KubernetesNetworkConfigResponse>, reference: &Value) -> Json {
    config.map_or(json!([]), |config| {
        let is_configured = !blocks(reference, "elastic_load_balancing").is_empty();
        let balancing = config.elastic_load_balancing.as_ref();
        let balancing = balancing.filter(|balancing| is_configured || balancing.enabled == Some(true));
        let balancing = balancing.map(|balancing| json!({"enabled": balancing.enabled}));
        json!([{
            "elastic_load_balancing": balancing.into_iter().collect::<Vec<_>>(),
            "ip_family": config.ip_family.as_ref().map(|family| family.as_str()),
            "service_ipv4_cidr": config.service_ipv4_cidr,
            "service_ipv6_cidr": config.service_ipv6_cidr,
        }])
    })
}

fn network(config: Option<&VpcConfigResponse>, reference: &Value) -> Json {
    config.map_or(json!([]), |config| {
        let groups = config.security_group_ids.clone().unwrap_or_default();
        json!([{
            "cluster_security_group_id": config.cluster_security_group_id,
            "control_plane_egress_mode": config.control_plane_egress_mode.as_ref().map(|mode| mode.as_str()),
            "endpoint_private_access": config.endpoint_private_access,
            "endpoint_public_access": config.endpoint_public_access,
            "public_access_cidrs": config.public_access_cidrs.clone().unwrap_or_default(),
            "security_group_ids": none_if_empty(groups, reference, "security_group_ids"),
            "subnet_ids": config.subnet_ids,
            "vpc_id": config.vpc_id,
        }])
    })
}

fn remote(cluster: &Cluster) -> Json {
    let Some(config) = &cluster.remote_network_config else { return json!([]) };
    let nodes: Vec<Json> = config.remote_node_networks().iter().map(|net| json!({"cidrs": net.cidrs})).collect();
    let pods: Vec<Json> = config.remote_pod_networks().iter().map(|net| json!({"cidrs": net.cidrs})).collect();
    if nodes.is_empty() && pods.is_empty() {
        return json!([]);
    }
    json!([{"remote_node_networks": nodes, "remote_pod_networks": pods}])
}

fn outpost(cluster: &Cluster) -> Json {
    cluster.outpost_config.as_ref().map_or(json!([]), |config| {
        let placement = config.control_plane_placement.as_ref();
        let placement = placement.map(|placement| json!({"group_name": placement.group_name}));
        json!([{
            "control_plane_instance_type": config.control_plane_instance_type,
            "control_plane_placement": placement.into_iter().collect::<Vec<_>>(),
            "outpost_arns": config.outpost_arns,
        }])
    })
}
