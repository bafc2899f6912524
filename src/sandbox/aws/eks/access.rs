//! Access entries: who may enter a cluster, as whom, and with which of EKS's own policies.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, check_label, record, texts, timestamp};
use super::{cluster, tags};
use crate::aws::account::{ACCOUNT, uuid};
use crate::aws::iam::{role_of, role_of_session};
use crate::world::{Change, Records};

/// Entries of one cluster at most.
const ENTRIES_MAX: usize = 2000;
/// Policies of one entry at most.
const POLICIES_MAX: usize = 20;

const POLICY_BEGIN: &str = "arn:aws:eks::aws:cluster-access-policy/";
const ADMIN_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// The policies that entries can have, in the order of their names.
const POLICIES: &[&str] = &[
    "AmazonAIOpsAssistantPolicy",
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSClusterInsightsPolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSEventPolicy",
    "AmazonEKSHybridPolicy",
    "AmazonEKSLoadBalancingClusterPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
];

/// What names of users and groups must not begin with.
const RESERVED: &[&str] = &["system:", "eks:", "aws:", "amazon:", "iam:"];

/// Types of entries, with the groups and the user that those have whose type is not `STANDARD`.
const TYPES: &[(&str, &[&str], &str)] = &[
    ("STANDARD", &[], ""),
    ("FARGATE_LINUX", &["system:bootstrappers", "system:nodes", "system:node-proxier"], "system:node:{{SessionName}}"),
    ("EC2_LINUX", &["system:nodes"], "system:node:{{EC2PrivateDNSName}}"),
    ("EC2_WINDOWS", &["eks:kube-proxy-windows", "system:nodes"], "system:node:{{EC2PrivateDNSName}}"),
    ("EC2", &["system:nodes"], "system:node:{{EC2PrivateDNSName}}"),
    ("HYBRID_LINUX", &["system:nodes"], "system:node:{{SessionName}}"),
    ("HYPERPOD_LINUX", &["system:nodes"], "system:node:{{SessionName}}"),
];

/// As whom somebody enters a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    /// The user's name, as Kubernetes knows it.
    pub username: String,
    /// The user's groups: those of the entry, and `system:masters` for who has all rights.
    pub groups: Vec<String>,
    /// Policies of EKS: their names, and the namespaces that they are for; all if there are none.
    pub policies: Vec<(String, Vec<String>)>,
}

