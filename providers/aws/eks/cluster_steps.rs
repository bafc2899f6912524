//! The changes of a cluster: EKS takes one kind of change at a time, so each is a step of its own, in this order.

use std::time::Duration;

use aws_sdk_eks::operation::create_cluster::builders::CreateClusterFluentBuilder;
use aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder;
use aws_sdk_eks::types::{
    BlockStorage, ComputeConfigRequest, ControlPlanePlacementRequest, ControlPlaneScalingConfig,
    CreateAccessConfigRequest, ElasticLoadBalancing, EncryptionConfig, KubernetesNetworkConfigRequest, LogSetup,
    LogType, Logging, OutpostConfigRequest, Provider, RemoteNetworkConfigRequest, RemoteNodeNetwork, RemotePodNetwork,
    StorageConfigRequest, UpdateAccessConfigRequest, UpgradePolicyRequest, VpcConfigRequest, ZonalShiftConfigRequest,
};
use sdk::value::Value;
use sdk::{Outlook, OutlookStep, Problem, Prospect};

use super::update::Begun;
use super::{cluster_route, cluster_version};
use crate::fault::{Answer, Fault, fault};
use crate::fields::{block, block_or_null, blocks, filled, flag, part, text, texts};
use crate::managed::{Done, Work};
use crate::polling::while_passing;
use crate::tags::{self, TagChanges};

/// How long EKS usually takes for a change of settings, and for encryption of all that there is.
const CONFIG: Duration = Duration::from_secs(3 * 60);
const ENCRYPTION: Duration = Duration::from_secs(20 * 60);
const TAGS: Duration = Duration::from_secs(1);

/// A change that EKS makes in one go.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Version { from: u32, to: u32 },
    Encryption,
    Config(Part),
    Tags(TagChanges),
}

/// What one call of `UpdateClusterConfig` changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    UpgradePolicy,
    Access,
    AutoMode,
    Logging,
    Endpoint,
    Subnets,
    SecurityGroups,
    Egress,
    ZonalShift,
    RemoteNetwork,
    Scaling,
    DeletionProtection,
}

impl Step {
    /// Says what it is like for people.
    fn outlook(&self, private: &[u8]) -> Vec<OutlookStep> {
        let typical = match self {
            Step::Version { .. } => return cluster_route::outlook(&cluster_route::read(private)),
            Step::Encryption => ENCRYPTION,
            Step::Config(_) => CONFIG,
            Step::Tags(_) => TAGS,
        };
        vec![OutlookStep::new(self.label(), typical)]
    }

    /// Says what it is.
    pub(super) fn label(&self) -> String {
        match self {
            Step::Version { to, .. } => format!("version 1.{to}"),
            Step::Encryption => "encryption".to_owned(),
            Step::Config(part) => part.label().to_owned(),
            Step::Tags(_) => "tags".to_owned(),
        }
    }
}

impl Part {
    const ALL: [Part; 12] = [
        Part::UpgradePolicy,
        Part::Access,
        Part::AutoMode,
        Part::Logging,
        Part::Endpoint,
        Part::Subnets,
        Part::SecurityGroups,
        Part::Egress,
        Part::ZonalShift,
        Part::RemoteNetwork,
        Part::Scaling,
        Part::DeletionProtection,
    ];

