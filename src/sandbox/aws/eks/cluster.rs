//! Clusters: created, described, listed, deleted, and moved to another version.

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, is_name, serialization, texts};
use super::update::{self, Beginning, Subject};
use super::{
    access, cluster_config, encryption, fargate, insight, kubernetes, network, node_group, roles, tags, versions,
};
use crate::aws::account::random;

const CLUSTERS_MAX: usize = 100;
const CREATE_SECONDS: u64 = 9 * 60;
const DELETE_SECONDS: u64 = 5 * 60;
const VERSION_SECONDS: u64 = 12 * 60;

/// Returns a cluster.
pub fn get(invocation: &Invocation<'_, '_>, name: &str) -> Result<Json, Error> {
    let cluster = invocation.change.get(&invocation.record("clusters", name));
    cluster.ok_or_else(|| Error::not_found(format!("No cluster found for name: {name}.")).about("clusterName", name))
}

/// Returns a cluster that is ready for an update of a kind.
pub fn get_ready(invocation: &Invocation<'_, '_>, name: &str, kind: &str) -> Result<Json, Error> {
    let cluster = get(invocation, name)?;
    let text = match (cluster["status"].as_str(), update::in_flight(invocation, name, &Subject::Cluster)) {
        (Some("ACTIVE"), _) => return Ok(cluster),
        (_, Some(id)) => format!("Cannot {kind} because cluster {name} currently has update {id} in progress"),
        (status, None) => {
            format!("Cannot {kind} because cluster {name} currently has status {}", status.unwrap_or_default())
        }
    };
    Err(Error::in_use(text).about("clusterName", name))
}

/// `CreateCluster`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"cluster": invocation.change.get::<Json>(&made).map(|cluster| shown(&cluster))}));
    }
    let name = invocation.needed("name")?;
    if !is_name(&name, 100) {
        return Err(Error::parameter(
            "The cluster name must begin with a letter or digit and have letters, digits, hyphens and underscores only, at most 100",
        ));
    }
    let record = invocation.record("clusters", &name);
    if invocation.change.has(&record) {
        return Err(Error::in_use(format!("Cluster already exists with name: {name}")).about("clusterName", &name));
    }
    if invocation.change.under(&invocation.record("clusters", "")).count() >= CLUSTERS_MAX {
        return Err(Error::limit("Cluster limit exceeded for account").about("clusterName", &name));
    }
    let mut cluster = compose(invocation, &name)?;
    network::build(invocation, &mut cluster)?;
    invocation.change.put(&record, &cluster);
    invocation.remember(&record);
    access::admit_creator(invocation, &cluster);
    let (id, region) = (random::<16>().to_uppercase(), invocation.region.clone());
    kubernetes::promise(invocation, &name);
    let set = json!({
        "/identity/oidc/issuer": format!("https://oidc.eks.{region}.amazonaws.com/id/{id}"),
        "/resourcesVpcConfig/clusterSecurityGroupId": cluster["_securityGroup"],
    });
    invocation.later(CREATE_SECONDS, json!({"do": "set", "record": record, "set": set}));
    Ok(json!({"cluster": shown(&cluster)}))
}

/// Returns a cluster as answers show it. What its creator was given at the beginning is not told.
pub fn shown(cluster: &Json) -> Json {
    let mut shown = cluster.clone();
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    if let Some(access) = shown["accessConfig"].as_object_mut() {
        access.remove("bootstrapClusterCreatorAdminPermissions");
    }
    shown
}

