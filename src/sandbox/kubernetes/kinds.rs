//! The kinds of objects that a cluster has: the built-in ones in a table, the others by their definitions.

use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;

use crate::world::Records;

/// A kind of object in one version.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// Its group; empty for the core.
    pub group: String,
    /// The version that is asked for.
    pub version: String,
    /// As objects have it: `Deployment`.
    pub kind: String,
    /// As paths have it: `deployments`.
    pub plural: String,
    /// For one: `deployment`.
    pub singular: String,
    /// Short names: `deploy`.
    pub short: Vec<String>,
    /// Groups of kinds that it is listed with: `all`.
    pub categories: Vec<String>,
    /// Objects are in namespaces.
    pub is_namespaced: bool,
    /// The status is written through a path of its own.
    pub has_status: bool,
    /// The number of replicas is written through a path of its own.
    pub has_scale: bool,
    /// It is answered and not kept: whether someone may do something.
    pub is_question: bool,
    /// The definition's part for this version, if it is not built in.
    pub custom: Option<Json>,
}

/// One line each: group (`-` is the core), version, kind, plural, short names, `n`amespaced or of the `c`luster, with `s`tatus,
/// with s`k`ale, in the category `a`ll; a `q`uestion is answered and not kept.
const BUILT_IN: &str = "
- v1 Binding bindings - nq
- v1 ConfigMap configmaps cm n
- v1 Endpoints endpoints ep n
- v1 Event events ev n
- v1 LimitRange limitranges limits n
- v1 Namespace namespaces ns cs
- v1 Node nodes no cs
- v1 PersistentVolume persistentvolumes pv cs
- v1 PersistentVolumeClaim persistentvolumeclaims pvc ns
- v1 Pod pods po nsa
- v1 PodTemplate podtemplates - n
- v1 ReplicationController replicationcontrollers rc nska
- v1 ResourceQuota resourcequotas quota ns
- v1 Secret secrets - n
- v1 ServiceAccount serviceaccounts sa n
- v1 Service services svc nsa
admissionregistration.k8s.io v1 MutatingWebhookConfiguration mutatingwebhookconfigurations - c
admissionregistration.k8s.io v1 ValidatingAdmissionPolicy validatingadmissionpolicies - cs
admissionregistration.k8s.io v1 ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings - c
admissionregistration.k8s.io v1 ValidatingWebhookConfiguration validatingwebhookconfigurations - c
apiextensions.k8s.io v1 CustomResourceDefinition customresourcedefinitions crd,crds cs
apiregistration.k8s.io v1 APIService apiservices - cs
authentication.k8s.io v1 SelfSubjectReview selfsubjectreviews - cq
authentication.k8s.io v1 TokenReview tokenreviews - cq
authorization.k8s.io v1 LocalSubjectAccessReview localsubjectaccessreviews - nq
authorization.k8s.io v1 SelfSubjectAccessReview selfsubjectaccessreviews - cq
authorization.k8s.io v1 SelfSubjectRulesReview selfsubjectrulesreviews - cq
authorization.k8s.io v1 SubjectAccessReview subjectaccessreviews - cq
apps v1 ControllerRevision controllerrevisions - n
apps v1 DaemonSet daemonsets ds nsa
apps v1 Deployment deployments deploy nska
apps v1 ReplicaSet replicasets rs nska
apps v1 StatefulSet statefulsets sts nska
autoscaling v1 HorizontalPodAutoscaler horizontalpodautoscalers hpa nsa
autoscaling v2 HorizontalPodAutoscaler horizontalpodautoscalers hpa nsa
batch v1 CronJob cronjobs cj nsa
batch v1 Job jobs - nsa
certificates.k8s.io v1 CertificateSigningRequest certificatesigningrequests csr cs
coordination.k8s.io v1 Lease leases - n
discovery.k8s.io v1 EndpointSlice endpointslices - n
events.k8s.io v1 Event events ev n
flowcontrol.apiserver.k8s.io v1 FlowSchema flowschemas - cs
flowcontrol.apiserver.k8s.io v1 PriorityLevelConfiguration prioritylevelconfigurations - cs
networking.k8s.io v1 IPAddress ipaddresses ip c
networking.k8s.io v1 ServiceCIDR servicecidrs - cs
networking.k8s.io v1 IngressClass ingressclasses - c
networking.k8s.io v1 Ingress ingresses ing ns
networking.k8s.io v1 NetworkPolicy networkpolicies netpol n
node.k8s.io v1 RuntimeClass runtimeclasses - c
policy v1 PodDisruptionBudget poddisruptionbudgets pdb ns
rbac.authorization.k8s.io v1 ClusterRoleBinding clusterrolebindings - c
rbac.authorization.k8s.io v1 ClusterRole clusterroles - c
rbac.authorization.k8s.io v1 RoleBinding rolebindings - n
rbac.authorization.k8s.io v1 Role roles - n
scheduling.k8s.io v1 PriorityClass priorityclasses pc c
storage.k8s.io v1 CSIDriver csidrivers - c
storage.k8s.io v1 CSINode csinodes - c
storage.k8s.io v1 CSIStorageCapacity csistoragecapacities - n
storage.k8s.io v1 StorageClass storageclasses sc c
storage.k8s.io v1 VolumeAttachment volumeattachments - cs
";