/// Returns as whom somebody enters a cluster: the ARN of a user, a role, or the session of a role. Nobody if there is no
/// entry, or the cluster does not let entries count.
pub fn groups_of(records: &Records, (region, cluster): (&str, &str), principal: &str) -> Option<Access> {
    let found: Json = records.get(&record(region, "clusters", cluster))?;
    let role = role_of_session(records, principal);
    let owner = role.as_deref().unwrap_or(principal);
    let Some(entry) = records.get::<Json>(&record(region, "access-entries", &format!("{cluster}/{owner}"))) else {
        // Without entries whoever made the cluster still has all rights in it, if it was made so.
        let is_creator = found["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
            && found["_creator"] == owner
            && found["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] != false;
        let groups = vec!["system:masters".to_owned()];
        return is_creator.then(|| Access { username: "kubernetes-admin".to_owned(), groups, policies: Vec::new() });
    };
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let groups = entry["kubernetesGroups"].as_array().into_iter().flatten().map(text);
    let mut groups: Vec<String> = groups.collect();
    let mut policies = Vec::new();
    for policy in policies_of(records, region, cluster, owner) {
        let namespaces = policy["accessScope"]["namespaces"].as_array().into_iter().flatten().map(text).collect();
        let name = text(&policy["policyArn"]).trim_start_matches(POLICY_BEGIN).to_owned();
        if policy["policyArn"] == ADMIN_POLICY && policy["accessScope"]["type"] == "cluster" {
            groups.push("system:masters".to_owned());
        }
        policies.push((name, namespaces));
    }
    let session = principal.rsplit('/').next().unwrap_or_default();
    let username = text(&entry["username"]).replace("{{SessionName}}", session);
    Some(Access { username, groups, policies })
}

fn policies_of(records: &Records, region: &str, cluster: &str, principal: &str) -> Vec<Json> {
    records.get(&record(region, "access-policies", &format!("{cluster}/{principal}"))).unwrap_or_default()
}

/// Gives whoever makes a cluster all rights in it, if it lets entries count.
pub fn admit_creator(invocation: &mut Invocation<'_, '_>, cluster: &Json) {
    let name = cluster["name"].as_str().unwrap_or_default();
    let creator = cluster["_creator"].as_str().unwrap_or_default();
    let is_wanted = cluster["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] != false;
    if !is_wanted || cluster["accessConfig"]["authenticationMode"] == "CONFIG_MAP" {
        return;
    }
    admit(invocation, name, creator, "STANDARD");
    let record = invocation.record("access-policies", &format!("{name}/{creator}"));
    if !invocation.change.has(&record) {
        let now = invocation.now();
        let scope = json!({"type": "cluster", "namespaces": []});
        let policy = json!({"policyArn": ADMIN_POLICY, "accessScope": scope, "associatedAt": now, "modifiedAt": now});
        invocation.change.put(&record, &[policy]);
    }
}

/// Lets in a role that EKS itself needs: of nodes and of Fargate.
pub fn admit(invocation: &mut Invocation<'_, '_>, cluster: &str, principal: &str, kind: &str) {
    let found: Json = invocation.change.get(&invocation.record("clusters", cluster)).unwrap_or_default();
    let record = invocation.record("access-entries", &format!("{cluster}/{principal}"));
    let counts = kind == "STANDARD" || found["accessConfig"]["authenticationMode"] != "CONFIG_MAP";
    if counts && !invocation.change.has(&record) {
        let entry = compose(invocation, cluster, principal, kind);
        invocation.change.put(&record, &entry);
    }
}

/// Removes the entry of a role of nodes or of Fargate that is not needed any more.
pub fn dismiss(change: &mut Change<'_>, region: &str, cluster: &str, principal: &str) {
    let name = record(region, "access-entries", &format!("{cluster}/{principal}"));
    let entry: Json = change.get(&name).unwrap_or_default();
    if entry["type"] != "STANDARD" {
        change.remove(&name);
    }
}

/// Returns who makes something: a user or a role, the role for the session of one.
pub fn principal_of(invocation: &Invocation<'_, '_>) -> String {
    let arn = &invocation.caller.arn;
    role_of_session(invocation.change, arn).unwrap_or_else(|| arn.clone())
}

fn compose(invocation: &Invocation<'_, '_>, cluster: &str, principal: &str, kind: &str) -> Json {
    let known = TYPES.iter().find(|(known, _, _)| *known == kind);
    let (groups, username) = match known {
        Some((_, groups, username)) if !username.is_empty() => (*groups, (*username).to_owned()),
        _ => (&[][..], default_username(principal)),
    };
    let (begin, name) = principal.rsplit_once('/').unwrap_or(("", principal));
    let what = if begin.contains(":user") { "user" } else { "role" };
    let now = invocation.now();
    json!({
        "clusterName": cluster,
        "principalArn": principal,
        "kubernetesGroups": groups,
        "accessEntryArn": invocation.arn(&format!("access-entry/{cluster}/{what}/{}/{name}/{}", account_of(principal), uuid())),
        "createdAt": now,
        "modifiedAt": now,
        "tags": {},
        "username": username,
        "type": kind,
    })
}

fn account_of(principal: &str) -> &str {
    principal.split(':').nth(4).unwrap_or(ACCOUNT)
}

fn default_username(principal: &str) -> String {
    match principal.split_once(":role/") {
        Some((_, path)) => {
            let name = path.rsplit('/').next().unwrap_or(path);
            format!("arn:aws:sts::{}:assumed-role/{name}/{{{{SessionName}}}}", account_of(principal))
        }
        None => principal.to_owned(),
    }
}

/// Returns a cluster in which entries count.
fn open_cluster(invocation: &Invocation<'_, '_>) -> Result<String, Error> {
    let name = invocation.argument("name");
    let found = cluster::get(invocation, &name)?;
    if found["accessConfig"]["authenticationMode"] == "CONFIG_MAP" {
        return Err(Error::request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
        ));
    }
    Ok(name)
}

/// Returns an entry that a request names, with the names of its cluster and its record.
fn find(invocation: &Invocation<'_, '_>) -> Result<(String, String, Json), Error> {
    let cluster = open_cluster(invocation)?;
    let principal = invocation.argument("principalArn");
    let record = invocation.record("access-entries", &format!("{cluster}/{principal}"));
    let entry = invocation.change.get::<Json>(&record).ok_or_else(|| {
        Error::not_found(
            "The specified principalArn could not be found. You can view your available access entries with 'eks list-access-entries'.",
        )
    })?;
    Ok((cluster, record, entry))
}

fn check_principal(invocation: &Invocation<'_, '_>, principal: &str) -> Result<(), Error> {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    let ["arn", "aws", service, "", account, rest] = parts[..] else {
        return Err(Error::parameter(format!("The specified principalArn is invalid: {principal} is not an ARN.")));
    };
    if service == "sts" {
        return Err(Error::parameter(
            "The specified principalArn is invalid: STS session principals cannot be used, give the ARN of the IAM role.",
        ));
    }
    let name = rest.split_once('/').filter(|(kind, name)| matches!(*kind, "role" | "user") && !name.is_empty());
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let Some((kind, name)) = name.filter(|_| service == "iam" && is_account) else {
        return Err(Error::parameter(format!(
            "The specified principalArn is invalid: {principal} is neither an IAM user nor an IAM role."
        )));
    };
    let is_there = match kind {
        _ if account != ACCOUNT => true,
        "role" => role_of(invocation.change, principal, invocation.frame.clock.now()).is_some(),
        _ => name == "sandbox",
    };
    if is_there {
        return Ok(());
    }
    Err(Error::parameter(format!(
        "The specified principalArn is invalid: invalid principal. {principal} does not exist."
    )))
}

fn check_names(groups: &[String], username: Option<&str>) -> Result<(), Error> {
    let reserved = |name: &str| RESERVED.iter().find(|begin| name.starts_with(**begin));
    for group in groups {
        if group.is_empty() || group.len() > 255 || reserved(group).is_some() {
            return Err(Error::parameter(format!(
                "The kubernetes group name {group} is invalid, it cannot start with any of {}",
                RESERVED.join(", ")
            )));
        }
    }
    match username.filter(|name| name.is_empty() || reserved(name).is_some()) {
        Some(name) => Err(Error::parameter(format!(
            "The username {name} is invalid, it cannot start with any of {}",
            RESERVED.join(", ")
        ))),
        None => Ok(()),
    }
}

/// `CreateAccessEntry`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"accessEntry": invocation.change.get::<Json>(&made)}));
    }
    let cluster = open_cluster(invocation)?;
    let principal = invocation.needed("principalArn")?;
    let record = invocation.record("access-entries", &format!("{cluster}/{principal}"));
    if invocation.change.has(&record) {
        return Err(Error::in_use("The specified access entry resource is already in use on this cluster."));
    }
    check_principal(invocation, &principal)?;
    let kind = invocation.text("type")?.unwrap_or_else(|| "STANDARD".to_owned());
    if !TYPES.iter().any(|(known, _, _)| *known == kind) {
        return Err(Error::parameter(format!("The type {kind} is not supported for access entries.")));
    }
    let groups = texts(invocation.body.get("kubernetesGroups"), "kubernetesGroups")?;
    let username = invocation.text("username")?;
    check_names(&groups, username.as_deref())?;
    if kind != "STANDARD" && (!groups.is_empty() || username.is_some()) {
        return Err(Error::parameter(format!(
            "The kubernetesGroups and the username of access entries of the type {kind} cannot be given."
        )));
    }
    if invocation.all_of("access-entries", &cluster).len() >= ENTRIES_MAX {
        return Err(Error::limit("The cluster has the most access entries that it can have."));
    }
    let mut entry = compose(invocation, &cluster, &principal, &kind);
    entry["tags"] = Json::Object(tags::read(invocation.body.get("tags"))?);
    if kind == "STANDARD" {
        entry["kubernetesGroups"] = json!(groups);
        if let Some(username) = username {
            entry["username"] = json!(username);
        }
    }
    invocation.change.put(&record, &entry);
    invocation.remember(&record);
    Ok(json!({"accessEntry": entry}))
}