    fn label(self) -> &'static str {
        match self {
            Part::UpgradePolicy => "upgrade policy",
            Part::Access => "access",
            Part::AutoMode => "Auto Mode",
            Part::Logging => "logging",
            Part::Endpoint => "endpoint",
            Part::Subnets => "subnets",
            Part::SecurityGroups => "security groups",
            Part::Egress => "egress",
            Part::ZonalShift => "zonal shift",
            Part::RemoteNetwork => "remote networks",
            Part::Scaling => "size of the control plane",
            Part::DeletionProtection => "protection from deletion",
        }
    }

    /// Returns the parts of an object that it is about.
    fn places(self, object: &Value) -> Vec<&Value> {
        let vpc = block_or_null(object, "vpc_config");
        match self {
            Part::UpgradePolicy => vec![part(block_or_null(object, "upgrade_policy"), "support_type")],
            Part::Access => vec![part(block_or_null(object, "access_config"), "authentication_mode")],
            Part::AutoMode => vec![
                part(object, "compute_config"),
                part(object, "storage_config"),
                part(block_or_null(object, "kubernetes_network_config"), "elastic_load_balancing"),
            ],
            Part::Logging => vec![part(object, "enabled_cluster_log_types")],
            Part::Endpoint => ["endpoint_private_access", "endpoint_public_access", "public_access_cidrs"]
                .map(|name| part(vpc, name))
                .to_vec(),
            Part::Subnets => vec![part(vpc, "subnet_ids")],
            Part::SecurityGroups => vec![part(vpc, "security_group_ids")],
            Part::Egress => vec![part(vpc, "control_plane_egress_mode")],
            Part::ZonalShift => vec![part(object, "zonal_shift_config")],
            Part::RemoteNetwork => vec![part(object, "remote_network_config")],
            Part::Scaling => vec![part(object, "control_plane_scaling_config")],
            Part::DeletionProtection => vec![part(object, "deletion_protection")],
        }
    }

    fn request(self, request: UpdateClusterConfigFluentBuilder, planned: &Value) -> UpdateClusterConfigFluentBuilder {
        let vpc = block_or_null(planned, "vpc_config");
        let network = VpcConfigRequest::builder;
        match self {
            Part::UpgradePolicy => request.set_upgrade_policy(upgrade_policy(planned)),
            Part::Access => {
                let mode = filled(block_or_null(planned, "access_config"), "authentication_mode");
                let access =
                    UpdateAccessConfigRequest::builder().set_authentication_mode(mode.map(|mode| mode.as_str().into()));
                request.access_config(access.build())
            }
            Part::AutoMode => {
                let enabled = flag(block_or_null(planned, "compute_config"), "enabled").unwrap_or(false);
                let balancing = ElasticLoadBalancing::builder().enabled(enabled).build();
                let network = KubernetesNetworkConfigRequest::builder().elastic_load_balancing(balancing).build();
                request
                    .compute_config(compute(planned, enabled))
                    .kubernetes_network_config(network)
                    .storage_config(storage(enabled))
            }
            Part::Logging => request.logging(logging(planned)),
            Part::Endpoint => {
                let endpoint = network()
                    .set_endpoint_private_access(flag(vpc, "endpoint_private_access"))
                    .set_endpoint_public_access(flag(vpc, "endpoint_public_access"))
                    .set_public_access_cidrs(texts(vpc, "public_access_cidrs"));
                request.resources_vpc_config(endpoint.build())
            }
            Part::Subnets => request.resources_vpc_config(network().set_subnet_ids(texts(vpc, "subnet_ids")).build()),
            Part::SecurityGroups => {
                let groups = texts(vpc, "security_group_ids").unwrap_or_default();
                request.resources_vpc_config(network().set_security_group_ids(Some(groups)).build())
            }
            Part::Egress => {
                let mode = filled(vpc, "control_plane_egress_mode").map(|mode| mode.as_str().into());
                request.resources_vpc_config(network().set_control_plane_egress_mode(mode).build())
            }
            Part::ZonalShift => request.zonal_shift_config(zonal_shift(planned)),
            Part::RemoteNetwork => request.remote_network_config(remote(planned)),
            Part::Scaling => request.set_control_plane_scaling_config(Some(scaling(planned))),
            Part::DeletionProtection => {
                request.deletion_protection(flag(planned, "deletion_protection").unwrap_or(false))
            }
        }
    }
}

/// Returns the steps from one object to another, in the order in which they are taken.
pub(super) fn steps(prior: &Value, planned: &Value) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(cluster_version::change(prior, planned).map(|(from, to)| Step::Version { from, to }));
    if block(prior, "encryption_config").is_none() && block(planned, "encryption_config").is_some() {
        steps.push(Step::Encryption);
    }
    let differs = |part: &Part| part.places(prior) != part.places(planned);
    steps.extend(Part::ALL.into_iter().filter(differs).map(Step::Config));
    steps.extend(tags::changes(prior, planned).map(Step::Tags));
    steps
}

/// Says what is done one after the other; nothing while it is not known to which version it goes.
pub(super) fn outlook(prospect: Prospect<'_>) -> Outlook {
    let Prospect { prior, planned, private, .. } = prospect;
    if !part(planned, "version").is_known() {
        return Outlook::default();
    }
    let steps = steps(prior, planned).iter().flat_map(|step| step.outlook(private)).collect::<Vec<_>>();
    let is_way = cluster_version::change(prior, planned).is_some();
    Outlook { steps: if is_way || steps.len() > 1 { steps } else { vec![] }, ..Outlook::default() }
}

