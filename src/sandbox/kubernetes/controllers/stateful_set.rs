//! StatefulSets: pods with numbers, each with volumes of its own, one after the other.

use serde_json::{Value as Json, json};

use super::history::{self, Revision};
use super::index::{Index, Named, Pod};
use super::replica_set::{available, create, pod_of};
use super::work::{self, CLAIMS, Of, PODS, Work, is_ending};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const SETS: Of = Of("apps", "statefulsets");
const SOURCE: &str = "statefulset-controller";
const REVISION: &str = "controller-revision-hash";

/// The controller of StatefulSets.
pub struct StatefulSets;

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulsets"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("apps", "statefulsets"), ("", "pods")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "pods" => keys.extend(event.owners("StatefulSet")),
            _ => keys.push((event.namespace.to_owned(), event.name.to_owned())),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(set) = work.get(SETS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&set) {
            return Ok(());
        }
        let revision = history::current(work, &set)?;
        let old = text(&set, "/status/currentRevision").to_owned();
        let old = if old.is_empty() { revision.name.clone() } else { old };
        let mut set_work = SetWork { set: &set, namespace, name, revision, old };
        set_work.step(work)?;
        let status = set_work.status(work);
        work.set_status(SETS, &set, status);
        Ok(())
    }
}

/// A set that is looked at.
struct SetWork<'s> {
    set: &'s Json,
    namespace: String,
    name: String,
    revision: Revision,
    /// The name of the revision that all pods had before the present one.
    old: String,
}