/// `DescribeAccessEntry`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(json!({"accessEntry": find(invocation)?.2}))
}

/// `UpdateAccessEntry`.
pub fn update(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (_, record, mut entry) = find(invocation)?;
    if entry["type"] != "STANDARD" {
        return Err(Error::request("Only access entries of the type STANDARD can be updated."));
    }
    let username = invocation.text("username")?;
    let groups = texts(invocation.body.get("kubernetesGroups"), "kubernetesGroups")?;
    check_names(&groups, username.as_deref())?;
    if invocation.body.contains_key("kubernetesGroups") {
        entry["kubernetesGroups"] = json!(groups);
    }
    if let Some(username) = username {
        entry["username"] = json!(username);
    }
    entry["modifiedAt"] = invocation.now();
    invocation.change.put(&record, &entry);
    Ok(json!({"accessEntry": entry}))
}

/// `DeleteAccessEntry`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, record, entry) = find(invocation)?;
    let principal = entry["principalArn"].as_str().unwrap_or_default();
    let policies = invocation.record("access-policies", &format!("{cluster}/{principal}"));
    invocation.change.remove(&record);
    invocation.change.remove(&policies);
    Ok(json!({}))
}

/// `ListAccessEntries`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = open_cluster(invocation)?;
    let policy = invocation.parameter("associatedPolicyArn");
    let has = |principal: &str| {
        policy.is_none_or(|wanted| {
            policies_of(invocation.change, &invocation.region, &cluster, principal)
                .iter()
                .any(|policy| policy["policyArn"] == wanted)
        })
    };
    let entries = invocation.all_of("access-entries", &cluster);
    let names: Vec<String> = entries.into_iter().map(|(name, _)| name).filter(|name| has(name)).collect();
    invocation.page("accessEntries", &names)
}