/// Takes a step, and waits until it is done.
pub(super) async fn take(work: &Work<'_>, step: &Step, index: usize) -> Done<()> {
    let name = text(&work.planned, "name").unwrap_or_default();
    let doing = format!("Changing the cluster {name:?} ({})", step.label());
    let begun = Begun { cluster: name.clone(), what: format!("cluster {name}: {}", step.label()), ..Begun::default() };
    let update = match step {
        Step::Version { from, to } => return go(work, &name, (*from, *to)).await,
        Step::Tags(changes) => {
            let arn = text(&work.planned, "arn").unwrap_or_default();
            return super::tagging::change(&work.at, &arn, changes).await;
        }
        Step::Encryption => {
            let request = work.at.eks().associate_encryption_config().cluster_name(&name);
            let request = request.set_encryption_config(Some(encryption(&work.planned)));
            let request = request.client_request_token(format!("{}-{index}", work.token));
            let call = || {
                let request = request.clone();
                async move { request.send().await.map(|answer| answer.update).map_err(fault) }
            };
            while_passing(work.waiting(), Fault::is_busy, call).await
        }
        Step::Config(part) => {
            let token = format!("{}-{index}", work.token);
            let request = work.at.eks().update_cluster_config().name(&name).client_request_token(token);
            let request = part.request(request, &work.planned);
            let call = || {
                let request = request.clone();
                async move { request.send().await.map(|answer| answer.update).map_err(fault) }
            };
            let answer: Answer<_> = while_passing(work.waiting(), Fault::is_busy, call).await;
            match answer {
                // It is as it is wanted already: an earlier run got so far.
                Err(fault) if fault.message.contains("No changes needed") => return Ok(()),
                Err(fault) if fault.message.contains("already at the desired configuration") => return Ok(()),
                answer => answer,
            }
        }
    };
    let update = update.map_err(|fault| fault.problem(&doing))?;
    Begun::of(update, begun)?.finish(work).await
}

/// Goes from one version to another, as planned.
async fn go(work: &Work<'_>, name: &str, (from, to): (u32, u32)) -> Done<()> {
    let legs = cluster_route::read(&work.private);
    if legs.is_empty() {
        let detail = format!("No way from 1.{from} to 1.{to} was planned for the cluster {name:?}. Plan again.");
        return Err(Problem::error("No way to the version", detail));
    }
    cluster_route::go(work, name, &legs).await
}

/// Adds to a creation what has a form of its own.
pub(super) fn with_parts(request: CreateClusterFluentBuilder, planned: &Value) -> CreateClusterFluentBuilder {
    let vpc = block_or_null(planned, "vpc_config");
    let network = VpcConfigRequest::builder()
        .set_subnet_ids(texts(vpc, "subnet_ids"))
        .set_security_group_ids(texts(vpc, "security_group_ids"))
        .set_endpoint_private_access(flag(vpc, "endpoint_private_access"))
        .set_endpoint_public_access(flag(vpc, "endpoint_public_access"))
        .set_public_access_cidrs(texts(vpc, "public_access_cidrs").filter(|cidrs| !cidrs.is_empty()))
        .set_control_plane_egress_mode(filled(vpc, "control_plane_egress_mode").map(|mode| mode.as_str().into()))
        .build();
    let access = block(planned, "access_config").map(|access| {
        CreateAccessConfigRequest::builder()
            .set_authentication_mode(filled(access, "authentication_mode").map(|mode| mode.as_str().into()))
            .set_bootstrap_cluster_creator_admin_permissions(flag(
                access,
                "bootstrap_cluster_creator_admin_permissions",
            ))
            .build()
    });
    let services = block(planned, "kubernetes_network_config").map(|config| {
        let balancing = block(config, "elastic_load_balancing")
            .map(|block| ElasticLoadBalancing::builder().set_enabled(flag(block, "enabled")).build());
        KubernetesNetworkConfigRequest::builder()
            .set_elastic_load_balancing(balancing)
            .set_ip_family(filled(config, "ip_family").map(|family| family.as_str().into()))
            .set_service_ipv4_cidr(filled(config, "service_ipv4_cidr"))
            .build()
    });
    let compute = block(planned, "compute_config");
    let compute = compute.map(|block| self::compute(planned, flag(block, "enabled").unwrap_or(false)));
    let storage = block(planned, "storage_config");
    let storage =
        storage.map(|block| self::storage(flag(block_or_null(block, "block_storage"), "enabled").unwrap_or(false)));
    let logs = texts(planned, "enabled_cluster_log_types").filter(|logs| !logs.is_empty());
    request
        .resources_vpc_config(network)
        .set_access_config(access)
        .set_kubernetes_network_config(services)
        .set_compute_config(compute)
        .set_storage_config(storage)
        .set_logging(logs.map(|_| logging(planned)))
        .set_encryption_config(Some(encryption(planned)).filter(|list| !list.is_empty()))
        .set_upgrade_policy(upgrade_policy(planned))
        .set_zonal_shift_config(block(planned, "zonal_shift_config").map(|_| zonal_shift(planned)))
        .set_remote_network_config(block(planned, "remote_network_config").map(|_| remote(planned)))
        .set_control_plane_scaling_config(block(planned, "control_plane_scaling_config").map(|_| scaling(planned)))
        .set_outpost_config(outpost(planned))
}

