//! Who may do what: roles and their bindings, and the reviews that ask about them.

use serde_json::{Value as Json, json};

use super::Cluster;
use super::identity::{MASTERS, User};
use super::kinds::{self, Kind};
use super::store::text;
use crate::world::Records;

const GROUP: &str = "rbac.authorization.k8s.io";

/// What someone wants to do.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// `get`, `list`, `create`, ...
    pub verb: String,
    /// The group of the resource.
    pub group: String,
    /// The resource; empty if it is about a path.
    pub resource: String,
    /// The part of the resource.
    pub part: String,
    /// The namespace; empty for all.
    pub namespace: String,
    /// The name; empty for all.
    pub name: String,
    /// The path, if it is not about a resource.
    pub path: String,
}

impl Deed {
    /// Says why it is refused.
    pub fn refusal(&self, user: &User) -> String {
        let part = if self.part.is_empty() { String::new() } else { format!("/{}", self.part) };
        if self.resource.is_empty() {
            return format!("forbidden: User {:?} cannot {} path {:?}", user.name, self.verb, self.path);
        }
        let place = if self.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {:?}", self.namespace)
        };
        let dot = if self.group.is_empty() { "" } else { "." };
        let name = if self.name.is_empty() { String::new() } else { format!(" {:?}", self.name) };
        format!(
            "{}{dot}{}{name} is forbidden: User {:?} cannot {} resource \"{}{part}\" in API group {:?} {place}",
            self.resource, self.group, user.name, self.verb, self.resource, self.group
        )
    }
}

/// Tells by what someone may do something; nothing if not.
pub fn allows(records: &Records, cluster: &str, user: &User, deed: &Deed) -> Option<String> {
    if user.groups.iter().any(|group| group == MASTERS) {
        return Some(String::new());
    }
    let found = rules(records, cluster, user, &deed.namespace).into_iter().find(|(_, rule)| covers(rule, deed));
    found.map(|(by, _)| format!("RBAC: allowed by {by}"))
}

/// Returns the rules that hold for someone in a namespace, each with what binds it.
fn rules(records: &Records, cluster: &str, user: &User, namespace: &str) -> Vec<(String, Json)> {
    let all = |plural: &str, namespace: Option<&str>| -> Vec<Json> {
        let prefix = kinds::prefix(cluster, GROUP, plural, namespace);
        records.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
    };
    let mut bindings = all("clusterrolebindings", None);
    if !namespace.is_empty() {
        bindings.extend(all("rolebindings", Some(namespace)));
    }
    let mut found = Vec::new();
    for binding in bindings {
        let own = text(&binding, "/metadata/namespace");
        let mut subjects = binding["subjects"].as_array().into_iter().flatten();
        if !subjects.any(|subject| is_subject(subject, user, own)) {
            continue;
        }
        let (kind, name) = (text(&binding, "/roleRef/kind"), text(&binding, "/roleRef/name"));
        let record = match kind {
            "ClusterRole" => kinds::record(cluster, GROUP, "clusterroles", None, name),
            _ => kinds::record(cluster, GROUP, "roles", Some(own), name),
        };
        let role: Json = records.get(&record).unwrap_or(Json::Null);
        let word = if own.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        let by = format!("{word} {:?} of {kind} {name:?} to {}", text(&binding, "/metadata/name"), user.name);
        let rules = role["rules"].as_array().cloned().unwrap_or_default();
        found.extend(rules.into_iter().map(|rule| (by.clone(), rule)));
    }
    let is_here = |namespaces: &[String]| namespaces.is_empty() || namespaces.iter().any(|own| own == namespace);
    for (role, _) in user.grants.iter().filter(|(_, namespaces)| is_here(namespaces)) {
        let granted: Json =
            records.get(&kinds::record(cluster, GROUP, "clusterroles", None, role)).unwrap_or(Json::Null);
        let by = format!("the cloud, as ClusterRole {role:?} to {}", user.name);
        found.extend(granted["rules"].as_array().into_iter().flatten().map(|rule| (by.clone(), rule.clone())));
    }
    found
}

fn is_subject(subject: &Json, user: &User, namespace: &str) -> bool {
    let name = text(subject, "/name");
    match text(subject, "/kind") {
        "User" => name == user.name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let own = text(subject, "/namespace");
            let own = if own.is_empty() { namespace } else { own };
            user.name == format!("system:serviceaccount:{own}:{name}")
        }
        _ => false,
    }
}