/// Returns the record of a new cluster, if all that it is to have is well-formed.
fn compose(invocation: &Invocation<'_, '_>, name: &str) -> Result<Json, Error> {
    if invocation.body.contains_key("outpostConfig") {
        return Err(Error::parameter("The sandbox does not emulate clusters on Outposts"));
    }
    let role = invocation.needed("roleArn")?;
    roles::check_cluster_role(invocation, &role)?;
    let version = invocation.text("version")?.unwrap_or_else(|| versions::DEFAULT.to_owned());
    versions::check(&version)?;
    let given = invocation.object("resourcesVpcConfig")?;
    let given = given
        .ok_or_else(|| Error::parameter("The following supplied parameter is missing or empty: resourcesVpcConfig"))?;
    cluster_config::check_automatic(invocation, None)?;
    let network = network(invocation, name, &given)?;
    let vpc = network["vpcId"].as_str().unwrap_or_default().to_owned();
    let mut cluster = json!({
        "name": name,
        "arn": invocation.arn(&format!("cluster/{name}")),
        "createdAt": invocation.now(),
        "version": version,
        "roleArn": role,
        "resourcesVpcConfig": network,
        "kubernetesNetworkConfig": services_network(invocation, &vpc)?,
        "logging": cluster_config::logging(None, invocation.object("logging")?)?,
        "status": "CREATING",
        "certificateAuthority": {},
        "clientRequestToken": invocation.text("clientRequestToken")?,
        "platformVersion": versions::platform(&version),
        "tags": tags::read(invocation.body.get("tags"))?,
        "accessConfig": access_config(invocation)?,
        "upgradePolicy": {"supportType": cluster_config::support_type(invocation)?.unwrap_or("EXTENDED".into())},
        "deletionProtection": invocation.flag("deletionProtection")?.unwrap_or(false),
        "health": {"issues": []},
        "_bootstrapSelfManagedAddons": invocation.flag("bootstrapSelfManagedAddons")?.unwrap_or(true),
        "_creator": access::principal_of(invocation),
    });
    for member in [
        "computeConfig",
        "storageConfig",
        "zonalShiftConfig",
        "remoteNetworkConfig",
        "controlPlaneScalingConfig",
        "kubeApiServerConfig",
        "kubeSchedulerConfig",
        "kubeControllerManagerConfig",
    ] {
        if let Some(given) = invocation.object(member)? {
            cluster[member] = Json::Object(given);
        }
    }
    match invocation.body.get("encryptionConfig") {
        None => {}
        Some(Json::Array(list)) if list.is_empty() => {}
        Some(given) => cluster["encryptionConfig"] = encryption::read(given)?,
    }
    Ok(cluster)
}

fn access_config(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let mode = cluster_config::authentication_mode(invocation)?.unwrap_or_else(|| "CONFIG_MAP".to_owned());
    let given = invocation.object("accessConfig")?.unwrap_or_default();
    let is_admin = match given.get("bootstrapClusterCreatorAdminPermissions") {
        None | Some(Json::Null) => true,
        Some(Json::Bool(is_admin)) => *is_admin,
        Some(_) => return Err(serialization("bootstrapClusterCreatorAdminPermissions", "a boolean")),
    };
    if mode == "CONFIG_MAP" && !is_admin {
        return Err(Error::parameter(
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP",
        ));
    }
    Ok(json!({"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": is_admin}))
}

fn network(invocation: &Invocation<'_, '_>, name: &str, given: &Map<String, Json>) -> Result<Json, Error> {
    let subnets = cluster_config::subnets(given)?;
    let groups = cluster_config::security_groups(given)?;
    let flag = |name: &str, otherwise: bool| match given.get(name) {
        None | Some(Json::Null) => Ok(otherwise),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(_) => Err(serialization(name, "a boolean")),
    };
    let (public, private) = (flag("endpointPublicAccess", true)?, flag("endpointPrivateAccess", false)?);
    if !public && !private {
        return Err(Error::parameter("Private and public endpoint access cannot be false"));
    }
    let mut cidrs = texts(given.get("publicAccessCidrs"), "publicAccessCidrs")?;
    cluster_config::check_cidrs(&cidrs)?;
    if cidrs.is_empty() && public {
        cidrs.push("0.0.0.0/0".to_owned());
    }
    let vpc = network::check(invocation, name, (&subnets, &groups), None)?;
    let mut network = json!({
        "subnetIds": subnets,
        "securityGroupIds": groups,
        "vpcId": vpc,
        "endpointPublicAccess": public,
        "endpointPrivateAccess": private,
        "publicAccessCidrs": cidrs,
    });
    if let Some(mode) = given.get("controlPlaneEgressMode") {
        cluster_config::check_word(
            mode,
            "controlPlaneEgressMode",
            &["AWS_MANAGED", "CUSTOMER_ROUTED", "CUSTOMER_ISOLATED"],
        )?;
        network["controlPlaneEgressMode"] = mode.clone();
    }
    Ok(network)
}

fn services_network(invocation: &Invocation<'_, '_>, vpc: &str) -> Result<Json, Error> {
    let given = Json::Object(invocation.object("kubernetesNetworkConfig")?.unwrap_or_default());
    let family = given.get("ipFamily").cloned().unwrap_or(json!("ipv4"));
    cluster_config::check_word(&family, "ipFamily", &["ipv4", "ipv6"])?;
    let balancing = given["elasticLoadBalancing"]["enabled"].as_bool().unwrap_or(false);
    let mut services = json!({"ipFamily": family, "elasticLoadBalancing": {"enabled": balancing}});
    match given.get("serviceIpv4Cidr") {
        Some(_) if family == "ipv6" => {
            return Err(Error::parameter("serviceIpv4Cidr cannot be specified when ipFamily is ipv6"));
        }
        Some(Json::String(cidr)) if is_private(cidr) && network::overlaps(invocation, vpc, cidr) => {
            return Err(Error::parameter(format!("The specified service CIDR {cidr} overlaps with a range of {vpc}")));
        }
        Some(Json::String(cidr)) if is_private(cidr) => services["serviceIpv4Cidr"] = json!(cidr),
        Some(Json::String(_)) => {
            return Err(Error::parameter(
                "The specified service CIDR is not valid: it must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, and between /24 and /12",
            ));
        }
        Some(_) => return Err(serialization("serviceIpv4Cidr", "a string")),
        None if family == "ipv6" => services["serviceIpv6Cidr"] = json!("fd00:10:100::/108"),
        // One of two ranges, the one that is not like the VPC's.
        None if network::overlaps(invocation, vpc, "10.0.0.0/8") => {
            services["serviceIpv4Cidr"] = json!("172.20.0.0/16")
        }
        None => services["serviceIpv4Cidr"] = json!("10.100.0.0/16"),
    }
    Ok(services)
}

