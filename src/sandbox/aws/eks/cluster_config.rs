//! `UpdateClusterConfig`: one kind of change per call, and the checks that it shares with `CreateCluster`.

use std::net::IpAddr;

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, serialization, texts};
use super::update::{self, Beginning, Subject};
use super::{access, cluster, network};

const CONFIG_SECONDS: u64 = 4 * 60;
const LOG_TYPES: &[&str] = &["api", "audit", "authenticator", "controllerManager", "scheduler"];
/// Modes of authentication; a cluster can only go on in this list.
const MODES: &[&str] = &["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];
const TIERS: &[&str] = &["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"];
const GROUPS_MAX: usize = 5;
const CIDRS_MAX: usize = 40;

/// Returns the kinds of updates that a call asks for.
fn kinds(body: &Map<String, Json>) -> Vec<&'static str> {
    let network = body.get("resourcesVpcConfig");
    let in_network = |names: &[&str]| names.iter().any(|name| network.is_some_and(|network| !network[name].is_null()));
    let has = |names: &[&str]| names.iter().any(|name| body.contains_key(*name));
    let all = [
        ("EndpointAccessUpdate", in_network(&["endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"])),
        ("VpcConfigUpdate", in_network(&["subnetIds", "securityGroupIds"])),
        ("ControlPlaneEgressUpdate", in_network(&["controlPlaneEgressMode"])),
        ("LoggingUpdate", has(&["logging"])),
        ("AccessConfigUpdate", has(&["accessConfig"])),
        ("UpgradePolicyUpdate", has(&["upgradePolicy"])),
        ("ZonalShiftConfigUpdate", has(&["zonalShiftConfig"])),
        ("AutoModeUpdate", has(&["computeConfig", "kubernetesNetworkConfig", "storageConfig"])),
        ("RemoteNetworkConfigUpdate", has(&["remoteNetworkConfig"])),
        ("DeletionProtectionUpdate", has(&["deletionProtection"])),
        ("ControlPlaneScalingConfigUpdate", has(&["controlPlaneScalingConfig"])),
        (
            "ControlPlaneComponentConfigUpdate",
            has(&["kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig"]),
        ),
    ];
    all.into_iter().filter(|(_, is_asked_for)| *is_asked_for).map(|(kind, _)| kind).collect()
}

/// `UpdateClusterConfig`.
pub fn update(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let name = invocation.argument("name");
    let about = |error: Error| error.about("clusterName", &name);
    let kind = match kinds(&invocation.body)[..] {
        [kind] => kind,
        [] => return Err(about(Error::parameter("The type for cluster update was not provided."))),
        _ => return Err(about(Error::parameter("Only one type of update can be allowed."))),
    };
    let cluster = cluster::get_ready(invocation, &name, kind)?;
    let changed = match kind {
        "EndpointAccessUpdate" => endpoint_access(invocation, &cluster),
        "VpcConfigUpdate" => vpc(invocation, &cluster),
        "LoggingUpdate" => change_logging(invocation, &cluster),
        "AccessConfigUpdate" => access(invocation, &cluster),
        "UpgradePolicyUpdate" => upgrade_policy(invocation, &cluster),
        "AutoModeUpdate" => automatic(invocation, &cluster),
        "DeletionProtectionUpdate" => protection(invocation, &cluster),
        "ControlPlaneScalingConfigUpdate" => scaling(invocation, &cluster),
        "ControlPlaneEgressUpdate" => egress(invocation),
        _ => whole(invocation, &cluster),
    };
    let Changes { params, set } = changed.map_err(about)?;
    if kind == "AccessConfigUpdate" {
        let mut cluster = cluster;
        cluster["accessConfig"]["authenticationMode"] = set["/accessConfig/authenticationMode"].clone();
        access::admit_creator(invocation, &cluster);
    }
    let then = match kind {
        "VpcConfigUpdate" => vec![json!({"do": "interfaces", "record": invocation.record("clusters", &name)})],
        _ => Vec::new(),
    };
    let subject = Subject::Cluster;
    update::begin(invocation, &name, Beginning { kind, params, set, seconds: CONFIG_SECONDS, subject, then })
}

