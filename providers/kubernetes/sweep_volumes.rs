//! Volumes that were made for claims go, or stay: by their reclaim policy, or as the configuration says.
//!
//! What uses a volume must end first. So the workloads that mount claims, and only these, are scaled down; then the pods
//! that are left are deleted, then the claims, and then the driver deletes the volumes, which is waited for.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use crate::discovery::Kind;
use crate::failure::Failure;
use crate::json::at;
use crate::sweep::{Left, Sweep, is_ending, owner, place};

/// What becomes of volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// What the reclaim policy of each says.
    AsTheySay,
    /// All go.
    Delete,
    /// All stay.
    Retain,
}

impl Fate {
    /// Reads what a configuration says.
    pub(crate) fn read(text: &str) -> Option<Fate> {
        match text {
            "reclaim_policy" => Some(Fate::AsTheySay),
            "delete" => Some(Fate::Delete),
            "retain" => Some(Fate::Retain),
            _ => None,
        }
    }
}

/// How workloads of a kind are brought to an end without being deleted.
const WORKLOADS: &[(&str, &str, &str, Ending)] = &[
    ("apps/v1", "Deployment", "deployments", Ending::Scale),
    ("apps/v1", "StatefulSet", "statefulsets", Ending::Scale),
    ("apps/v1", "ReplicaSet", "replicasets", Ending::Scale),
    ("batch/v1", "CronJob", "cronjobs", Ending::Suspend),
    ("batch/v1", "Job", "jobs", Ending::Suspend),
    ("apps/v1", "DaemonSet", "daemonsets", Ending::Delete),
];

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Scale,
    Suspend,
    Delete,
}

/// The volumes of a cluster and all that uses them, as they are in one round.
pub(crate) struct Volumes {
    fate: Fate,
    claims: Vec<Json>,
    volumes: Vec<Json>,
    pods: Vec<Json>,
    workloads: Vec<(Kind, Ending, Json)>,
}