fn covers(rule: &Json, deed: &Deed) -> bool {
    let has = |member: &str, wanted: &str| {
        rule[member].as_array().into_iter().flatten().any(|one| one == "*" || one == wanted)
    };
    if !has("verbs", &deed.verb) {
        return false;
    }
    if deed.resource.is_empty() {
        let paths = rule["nonResourceURLs"].as_array().into_iter().flatten().filter_map(Json::as_str);
        return paths.into_iter().any(|path| match path.strip_suffix('*') {
            Some(start) => deed.path.starts_with(start),
            None => deed.path == path,
        });
    }
    let resource =
        if deed.part.is_empty() { deed.resource.clone() } else { format!("{}/{}", deed.resource, deed.part) };
    let any_part = format!("*/{}", deed.part);
    let names = rule["resourceNames"].as_array().filter(|names| !names.is_empty());
    has("apiGroups", &deed.group)
        && (has("resources", &resource) || !deed.part.is_empty() && has("resources", &any_part))
        && names.is_none_or(|names| names.iter().any(|name| *name == *deed.name))
}

/// Answers a question about who may do what; nothing if it is no such question.
pub fn review(records: &Records, cluster: &Cluster, user: &User, kind: &Kind, mut question: Json) -> Option<Json> {
    let answer = |allowed: Option<String>| match allowed {
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
        None => json!({"allowed": false}),
    };
    let status = match &*kind.kind {
        "SelfSubjectAccessReview" => answer(allows(records, &cluster.name, user, &deed(&question["spec"]))),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            let spec = &question["spec"];
            let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Json::as_str);
            let user = User {
                name: text(spec, "/user").to_owned(),
                uid: text(spec, "/uid").to_owned(),
                groups: groups.map(str::to_owned).collect(),
                grants: Vec::new(),
            };
            answer(allows(records, &cluster.name, &user, &deed(spec)))
        }
        "SelfSubjectRulesReview" => {
            let namespace = text(&question, "/spec/namespace");
            let mut rules: Vec<Json> =
                rules(records, &cluster.name, user, namespace).into_iter().map(|(_, rule)| rule).collect();
            if user.groups.iter().any(|group| group == MASTERS) {
                rules.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
                rules.push(json!({"verbs": ["*"], "nonResourceURLs": ["*"]}));
            }
            let (paths, resources): (Vec<Json>, Vec<Json>) =
                rules.into_iter().partition(|rule| rule["nonResourceURLs"].is_array());
            json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
        }
        "SelfSubjectReview" => json!({"userInfo": user.info()}),
        _ => return None,
    };
    question["status"] = status;
    Some(question)
}

fn deed(spec: &Json) -> Deed {
    let (about, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let word = |from: &Json, member: &str| from[member].as_str().unwrap_or_default().to_owned();
    if about.is_object() {
        return Deed {
            verb: word(about, "verb"),
            group: word(about, "group"),
            resource: word(about, "resource"),
            part: word(about, "subresource"),
            namespace: word(about, "namespace"),
            name: word(about, "name"),
            path: String::new(),
        };
    }
    Deed { verb: word(path, "verb"), path: word(path, "path"), ..Deed::default() }
}

/// The roles and bindings that every cluster begins with: name, and rules as groups, resources and verbs.
pub fn first_roles() -> Vec<(&'static str, Json)> {
    let read = ["get", "list", "watch"];
    let write = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let common = [
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ];
    let writable = [
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "pods",
        "pods/attach",
        "pods/eviction",
        "pods/exec",
        "pods/portforward",
        "pods/proxy",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "secrets",
        "serviceaccounts",
        "serviceaccounts/token",
        "services",
        "services/proxy",
    ];
    let groups = ["apps", "autoscaling", "batch", "networking.k8s.io", "policy", "discovery.k8s.io"];
    let view = [rule(&[""], &common, &read), rule(&groups, &["*"], &read)];
    let edit = [rule(&[""], &writable, &write), rule(&groups, &["*"], &write)];
    let rights = rule(&[GROUP], &["rolebindings", "roles"], &write);
    let reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    let paths = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
    ];
    vec![
        ("cluster-admin", json!([rule(&["*"], &["*"], &["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}])),
        ("view", json!(view)),
        ("edit", [&edit[..], &view[..]].concat().into()),
        ("admin", [&edit[..], &view[..], &[rights]].concat().into()),
        (
            "system:basic-user",
            json!([
                rule(&["authorization.k8s.io"], &reviews, &["create"]),
                rule(&["authentication.k8s.io"], &["selfsubjectreviews"], &["create"]),
            ]),
        ),
        ("system:discovery", json!([{"nonResourceURLs": paths, "verbs": ["get"]}])),
    ]
}

/// The bindings that every cluster begins with: the role and the group that has it.
pub const FIRST_BINDINGS: &[(&str, &str)] = &[
    ("cluster-admin", MASTERS),
    ("system:basic-user", "system:authenticated"),
    ("system:discovery", "system:authenticated"),
];