static KINDS: LazyLock<Vec<Arc<Kind>>> = LazyLock::new(|| {
    let lines = BUILT_IN.lines().filter(|line| !line.is_empty());
    let kinds = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let group = words.next()?.replace('-', if line.starts_with("- ") { "" } else { "-" });
        let (version, kind, plural, short, marks) =
            (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        let marks_after = &marks[1..];
        Some(Arc::new(Kind {
            group,
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            short: short.split(',').filter(|short| *short != "-").map(str::to_owned).collect(),
            categories: if marks_after.contains('a') { vec!["all".to_owned()] } else { Vec::new() },
            is_namespaced: marks.starts_with('n'),
            has_status: marks_after.contains('s'),
            has_scale: marks_after.contains('k'),
            is_question: marks_after.contains('q'),
            custom: None,
        }))
    });
    kinds.collect()
});

static STORED: LazyLock<Vec<Arc<Kind>>> =
    LazyLock::new(|| KINDS.iter().filter(|kind| !kind.is_question).cloned().collect());

/// Parts of objects that have paths of their own, beside `status` and `scale`: group (`-` is the core), resource, part,
/// verbs, and the kind that is written there.
const PARTS: &str = "
- namespaces finalize update v1 Namespace
- nodes proxy create,delete,get,patch,update v1 NodeProxyOptions
- pods attach create,get v1 PodAttachOptions
- pods binding create v1 Binding
- pods ephemeralcontainers get,patch,update v1 Pod
- pods eviction create policy/v1 Eviction
- pods exec create,get v1 PodExecOptions
- pods log get v1 Pod
- pods portforward create,get v1 PodPortForwardOptions
- pods proxy create,delete,get,patch,update v1 PodProxyOptions
- pods resize get,patch,update v1 Pod
- serviceaccounts token create authentication.k8s.io/v1 TokenRequest
- services proxy create,delete,get,patch,update v1 ServiceProxyOptions
certificates.k8s.io certificatesigningrequests approval get,patch,update certificates.k8s.io/v1 CertificateSigningRequest
";

/// A part of an object that has a path of its own.
pub struct Part {
    /// Its name: `status`.
    pub name: &'static str,
    /// What can be done.
    pub verbs: Vec<&'static str>,
    /// The version of what is written there: `policy/v1`.
    pub api_version: String,
    /// The kind of what is written there.
    pub kind: String,
}