fn claim_kind() -> Kind {
    Kind::known("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true)
}

fn volume_kind() -> Kind {
    Kind::known("v1", "PersistentVolume", "persistentvolumes", false)
}

fn pod_kind() -> Kind {
    Kind::known("v1", "Pod", "pods", true)
}

impl Volumes {
    /// Prepares a round.
    pub(crate) fn new(fate: Fate) -> Volumes {
        Volumes { fate, claims: vec![], volumes: vec![], pods: vec![], workloads: vec![] }
    }

    /// Looks at them.
    pub(crate) async fn look(&mut self, sweep: &Sweep<'_>) -> Result<(), Failure> {
        let api = &sweep.session.api;
        self.volumes = api.list(&volume_kind(), None, "").await?;
        self.claims = api.list(&claim_kind(), None, "").await?;
        if self.claims.is_empty() {
            return Ok(());
        }
        let is_running = |pod: &Json| !matches!(at(pod, "/status/phase"), "Succeeded" | "Failed");
        let pods = api.list(&pod_kind(), None, "").await?;
        self.pods = pods.into_iter().filter(|pod| is_running(pod) && mounts_claims(&pod["spec"])).collect();
        for (version, kind, plural, ending) in WORKLOADS {
            let kind = Kind::known(version, kind, plural, true);
            for workload in api.list(&kind, None, "").await? {
                if mounts(&workload) && !is_ended(*ending, &workload) {
                    self.workloads.push((kind.clone(), *ending, workload));
                }
            }
        }
        Ok(())
    }

    /// Returns what uses them: their owners would bring it back.
    pub(crate) fn users(&self) -> impl Iterator<Item = &Json> {
        self.workloads.iter().map(|(.., workload)| workload).chain(&self.pods).chain(&self.claims)
    }

    /// Goes on as far as can be gone by now; returns what is left to wait for.
    pub(crate) async fn take_away(&self, sweep: &mut Sweep<'_>) -> Result<Vec<Left>, Failure> {
        self.set_policies(sweep).await?;
        for (kind, ending, workload) in &self.workloads {
            end(sweep, kind, *ending, workload).await?;
        }
        let mut left: Vec<Left> = Vec::new();
        for pod in &self.pods {
            // What looks after it lets it go by itself; what nobody looks after stays until someone deletes it.
            if owner(pod).is_none() {
                sweep.delete(&pod_kind(), pod).await?;
            }
            left.push(Left { what: place(&pod_kind(), pod).describe(), why: "it uses a volume".to_owned() });
        }
        if self.workloads.is_empty() {
            for pod in self.pods.iter().filter(|pod| owner(pod).is_some()) {
                sweep.delete(&pod_kind(), pod).await?;
            }
        } else {
            left.extend(self.workloads.iter().map(|(kind, _, workload)| Left {
                what: place(kind, workload).describe(),
                why: "it is being scaled down".to_owned(),
            }));
        }
        // A claim that stays keeps its volume attached to nothing, now that its pods are gone.
        if self.fate == Fate::Retain || !left.is_empty() {
            return Ok(left);
        }
        for claim in &self.claims {
            sweep.delete(&claim_kind(), claim).await?;
            left.push(Left::of(&claim_kind(), claim));
        }
        left.extend(self.volumes.iter().filter(|volume| self.goes(volume)).map(going));
        Ok(left)
    }

    /// Lets volumes go or stay as the configuration says, whatever they say.
    async fn set_policies(&self, sweep: &Sweep<'_>) -> Result<(), Failure> {
        let wanted = match self.fate {
            Fate::AsTheySay => return Ok(()),
            Fate::Delete => "Delete",
            Fate::Retain => "Retain",
        };
        let is_other = |volume: &&Json| policy(volume) != wanted && is_made(volume) && !is_ending(volume);
        for volume in self.volumes.iter().filter(is_other) {
            let patch = json!({"spec": {"persistentVolumeReclaimPolicy": wanted}});
            sweep.session.api.merge(&place(&volume_kind(), volume), &patch).await?;
        }
        Ok(())
    }

    /// Tells whether a volume goes once its claim is gone.
    fn goes(&self, volume: &Json) -> bool {
        let is_claimed = volume["spec"]["claimRef"].is_object();
        self.fate != Fate::Retain && policy(volume) == "Delete" && (is_claimed || is_ending(volume))
    }

    /// Describes the volumes that stay, with their ids.
    pub(crate) fn stays(&self) -> Vec<String> {
        self.volumes.iter().filter_map(stays).collect()
    }
}

fn policy(volume: &Json) -> &str {
    at(volume, "/spec/persistentVolumeReclaimPolicy")
}

/// Tells whether a volume was made for a claim, and by whom it can be deleted.
fn is_made(volume: &Json) -> bool {
    let annotations = volume.pointer("/metadata/annotations");
    annotations.is_some_and(|all| all.get("pv.kubernetes.io/provisioned-by").is_some())
}

fn going(volume: &Json) -> Left {
    let Left { what, why } = Left::of(&volume_kind(), volume);
    let said = at(volume, "/status/message");
    let why = if said.is_empty() { why } else { said.to_owned() };
    Left { what: handle(volume).map_or(what.clone(), |handle| format!("{what}, volume {handle}")), why }
}

/// Returns what the cloud calls a volume.
fn handle(volume: &Json) -> Option<&str> {
    let places = [
        "/spec/csi/volumeHandle",
        "/spec/awsElasticBlockStore/volumeID",
        "/spec/gcePersistentDisk/pdName",
        "/spec/azureDisk/diskURI",
    ];
    places.into_iter().map(|place| at(volume, place)).find(|handle| !handle.is_empty())
}

fn stays(volume: &Json) -> Option<String> {
    let handle = handle(volume)?;
    let (namespace, claim) = (at(volume, "/spec/claimRef/namespace"), at(volume, "/spec/claimRef/name"));
    let of = if claim.is_empty() { String::new() } else { format!(", claim {namespace}/{claim}") };
    let size = at(volume, "/spec/capacity/storage");
    Some(format!("{handle}: volume of {size}{of}"))
}

/// Returns the pod template of a workload.
fn template(workload: &Json) -> &Json {
    match workload.pointer("/spec/jobTemplate/spec/template/spec") {
        Some(template) => template,
        None => workload.pointer("/spec/template/spec").unwrap_or(&Json::Null),
    }
}

/// Tells whether pods have volumes that are claimed.
fn mounts_claims(spec: &Json) -> bool {
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    volumes.into_iter().any(|volume| volume["persistentVolumeClaim"].is_object() || volume["ephemeral"].is_object())
}

fn mounts(workload: &Json) -> bool {
    let own = workload["spec"]["volumeClaimTemplates"].as_array().is_some_and(|claims| !claims.is_empty());
    own || mounts_claims(template(workload))
}

/// Tells whether a workload makes no pods any more, or only what another one tells it to.
fn is_ended(ending: Ending, workload: &Json) -> bool {
    let looked_after: HashSet<&str> = HashSet::from(["Deployment", "CronJob"]);
    let is_inner = owner(workload).is_some_and(|owner| looked_after.contains(at(owner, "/kind")));
    match ending {
        Ending::Scale => is_inner || workload["spec"]["replicas"] == 0,
        Ending::Suspend if workload["spec"]["jobTemplate"].is_null() => {
            let is_done = |condition: &Json| {
                matches!(at(condition, "/type"), "Complete" | "Failed") && at(condition, "/status") == "True"
            };
            let conditions = workload.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
            workload["spec"]["suspend"] == true || conditions.into_iter().any(is_done)
        }
        Ending::Suspend => workload["spec"]["suspend"] == true,
        Ending::Delete => false,
    }
}

async fn end(sweep: &mut Sweep<'_>, kind: &Kind, ending: Ending, workload: &Json) -> Result<(), Failure> {
    let patch = match ending {
        Ending::Scale => json!({"spec": {"replicas": 0}}),
        Ending::Suspend => json!({"spec": {"suspend": true}}),
        Ending::Delete => return sweep.delete(kind, workload).await,
    };
    if is_ending(workload) {
        return Ok(());
    }
    sweep.session.api.merge(&place(kind, workload), &patch).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Ending, Fate, Volumes, is_ended, mounts, stays};

    #[test]
    fn workloads_that_mount_claims_are_told_from_others() {
        let claimed = json!([{"name": "a", "persistentVolumeClaim": {"claimName": "a"}}]);
        for (spec, expected) in [
            (json!({"template": {"spec": {"volumes": claimed}}}), true),
            (json!({"template": {"spec": {"volumes": [{"name": "a", "ephemeral": {}}]}}}), true),
            (json!({"jobTemplate": {"spec": {"template": {"spec": {"volumes": claimed}}}}}), true),
            (json!({"volumeClaimTemplates": [{}], "template": {"spec": {}}}), true),
            (json!({"template": {"spec": {"volumes": [{"name": "a", "emptyDir": {}}]}}}), false),
            (json!({}), false),
        ] {
            assert_eq!(mounts(&json!({"spec": spec})), expected, "{spec}");
        }
    }

    #[test]
    fn workloads_end_in_their_own_ways() {
        let inner = json!([{"kind": "Deployment", "controller": true}]);
        for (ending, object, expected) in [
            (Ending::Scale, json!({"spec": {"replicas": 2}}), false),
            (Ending::Scale, json!({"spec": {"replicas": 0}}), true),
            (Ending::Scale, json!({"metadata": {"ownerReferences": inner}, "spec": {"replicas": 2}}), true),
            (Ending::Suspend, json!({"spec": {}}), false),
            (Ending::Suspend, json!({"spec": {"suspend": true}}), true),
            (
                Ending::Suspend,
                json!({"spec": {}, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
                true,
            ),
            (Ending::Delete, json!({"spec": {}}), false),
        ] {
            assert_eq!(is_ended(ending, &object), expected, "{object}");
        }
    }

    fn volume(policy: &str, claim: Json) -> Json {
        let source = json!({"volumeHandle": "vol-1"});
        json!({"metadata": {"name": "a"}, "spec": {
            "persistentVolumeReclaimPolicy": policy, "claimRef": claim, "csi": source, "capacity": {"storage": "1Gi"},
        }})
    }

    #[test]
    fn only_volumes_that_go_by_themselves_are_waited_for() {
        let claim = json!({"name": "c", "namespace": "n"});
        for (fate, volume, expected) in [
            (Fate::AsTheySay, volume("Delete", claim.clone()), true),
            (Fate::AsTheySay, volume("Retain", claim.clone()), false),
            (Fate::AsTheySay, volume("Delete", Json::Null), false),
            (Fate::Retain, volume("Delete", claim.clone()), false),
        ] {
            assert_eq!(Volumes::new(fate).goes(&volume), expected, "{volume}");
        }
        let told = stays(&volume("Retain", claim)).expect("it has an id");
        assert_eq!(told, "vol-1: volume of 1Gi, claim n/c");
    }
}