/// `ListAccessPolicies`.
pub fn list_policies(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let policies =
        POLICIES.iter().map(|name| ((*name).to_owned(), json!({"name": name, "arn": format!("{POLICY_BEGIN}{name}")})));
    invocation.page_of("accessPolicies", policies.collect())
}

/// `AssociateAccessPolicy`.
pub fn associate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, _, entry) = find(invocation)?;
    let principal = entry["principalArn"].as_str().unwrap_or_default();
    let policy = invocation.needed("policyArn")?;
    let name = policy.strip_prefix(POLICY_BEGIN).unwrap_or_default();
    if !POLICIES.contains(&name) {
        return Err(Error::parameter(format!("The policyArn parameter format is not valid: {policy}")));
    }
    if entry["type"] != "STANDARD" && !(entry["type"] == "EC2" && name == "AmazonEKSAutoNodePolicy") {
        return Err(Error::parameter(format!(
            "Access policies cannot be associated with access entries of the type {}.",
            entry["type"].as_str().unwrap_or_default()
        )));
    }
    let scope = scope(invocation)?;
    let now = timestamp(invocation.frame.clock.now());
    let record = invocation.record("access-policies", &format!("{cluster}/{principal}"));
    let mut policies: Vec<Json> = invocation.change.get(&record).unwrap_or_default();
    let before = policies.iter().position(|known| known["policyArn"] == *policy);
    let since = before.map_or_else(|| now.clone(), |place| policies[place]["associatedAt"].clone());
    let association = json!({"policyArn": policy, "accessScope": scope, "associatedAt": since, "modifiedAt": now});
    match before {
        Some(place) => policies[place] = association.clone(),
        None if policies.len() >= POLICIES_MAX => {
            return Err(Error::request(format!("An access entry has at most {POLICIES_MAX} policies.")));
        }
        None => policies.push(association.clone()),
    }
    invocation.change.put(&record, &policies);
    Ok(json!({"clusterName": cluster, "principalArn": principal, "associatedAccessPolicy": association}))
}

fn scope(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let missing = || Error::parameter("The following supplied parameter is missing or empty: accessScope");
    let scope = invocation.object("accessScope")?.ok_or_else(missing)?;
    let namespaces = texts(scope.get("namespaces"), "namespaces")?;
    match scope.get("type").and_then(Json::as_str) {
        Some("cluster") if namespaces.is_empty() => {}
        Some("cluster") => {
            return Err(Error::parameter("namespaces cannot be given with an access scope of the type cluster"));
        }
        Some("namespace") if namespaces.is_empty() => {
            return Err(Error::parameter("namespaces must be given with an access scope of the type namespace"));
        }
        Some("namespace") => namespaces.iter().try_for_each(|name| check_label(name, "namespace"))?,
        _ => return Err(Error::parameter("The type of an access scope must be cluster or namespace")),
    }
    Ok(json!({"type": scope["type"], "namespaces": namespaces}))
}

/// `DisassociateAccessPolicy`.
pub fn disassociate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, _, entry) = find(invocation)?;
    let principal = entry["principalArn"].as_str().unwrap_or_default();
    let policy = invocation.argument("policyArn");
    let record = invocation.record("access-policies", &format!("{cluster}/{principal}"));
    let mut policies: Vec<Json> = invocation.change.get(&record).unwrap_or_default();
    let before = policies.len();
    policies.retain(|known| known["policyArn"] != *policy);
    if policies.len() == before {
        return Err(Error::not_found("The specified policyArn is not associated with the access entry."));
    }
    invocation.change.put(&record, &policies);
    Ok(json!({}))
}

/// `ListAssociatedAccessPolicies`.
pub fn list_associated(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, _, entry) = find(invocation)?;
    let principal = entry["principalArn"].as_str().unwrap_or_default();
    let policies = policies_of(invocation.change, &invocation.region, &cluster, principal);
    let mut list: Vec<(String, Json)> = policies
        .into_iter()
        .map(|policy| (policy["policyArn"].as_str().unwrap_or_default().to_owned(), policy))
        .collect();
    list.sort_by(|one, other| one.0.cmp(&other.0));
    let mut page = invocation.page_of("associatedAccessPolicies", list)?;
    page["clusterName"] = json!(cluster);
    page["principalArn"] = json!(principal);
    Ok(page)
}