/// Returns the parts of a kind.
pub fn parts(kind: &Kind) -> Vec<Part> {
    let verbs = || vec!["get", "patch", "update"];
    let mut parts = Vec::new();
    if kind.has_status {
        parts.push(Part { name: "status", verbs: verbs(), api_version: kind.api_version(), kind: kind.kind.clone() });
    }
    if kind.has_scale {
        let api_version = "autoscaling/v1".to_owned();
        parts.push(Part { name: "scale", verbs: verbs(), api_version, kind: "Scale".to_owned() });
    }
    for line in PARTS.lines().filter(|_| kind.custom.is_none()) {
        if let [group, plural, name, verbs, api_version, word] = *line.split(' ').collect::<Vec<_>>()
            && kind.is(group.trim_start_matches('-'), plural)
        {
            let verbs = verbs.split(',').collect();
            parts.push(Part { name, verbs, api_version: api_version.to_owned(), kind: word.to_owned() });
        }
    }
    parts.sort_by_key(|part| part.name);
    parts
}

/// Returns the built-in kinds whose objects are kept.
pub fn built_in() -> &'static [Arc<Kind>] {
    &STORED
}

/// The group of definitions.
pub const DEFINITIONS: (&str, &str) = ("apiextensions.k8s.io", "customresourcedefinitions");

/// Returns the beginning of the names of a cluster's records.
pub fn cluster_prefix(cluster: &str) -> String {
    format!("k8s/{cluster}/")
}

/// Returns the beginning of the names of the records of a resource, in one namespace or in all.
pub fn prefix(cluster: &str, group: &str, plural: &str, namespace: Option<&str>) -> String {
    let group = if group.is_empty() { "core" } else { group };
    match namespace {
        Some(namespace) => format!("k8s/{cluster}/{group}/{plural}/{namespace}/"),
        None => format!("k8s/{cluster}/{group}/{plural}/"),
    }
}

/// Where objects that are in no namespace are kept.
pub const NO_NAMESPACE: &str = "_";

/// Returns the name of an object's record.
pub fn record(cluster: &str, group: &str, plural: &str, namespace: Option<&str>, name: &str) -> String {
    let mut record = prefix(cluster, group, plural, Some(namespace.unwrap_or(NO_NAMESPACE)));
    record.push_str(name);
    record
}

impl Kind {
    /// Returns `apps/v1`, or `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Returns `deployments.apps`, or `pods`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Returns the name of an object's record.
    pub fn record(&self, cluster: &str, namespace: Option<&str>, name: &str) -> String {
        record(cluster, &self.stored_group(), &self.plural, namespace.filter(|_| self.is_namespaced), name)
    }

    /// Returns the beginning of the names of its records.
    pub fn prefix(&self, cluster: &str, namespace: Option<&str>) -> String {
        prefix(cluster, &self.stored_group(), &self.plural, namespace.filter(|_| self.is_namespaced))
    }

    /// Events are the same objects in two groups.
    fn stored_group(&self) -> String {
        if self.group == "events.k8s.io" { String::new() } else { self.group.clone() }
    }

    /// Tells whether it is this one of the built-in kinds.
    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }
}

/// Finds a kind by what a path says.
pub fn find(records: &Records, cluster: &str, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
    let same = |kind: &&Arc<Kind>| kind.group == group && kind.version == version && kind.plural == plural;
    if let Some(kind) = KINDS.iter().find(same) {
        return Some(kind.clone());
    }
    let definition = record(cluster, DEFINITIONS.0, DEFINITIONS.1, None, &format!("{plural}.{group}"));
    let definition: Json = records.get(&definition)?;
    super::definitions::kinds(&definition).into_iter().find(|kind| kind.version == version).map(Arc::new)
}

/// Returns all kinds of a cluster, the built-in ones first.
pub fn all(records: &Records, cluster: &str) -> Vec<Arc<Kind>> {
    let mut kinds = KINDS.to_vec();
    for (_, text) in records.under(&prefix(cluster, DEFINITIONS.0, DEFINITIONS.1, None)) {
        let definition = serde_json::from_str(text).unwrap_or(Json::Null);
        kinds.extend(super::definitions::kinds(&definition).into_iter().map(Arc::new));
    }
    kinds
}