fn is_private(cidr: &str) -> bool {
    let parts = cidr.split_once('/').and_then(|(address, bits)| Some((address.parse().ok()?, bits.parse().ok()?)));
    let Some((address, bits)): Option<(std::net::Ipv4Addr, u32)> = parts else { return false };
    (12..=24).contains(&bits) && address.is_private() && u32::from(address) << bits == 0
}

/// `DescribeCluster`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(json!({"cluster": shown(&get(invocation, &invocation.argument("name"))?)}))
}

/// `ListClusters`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let prefix = invocation.record("clusters", "");
    let names: Vec<String> =
        invocation.change.under(&prefix).map(|(name, _)| name[prefix.len()..].to_owned()).collect();
    invocation.page("clusters", &names)
}

/// `DeleteCluster`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.argument("name");
    let mut cluster = get(invocation, &name)?;
    if cluster["deletionProtection"] == true {
        let text = format!("Cluster {name} has deletion protection enabled. Turn it off before the cluster is deleted");
        return Err(Error::request(text).about("clusterName", &name));
    }
    if !node_group::names(invocation, &name).is_empty() {
        return Err(Error::in_use("Cluster has nodegroups attached").about("clusterName", &name));
    }
    if !fargate::names(invocation, &name).is_empty() {
        return Err(Error::in_use("Cluster has Fargate profiles attached").about("clusterName", &name));
    }
    if cluster["status"] != "FAILED" {
        get_ready(invocation, &name, "delete")?;
    }
    let record = invocation.record("clusters", &name);
    cluster["status"] = json!("DELETING");
    invocation.change.put(&record, &cluster);
    invocation.later(DELETE_SECONDS, json!({"do": "remove", "record": record, "cluster": name}));
    Ok(json!({"cluster": shown(&cluster)}))
}

/// `UpdateClusterVersion`.
pub fn update_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let name = invocation.argument("name");
    let wanted = invocation.needed("version")?;
    let cluster = get_ready(invocation, &name, "VersionUpdate")?;
    let current = cluster["version"].as_str().unwrap_or_default().to_owned();
    let (from, to) = (versions::minor(&current).unwrap_or_default(), versions::check(&wanted)?);
    if to + 1 == from {
        return Err(
            Error::parameter("The sandbox does not emulate the rollback of a version").about("clusterName", &name)
        );
    }
    if to != from + 1 {
        let text = format!("Unsupported Kubernetes minor version update from {current} to {wanted}");
        return Err(Error::parameter(text).about("clusterName", &name));
    }
    let behind = node_group::names(invocation, &name)
        .into_iter()
        .filter(|group| node_group::get(invocation, &name, group).is_ok_and(|group| group["version"] != *current));
    let behind: Vec<String> = behind.collect();
    if !behind.is_empty() {
        let text = format!(
            "Nodegroup(s) {} must be updated to match cluster version {current} before updating cluster version",
            behind.join(", ")
        );
        return Err(Error::request(text).about("clusterName", &name));
    }
    if !invocation.flag("force")?.unwrap_or(false) {
        insight::check(invocation, &cluster)?;
    }
    let platform = versions::platform(&wanted);
    let set = json!({"/version": wanted, "/platformVersion": platform});
    let params = vec![("Version", wanted), ("PlatformVersion", platform)];
    let set = set.as_object().cloned().unwrap_or_default();
    let kind = "VersionUpdate";
    let full = network::full_subnet(invocation, &cluster).map(|subnet| {
        let message = format!("There are not enough free IP addresses in the subnet {subnet}.");
        json!({"do": "fail", "error": {"errorCode": "IpNotAvailable", "errorMessage": message, "resourceIds": [subnet]}})
    });
    let (subject, then) = (Subject::Cluster, full.into_iter().collect());
    update::begin(invocation, &name, Beginning { kind, params, set, seconds: VERSION_SECONDS, subject, then })
}