#[derive(Default)]
struct Changes {
    params: Vec<(&'static str, String)>,
    set: Map<String, Json>,
}

impl Changes {
    fn add(&mut self, param: &'static str, pointer: &str, value: Json) {
        self.params.push((param, value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        self.set.insert(pointer.to_owned(), value);
    }
}

fn endpoint_access(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let given = invocation.object("resourcesVpcConfig")?.unwrap_or_default();
    let now = &cluster["resourcesVpcConfig"];
    let value = |name: &str| given.get(name).filter(|value| !value.is_null()).unwrap_or(&now[name]).clone();
    let (public, private) = (value("endpointPublicAccess"), value("endpointPrivateAccess"));
    let (Json::Bool(is_public), Json::Bool(is_private)) = (&public, &private) else {
        return Err(serialization("endpointPublicAccess", "a boolean"));
    };
    if !is_public && !is_private {
        return Err(Error::parameter("Private and public endpoint access cannot be false"));
    }
    let cidrs = texts(Some(&value("publicAccessCidrs")), "publicAccessCidrs")?;
    check_cidrs(&cidrs)?;
    let cidrs = if cidrs.is_empty() && *is_public { vec!["0.0.0.0/0".to_owned()] } else { cidrs };
    let is_same = now["endpointPublicAccess"] == public && now["endpointPrivateAccess"] == private;
    if is_same && now["publicAccessCidrs"] == json!(cidrs) {
        return Err(Error::parameter(format!(
            "Cluster is already at the desired configuration with endpointPrivateAccess: {private} , endpointPublicAccess: {public}, and Public Endpoint Restrictions: [{}]",
            cidrs.join(", ")
        )));
    }
    let mut changes = Changes::default();
    changes.add("EndpointPublicAccess", "/resourcesVpcConfig/endpointPublicAccess", public);
    changes.add("EndpointPrivateAccess", "/resourcesVpcConfig/endpointPrivateAccess", private);
    changes.add("PublicAccessCidrs", "/resourcesVpcConfig/publicAccessCidrs", json!(cidrs));
    Ok(changes)
}

fn vpc(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let given = invocation.object("resourcesVpcConfig")?.unwrap_or_default();
    let now = &cluster["resourcesVpcConfig"];
    let mut changes = Changes::default();
    if given.contains_key("subnetIds") {
        changes.add("Subnets", "/resourcesVpcConfig/subnetIds", json!(subnets(&given)?));
    }
    if given.contains_key("securityGroupIds") {
        changes.add("SecurityGroups", "/resourcesVpcConfig/securityGroupIds", json!(security_groups(&given)?));
    }
    let list = |name: &str| {
        let wanted = changes.set.get(&format!("/resourcesVpcConfig/{name}")).unwrap_or(&now[name]);
        texts(Some(wanted), name)
    };
    let (subnets, groups) = (list("subnetIds")?, list("securityGroupIds")?);
    let name = cluster["name"].as_str().unwrap_or_default();
    network::check(invocation, name, (&subnets, &groups), now["vpcId"].as_str())?;
    let is_same =
        |name: &str| changes.set.get(&format!("/resourcesVpcConfig/{name}")).is_none_or(|value| now[name] == *value);
    if is_same("subnetIds") && is_same("securityGroupIds") {
        return Err(Error::parameter("No changes needed for the VPC config provided"));
    }
    Ok(changes)
}

fn egress(invocation: &Invocation<'_, '_>) -> Result<Changes, Error> {
    let mode = invocation.body["resourcesVpcConfig"]["controlPlaneEgressMode"].clone();
    check_word(&mode, "controlPlaneEgressMode", &["AWS_MANAGED", "CUSTOMER_ROUTED", "CUSTOMER_ISOLATED"])?;
    let mut changes = Changes::default();
    changes.add("ControlPlaneEgressMode", "/resourcesVpcConfig/controlPlaneEgressMode", mode);
    Ok(changes)
}

fn change_logging(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let wanted = logging(Some(&cluster["logging"]), invocation.object("logging")?)?;
    if wanted == cluster["logging"] {
        return Err(Error::parameter("No changes needed for the logging config provided"));
    }
    let mut changes = Changes::default();
    changes.add("ClusterLogging", "/logging", wanted);
    Ok(changes)
}

fn access(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let wanted =
        authentication_mode(invocation)?.ok_or_else(|| Error::parameter("accessConfig needs an authenticationMode"))?;
    let now = cluster["accessConfig"]["authenticationMode"].as_str().unwrap_or_default();
    let place = |mode: &str| MODES.iter().position(|known| *known == mode).unwrap_or_default();
    if place(&wanted) <= place(now) {
        return Err(Error::parameter(format!("Unsupported authentication mode update from {now} to {wanted}")));
    }
    let mut changes = Changes::default();
    changes.add("AuthenticationMode", "/accessConfig/authenticationMode", json!(wanted));
    Ok(changes)
}

fn upgrade_policy(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let wanted = support_type(invocation)?.ok_or_else(|| Error::parameter("upgradePolicy needs a supportType"))?;
    if cluster["upgradePolicy"]["supportType"] == *wanted {
        return Err(Error::parameter("No changes needed for the upgrade policy provided"));
    }
    let mut changes = Changes::default();
    changes.add("UpgradePolicy", "/upgradePolicy/supportType", json!(wanted));
    Ok(changes)
}

fn protection(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let wanted = json!(invocation.flag("deletionProtection")?);
    if cluster["deletionProtection"] == wanted {
        return Err(Error::parameter("No changes needed for the deletion protection provided"));
    }
    let mut changes = Changes::default();
    changes.add("DeletionProtection", "/deletionProtection", wanted);
    Ok(changes)
}

fn scaling(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let tier = invocation.body["controlPlaneScalingConfig"]["tier"].clone();
    check_word(&tier, "tier", TIERS)?;
    let before = cluster["controlPlaneScalingConfig"]["tier"].as_str().unwrap_or("standard");
    if tier == before {
        return Err(Error::parameter("No changes needed for the control plane scaling config provided"));
    }
    let mut changes = Changes { params: vec![("PreviousTier", before.to_owned())], ..Changes::default() };
    changes.add("UpdatedTier", "/controlPlaneScalingConfig/tier", tier);
    Ok(changes)
}

fn automatic(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    check_automatic(invocation, Some(cluster))?;
    let mut changes = Changes::default();
    for (param, member) in [("ComputeConfig", "computeConfig"), ("StorageConfig", "storageConfig")] {
        let given = invocation.object(member)?.unwrap_or_default();
        let mut wanted = cluster[member].as_object().cloned().unwrap_or_default();
        wanted.extend(given);
        changes.add(param, &format!("/{member}"), Json::Object(wanted));
    }
    let balancing = invocation.body["kubernetesNetworkConfig"]["elasticLoadBalancing"].clone();
    changes.add("KubernetesNetworkConfig", "/kubernetesNetworkConfig/elasticLoadBalancing", balancing);
    Ok(changes)
}

/// Changes that replace a member as a whole.
fn whole(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<Changes, Error> {
    let mut changes = Changes::default();
    for (param, member) in [
        ("ZonalShiftConfig", "zonalShiftConfig"),
        ("RemoteNetworkConfig", "remoteNetworkConfig"),
        ("KubeApiServerConfig", "kubeApiServerConfig"),
        ("KubeSchedulerConfig", "kubeSchedulerConfig"),
        ("KubeControllerManagerConfig", "kubeControllerManagerConfig"),
    ] {
        let Some(given) = invocation.object(member)? else { continue };
        if cluster[member] == Json::Object(given.clone()) {
            return Err(Error::parameter(format!("No changes needed for the {member} provided")));
        }
        changes.add(param, &format!("/{member}"), Json::Object(given));
    }
    Ok(changes)
}

/// Checks that compute, load balancing and storage of the automatic mode are all on or all off, and its role stays.
pub fn check_automatic(invocation: &Invocation<'_, '_>, cluster: Option<&Json>) -> Result<(), Error> {
    let given = |member: &str| invocation.body.get(member).cloned().unwrap_or_default();
    let (compute, network, storage) =
        (given("computeConfig"), given("kubernetesNetworkConfig"), given("storageConfig"));
    let flags = [
        compute["enabled"].as_bool(),
        network["elasticLoadBalancing"]["enabled"].as_bool(),
        storage["blockStorage"]["enabled"].as_bool(),
    ];
    let is_given = cluster.is_some() || flags.iter().any(Option::is_some);
    let is_on = flags[0].unwrap_or(false);
    if is_given && flags.iter().any(|flag| flag.unwrap_or(false) != is_on || (cluster.is_some() && flag.is_none())) {
        return Err(Error::parameter(
            "For EKS Auto Mode, please ensure that all required configs, including computeConfig, kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled.",
        ));
    }
    let role = &compute["nodeRoleArn"];
    let before = cluster.map_or(&Json::Null, |cluster| &cluster["computeConfig"]["nodeRoleArn"]);
    if !role.is_null() && !before.is_null() && role != before {
        return Err(Error::parameter("The nodeRoleArn of computeConfig cannot be changed once it is set"));
    }
    Ok(())
}

/// Returns a cluster's logging: what is on and what is off, from what it was and what is wanted.
pub fn logging(before: Option<&Json>, given: Option<Map<String, Json>>) -> Result<Json, Error> {
    let mut on: Vec<bool> = LOG_TYPES.iter().map(|kind| before.is_some_and(|before| is_logged(before, kind))).collect();
    let entries = given.as_ref().and_then(|given| given.get("clusterLogging")).and_then(Json::as_array);
    for entry in entries.into_iter().flatten() {
        for kind in texts(entry.get("types"), "types")? {
            let place = LOG_TYPES.iter().position(|known| **known == *kind);
            let place = place.ok_or_else(|| Error::parameter(format!("Log type {kind} is not supported")))?;
            on[place] = entry["enabled"].as_bool().unwrap_or(false);
        }
    }
    let of = |wanted: bool| {
        let types: Vec<&str> =
            LOG_TYPES.iter().zip(&on).filter(|(_, on)| **on == wanted).map(|(kind, _)| *kind).collect();
        (!types.is_empty()).then(|| json!({"types": types, "enabled": wanted}))
    };
    let entries: Vec<Json> = [of(true), of(false)].into_iter().flatten().collect();
    Ok(json!({"clusterLogging": entries}))
}

fn is_logged(logging: &Json, kind: &str) -> bool {
    let entries = logging["clusterLogging"].as_array().into_iter().flatten();
    let mut on =
        entries.filter(|entry| entry["enabled"] == true).filter_map(|entry| entry["types"].as_array()).flatten();
    on.any(|found| found == kind)
}

/// Returns the mode of authentication that a call asks for.
pub fn authentication_mode(invocation: &Invocation<'_, '_>) -> Result<Option<String>, Error> {
    word_in(invocation, "accessConfig", "authenticationMode", MODES)
}

/// Returns the kind of support that a call asks for.
pub fn support_type(invocation: &Invocation<'_, '_>) -> Result<Option<String>, Error> {
    word_in(invocation, "upgradePolicy", "supportType", &["STANDARD", "EXTENDED"])
}

fn word_in(invocation: &Invocation<'_, '_>, object: &str, name: &str, words: &[&str]) -> Result<Option<String>, Error> {
    let object = invocation.object(object)?.unwrap_or_default();
    let Some(value) = object.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    check_word(value, name, words)?;
    Ok(value.as_str().map(str::to_owned))
}

/// Checks that a value is one of some words.
pub fn check_word(value: &Json, name: &str, words: &[&str]) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if words.contains(&text) => Ok(()),
        Some(text) => Err(Error::parameter(format!(
            "{text} is not a valid value of {name}: it must be one of {}",
            words.join(", ")
        ))),
        None => Err(serialization(name, "a string")),
    }
}

/// Returns the subnets of a network: at least two, as in two availability zones.
pub fn subnets(given: &Map<String, Json>) -> Result<Vec<String>, Error> {
    let subnets = texts(given.get("subnetIds"), "subnetIds")?;
    check_subnets(&subnets)?;
    if subnets.is_empty() {
        return Err(Error::parameter("The following supplied parameter is missing or empty: subnetIds"));
    }
    Ok(subnets)
}

/// Checks that subnets are written like subnets.
pub fn check_subnets(subnets: &[String]) -> Result<(), Error> {
    match subnets.iter().find(|subnet| !is_id(subnet, "subnet-")) {
        Some(wrong) => Err(Error::parameter(format!("The subnet ID '{wrong}' does not exist"))),
        None => Ok(()),
    }
}

/// Returns the security groups of a network.
pub fn security_groups(given: &Map<String, Json>) -> Result<Vec<String>, Error> {
    let groups = texts(given.get("securityGroupIds"), "securityGroupIds")?;
    if let Some(wrong) = groups.iter().find(|group| !is_id(group, "sg-")) {
        return Err(Error::parameter(format!("The security group '{wrong}' does not exist")));
    }
    if groups.len() > GROUPS_MAX {
        return Err(Error::parameter(format!("At most {GROUPS_MAX} security groups can be specified")));
    }
    Ok(groups)
}

fn is_id(text: &str, begin: &str) -> bool {
    text.strip_prefix(begin)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Checks ranges of addresses.
pub fn check_cidrs(cidrs: &[String]) -> Result<(), Error> {
    let is_range = |cidr: &String| {
        let parts = cidr
            .split_once('/')
            .and_then(|(address, bits)| Some((address.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?)));
        parts.is_some_and(|(address, bits)| bits <= if address.is_ipv4() { 32 } else { 128 })
    };
    if let Some(wrong) = cidrs.iter().find(|cidr| !is_range(cidr)) {
        return Err(Error::parameter(format!("The following CIDRs are invalid in publicAccessCidrs: {wrong}")));
    }
    if cidrs.len() > CIDRS_MAX {
        return Err(Error::limit(format!("At most {CIDRS_MAX} publicAccessCidrs can be specified")));
    }
    Ok(())
}