fn upgrade_policy(planned: &Value) -> Option<UpgradePolicyRequest> {
    let kind = filled(block_or_null(planned, "upgrade_policy"), "support_type")?;
    Some(UpgradePolicyRequest::builder().support_type(kind.as_str().into()).build())
}

fn compute(planned: &Value, enabled: bool) -> ComputeConfigRequest {
    let block = block_or_null(planned, "compute_config");
    let pools = texts(block, "node_pools").filter(|_| enabled);
    let role = filled(block, "node_role_arn").filter(|_| enabled);
    ComputeConfigRequest::builder().enabled(enabled).set_node_pools(pools).set_node_role_arn(role).build()
}

fn storage(enabled: bool) -> StorageConfigRequest {
    StorageConfigRequest::builder().block_storage(BlockStorage::builder().enabled(enabled).build()).build()
}

/// Says of each kind of log whether it is on.
fn logging(planned: &Value) -> Logging {
    let wanted = texts(planned, "enabled_cluster_log_types").unwrap_or_default();
    let (on, off): (Vec<&str>, Vec<&str>) =
        LogType::values().iter().partition(|kind| wanted.iter().any(|wanted| wanted == *kind));
    let setup = |kinds: Vec<&str>, enabled: bool| {
        let kinds: Vec<LogType> = kinds.into_iter().map(LogType::from).collect();
        LogSetup::builder().set_types(Some(kinds)).enabled(enabled).build()
    };
    let setups = [(on, true), (off, false)].into_iter().filter(|(kinds, _)| !kinds.is_empty());
    Logging::builder().set_cluster_logging(Some(setups.map(|(kinds, enabled)| setup(kinds, enabled)).collect())).build()
}

#[expect(deprecated, reason = "configurations must name what is encrypted, though EKS encrypts all of it by now")]
fn encryption(planned: &Value) -> Vec<EncryptionConfig> {
    let config = |block: &Value| {
        let key = filled(block_or_null(block, "provider"), "key_arn");
        let provider = Provider::builder().set_key_arn(key).build();
        EncryptionConfig::builder().set_resources(texts(block, "resources")).provider(provider).build()
    };
    blocks(planned, "encryption_config").iter().map(config).collect()
}

fn zonal_shift(planned: &Value) -> ZonalShiftConfigRequest {
    let enabled = flag(block_or_null(planned, "zonal_shift_config"), "enabled").unwrap_or(false);
    ZonalShiftConfigRequest::builder().enabled(enabled).build()
}

fn scaling(planned: &Value) -> ControlPlaneScalingConfig {
    let tier = filled(block_or_null(planned, "control_plane_scaling_config"), "tier");
    ControlPlaneScalingConfig::builder().tier(tier.as_deref().unwrap_or("standard").into()).build()
}

fn remote(planned: &Value) -> RemoteNetworkConfigRequest {
    let config = block_or_null(planned, "remote_network_config");
    let nodes = blocks(config, "remote_node_networks").iter();
    let nodes = nodes.map(|net| RemoteNodeNetwork::builder().set_cidrs(texts(net, "cidrs")).build()).collect();
    let pods = blocks(config, "remote_pod_networks").iter();
    let pods = pods.map(|net| RemotePodNetwork::builder().set_cidrs(texts(net, "cidrs")).build()).collect();
    RemoteNetworkConfigRequest::builder()
        .set_remote_node_networks(Some(nodes))
        .set_remote_pod_networks(Some(pods))
        .build()
}

fn outpost(planned: &Value) -> Option<OutpostConfigRequest> {
    let config = block(planned, "outpost_config")?;
    let placement = block(config, "control_plane_placement")
        .map(|block| ControlPlanePlacementRequest::builder().set_group_name(text(block, "group_name")).build());
    let built = OutpostConfigRequest::builder()
        .set_outpost_arns(texts(config, "outpost_arns"))
        .set_control_plane_instance_type(text(config, "control_plane_instance_type"))
        .set_control_plane_placement(placement)
        .build();
    built.ok()
}