impl SetWork<'_> {
    fn start(&self) -> u64 {
        self.set["spec"]["ordinals"]["start"].as_u64().unwrap_or_default()
    }

    fn wanted(&self) -> u64 {
        self.set["spec"]["replicas"].as_u64().unwrap_or(1)
    }

    /// Returns its pods with their numbers.
    fn pods<'w>(&self, work: &Work<'w, '_>) -> Vec<(u64, &'w Named, &'w Pod)> {
        let stem = format!("{}-", self.name);
        let number = |named: &Named| named.1.strip_prefix(&stem)?.parse().ok();
        let own = work.index.of_owner(text(self.set, "/metadata/uid"));
        let mut pods: Vec<_> = own.filter_map(|(named, pod)| Some((number(named)?, named, pod))).collect();
        pods.sort_by_key(|(number, ..)| *number);
        pods
    }

    /// Does what can be done now: all at once, or the next thing in the order of the numbers.
    fn step(&mut self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let is_parallel = self.set["spec"]["podManagementPolicy"] == "Parallel";
        let pods = self.pods(work);
        let range = self.start()..self.start() + self.wanted();
        for number in range.clone() {
            match pods.iter().find(|(own, ..)| *own == number) {
                None => {
                    self.make(work, number)?;
                    if !is_parallel {
                        return Ok(());
                    }
                }
                Some((_, named, pod)) if pod.is_finished() && !pod.is_ending => {
                    work.delete(PODS, &named.0, &named.1, json!({"gracePeriodSeconds": 0}))?;
                    if !is_parallel {
                        return Ok(());
                    }
                }
                Some((.., pod)) if !is_parallel && (!pod.is_ready || pod.is_ending) => return self.unstick(work, pod),
                Some(_) => {}
            }
        }
        for (_, named, pod) in pods.iter().rev().filter(|(number, ..)| !range.contains(number)) {
            if !pod.is_ending {
                self.drop(work, named)?;
            }
            if !is_parallel {
                return Ok(());
            }
        }
        self.update(work, &pods)
    }

    /// A pod of an old template that never gets ready is replaced by one of the new one.
    fn unstick(&self, work: &mut Work<'_, '_>, pod: &Pod) -> Result<(), Stop> {
        let Some((named, _)) = work.index.pods.iter().find(|(_, other)| other.uid == pod.uid) else { return Ok(()) };
        let is_old = pod.labels.get(REVISION).is_some_and(|own| *own != self.revision.name && *own != self.old);
        if is_old && !pod.is_ending { self.drop(work, named) } else { Ok(()) }
    }

    fn drop(&self, work: &mut Work<'_, '_>, named: &Named) -> Result<(), Stop> {
        work.delete(PODS, &named.0, &named.1, json!({}))?;
        let (pod, set) = (&named.1, &self.name);
        let message = format!("delete Pod {pod} in StatefulSet {set} successful");
        work.event(self.set, (SOURCE, "SuccessfulDelete"), &message);
        if self.set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Delete" {
            let number = pod.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
            let is_over = !(self.start()..self.start() + self.wanted()).contains(&number);
            for claim in self.claims(pod).into_iter().filter(|_| is_over) {
                work.delete(CLAIMS, &self.namespace, text(&claim, "/metadata/name"), json!({}))?;
            }
        }
        Ok(())
    }

    /// Replaces pods of old templates: from the highest number down to the partition, one when the one before is ready.
    fn update(&self, work: &mut Work<'_, '_>, pods: &[(u64, &Named, &Pod)]) -> Result<(), Stop> {
        let strategy = &self.set["spec"]["updateStrategy"];
        if strategy["type"] == "OnDelete" {
            return Ok(());
        }
        let partition = strategy["rollingUpdate"]["partition"].as_u64().unwrap_or_default();
        for (number, named, pod) in pods.iter().rev() {
            if *number < partition.max(self.start()) {
                break;
            }
            if pod.labels.get(REVISION) != Some(&self.revision.name) && !pod.is_ending {
                return self.drop(work, named);
            }
            if !pod.is_ready || pod.is_ending {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns the claims that a pod is to have.
    fn claims(&self, pod: &str) -> Vec<Json> {
        let templates = self.set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten();
        let claim = |template: &Json| {
            let mut labels = self.set["spec"]["selector"]["matchLabels"].clone();
            for (key, value) in template["metadata"]["labels"].as_object().into_iter().flatten() {
                labels[key] = value.clone();
            }
            let name = format!("{}-{pod}", text(template, "/metadata/name"));
            let mut metadata = json!({"name": name, "namespace": self.namespace, "labels": labels});
            if !template["metadata"]["annotations"].is_null() {
                metadata["annotations"] = template["metadata"]["annotations"].clone();
            }
            if self.set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete" {
                let mut owner = work::owner_reference(self.set);
                owner["blockOwnerDeletion"] = false.into();
                metadata["ownerReferences"] = json!([owner]);
            }
            json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"],
            })
        };
        templates.map(claim).collect()
    }

    fn make(&self, work: &mut Work<'_, '_>, number: u64) -> Result<(), Stop> {
        let name = format!("{}-{number}", self.name);
        let (mut volumes, claims) = (Vec::new(), self.claims(&name));
        for (claim, template) in
            claims.into_iter().zip(self.set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten())
        {
            let claim_name = text(&claim, "/metadata/name").to_owned();
            volumes.push(json!({
                "name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name},
            }));
            if !work.has(CLAIMS, &self.namespace, &claim_name) {
                work.create(CLAIMS, &self.namespace, claim)?;
                let set = &self.name;
                let message = format!("create Claim {claim_name} Pod {name} in StatefulSet {set} success");
                work.event(self.set, (SOURCE, "SuccessfulCreate"), &message);
            }
        }
        // Below the partition pods come back as they were.
        let partition = self.set["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_u64().unwrap_or_default();
        let is_old = number < partition && self.old != self.revision.name;
        let old = is_old.then(|| work.get(Of("apps", "controllerrevisions"), &self.namespace, &self.old)).flatten();
        let (template, revision) = match &old {
            Some(old) => (&old["data"]["spec"]["template"], &self.old),
            None => (&self.set["spec"]["template"], &self.revision.name),
        };
        let mut pod = pod_of(self.set, template);
        pod["metadata"]["name"] = name.clone().into();
        pod["metadata"]["labels"][REVISION] = revision.clone().into();
        pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = name.clone().into();
        pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = number.to_string().into();
        pod["spec"]["hostname"] = name.into();
        pod["spec"]["subdomain"] = self.set["spec"]["serviceName"].clone();
        let own = pod["spec"]["volumes"].as_array().cloned().unwrap_or_default();
        let is_other = |volume: &Json| volumes.iter().all(|claimed| claimed["name"] != volume["name"]);
        let mut all: Vec<Json> = own.into_iter().filter(is_other).collect();
        all.extend(volumes.iter().cloned());
        if !all.is_empty() {
            pod["spec"]["volumes"] = all.into();
        }
        create(work, self.set, SOURCE, pod).map(drop)
    }

    fn status(&self, work: &mut Work<'_, '_>) -> Json {
        let all = self.pods(work);
        let pods: Vec<(&Named, &Pod)> = all.iter().map(|(_, named, pod)| (*named, *pod)).collect();
        let of = |revision: &str| {
            pods.iter().filter(|(_, pod)| pod.labels.get(REVISION).is_some_and(|own| own == revision)).count()
        };
        let seconds = self.set["spec"]["minReadySeconds"].as_u64().unwrap_or_default();
        let ready = pods.iter().filter(|(_, pod)| pod.is_ready && !pod.is_ending).count();
        let updated = of(&self.revision.name);
        // The new revision is the current one as soon as all pods have it.
        let is_done = updated == pods.len() && ready == pods.len() && pods.len() as u64 == self.wanted();
        let current = if is_done { &self.revision.name } else { &self.old };
        let mut status = json!({
            "observedGeneration": self.set["metadata"]["generation"], "replicas": pods.len(),
            "availableReplicas": available(work, &pods, seconds), "currentRevision": current,
            "updateRevision": self.revision.name, "collisionCount": 0,
        });
        for (member, count) in
            [("readyReplicas", ready), ("currentReplicas", of(current)), ("updatedReplicas", updated)]
        {
            if count > 0 {
                status[member] = count.into();
            }
        }
        status
    }
}
